/** The log of a program, and the numbers that addresses have in it. */
import type { Address } from "@pyrena/abi";

/** What the log says of something. */
export type Told = string | number | boolean;

/** Lines of `what=value`. */
export class Log {
  lines: string[] = [];
  /** Whether it listens: what happens while nobody runs is nobody's business. */
  telling = false;
  /** Addresses whose identity was asked for, by kind, in the order in which they came up. */
  readonly #known: Map<string, Address[]> = new Map();

  /** Begins a program's. */
  begin(): void {
    this.lines = [];
    this.#known.clear();
    this.telling = true;
  }

  tell(tag: string, value: Told): void {
    if (!this.telling) return;
    const text = value === true ? "True" : value === false ? "False" : String(value);
    this.lines.push(`${tag}=${text}`);
  }

  /** How many lines there are. */
  get told(): number {
    return this.lines.length;
  }

  /** The address's number among those of its kind. */
  identity(kind: string, object: Address): number {
    let numbers = this.#known.get(kind);
    if (!numbers) this.#known.set(kind, (numbers = []));
    const at = numbers.indexOf(object);
    if (at >= 0) return at;
    numbers.push(object);
    return numbers.length - 1;
  }

  forgetIdentities(): void {
    for (const numbers of this.#known.values()) numbers.length = 0;
  }
}
