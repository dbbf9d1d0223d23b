/** The values that programs spell out: those at the edges of caches, digits, character widths and sizes, and a few more. */
import type { Expression } from "../program.ts";

/** Inside and outside of the cache of small ints. */
export const INTS: readonly string[] = [
  "0",
  "1",
  "2",
  "3",
  "-1",
  "-5",
  "-6",
  "7",
  "255",
  "256",
  "257",
  "1024",
  "1025",
];
/** Of one digit, of two, and of many. */
export const BIG_INTS: readonly string[] = [
  "1073741823",
  "1073741824",
  "-1073741824",
  "4294967296",
  "-9223372036854775808",
  "1152921504606846976",
  "123456789012345678901234567890",
  "-1267650600228229401496703205376",
];
export const FLOATS: readonly string[] = [
  "0.5",
  "1.5",
  "-2.25",
  "3",
  "-0",
  "1e+300",
  "0.1",
  "Infinity",
  "1e-7",
];
/** Of one, two and four bytes a character; single characters of Latin-1 are made once and for all. */
export const STRINGS: readonly string[] = [
  "",
  "u",
  "v",
  "key",
  "hello world",
  "é",
  "éé",
  "naïve",
  "€",
  "€uro",
  "😀",
  "a😀b",
  "x".repeat(31),
  "ab".repeat(40),
];
export const BYTES: readonly string[] = ["", "a", "abc", "\x00\xff", "y".repeat(20), "\x80"];

/** `None` */
export const NONE: Expression = { e: "none" };

/** A small int. */
export function int(v: number): Expression {
  return { e: "int", v: String(v) };
}

/** The variable as an expression. */
export function variable(v: string): Expression {
  return { e: "var", v };
}
