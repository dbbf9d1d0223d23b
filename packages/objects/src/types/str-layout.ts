/** How a str lies in memory: drawn in str.ts, placed here. */
import { defineStruct, layoutOf, type StructDefinition } from "@pyrena/abi";
import type { Core } from "../core/core.ts";

type StrField =
  | "ob_refcnt"
  | "ob_type"
  | "length"
  | "hash"
  | "state"
  | "utf8_length"
  | "utf8"
  | "data_any";

/** `PyUnicodeObject` of 3.12 and later: a compact str ends before `data_any`, an ASCII one before `utf8_length`. */
export const strStruct: StructDefinition<StrField> = defineStruct("PyUnicodeObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  length: { type: "size", help: "code points" },
  hash: { type: "size", help: "-1: not computed" },
  state: { type: "u32", help: "interned 2 bits, kind 3, compact, ascii, ready or static" },
  utf8_length: { type: "size", help: "bytes of the UTF-8 copy" },
  utf8: { type: "ptr", help: "UTF-8 copy, or 0" },
  data_any: { type: "ptr", help: "characters of an instance of a subclass" },
});

/** The same in 3.11, which kept a copy of `wchar_t`, too. */
export const strStruct311: StructDefinition<StrField | "wstr" | "wstr_length"> = defineStruct(
  "PyUnicodeObject",
  {
    ob_refcnt: "size",
    ob_type: "ptr",
    length: { type: "size", help: "code points" },
    hash: { type: "size", help: "-1: not computed" },
    state: { type: "u32", help: "interned 2 bits, kind 3, compact, ascii, ready or static" },
    wstr: { type: "ptr", help: "copy in wchar_t, or 0" },
    utf8_length: { type: "size", help: "bytes of the UTF-8 copy" },
    utf8: { type: "ptr", help: "UTF-8 copy, or 0" },
    wstr_length: "size",
    data_any: { type: "ptr", help: "characters of an instance of a subclass" },
  },
);

/** Bits of the state that say whether and how a str is interned. */
export const INTERNED_MASK: number = 3;
export const MORTAL: number = 1;
export const IMMORTAL: number = 2;
export const IMMORTAL_STATIC: number = 3;
export const KIND_SHIFT: number = 2;
export const COMPACT: number = 1 << 5;
export const ASCII: number = 1 << 6;
/** 3.11: ready; 3.12+: statically allocated. */
export const BIT_7: number = 1 << 7;

/** Offsets in a str of one version and data model, in bytes; and its state bits. */
export interface StrOffsets {
  readonly length: number;
  readonly hash: number;
  readonly state: number;
  readonly utf8Length: number;
  readonly utf8: number;
  /** Pointer to the characters of an instance of a subclass; where those of a compact str begin. */
  readonly dataAny: number;
  /** Where the characters of an ASCII str begin. */
  readonly asciiData: number;
  /** 3.11 only, else 0. */
  readonly wstr: number;
  readonly wstrLength: number;
  /** `PyUnicodeObject`. */
  readonly bytes: number;
  /** State of a new ASCII str. */
  readonly asciiState: number;
  /** State bit of a str in static data (3.12+), else 0. */
  readonly staticBit: number;
  /** State bit of every str (3.11), else 0. */
  readonly readyBit: number;
}

/** The offsets of a core's version and data model. */
export function strOffsets({ facts, profile }: Core): StrOffsets {
  const { at, bytes } = layoutOf<StrField>(facts.hasWstr ? strStruct311 : strStruct, profile.abi);
  const at311 = layoutOf(strStruct311, profile.abi).at;
  const readyBit = facts.hasWstr ? BIT_7 : 0;
  return {
    length: at.length,
    hash: at.hash,
    state: at.state,
    utf8Length: at.utf8_length,
    utf8: at.utf8,
    dataAny: at.data_any,
    asciiData: at.utf8_length,
    wstr: facts.hasWstr ? at311.wstr : 0,
    wstrLength: facts.hasWstr ? at311.wstr_length : 0,
    bytes,
    asciiState: (1 << KIND_SHIFT) | COMPACT | ASCII | readyBit,
    staticBit: facts.hasWstr ? 0 : BIT_7,
    readyBit,
  };
}
