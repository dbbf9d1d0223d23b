/** str, bytes, bytearray. */
import type { Address } from "@pyrena/abi";

/** `PyUnicodeObject`: compact ASCII, or compact with 1, 2 or 4 bytes a character. */
export interface StrApi {
  readonly type: Address;
  readonly empty: Address;
  /** A str from a JavaScript string (lone surrogates are kept as code points). New reference. */
  from(this: void, text: string): Address;
  /**
   * A str from `size` bytes of UTF-8 in linear memory, which are copied. `PyUnicode_FromStringAndSize`. New reference,
   * or NULL with UnicodeDecodeError pending, which names the first bytes that are no character.
   */
  fromUtf8(this: void, address: Address, size: number): Address;
  /** A str from `size` bytes of Latin-1, a character each. `PyUnicode_DecodeLatin1`. New reference. */
  fromLatin1(this: void, address: Address, size: number): Address;
  /** An interned str, new reference: the same object for the same text. `PyUnicode_InternFromString`. */
  interned(this: void, text: string): Address;
  /** `sys.intern`: steals the reference, returns the canonical object as a new one. */
  intern(this: void, object: Address): Address;
  isInterned(this: void, object: Address): boolean;
  /**
   * References to an interned str that its count leaves out: the two that the dict of interned strs has to a mortal
   * one. What was mortal first and then asked for with `name` is held by the runtime: one (3.11).
   */
  uncounted(this: void, object: Address): number;
  /** An immortal interned str for names the runtime itself uses: borrowed. */
  name(this: void, text: string): Address;
  /**
   * The one str of static data that takes on any short ASCII text, its hash computed: to search a table without making
   * an object. Good until the next call; neither to be kept nor to be handed to code of users. NULL: does not fit.
   */
  probe(this: void, text: string): Address;
  value(this: void, object: Address): string;
  /** Number of code points. */
  length(this: void, object: Address): number;
  /** Whether two exact strs have the same text (no call-backs). */
  same(this: void, a: Address, b: Address): boolean;
  check(this: void, object: Address): boolean;
  /** `s[i]`, new reference. */
  at(this: void, object: Address, index: number): Address;
  /** `s[start:stop:step]` with indices already clipped (`slice.indices`), new reference. */
  slice(this: void, object: Address, start: number, step: number, count: number): Address;
  /** `a + b`, new reference. */
  concat(this: void, a: Address, b: Address): Address;
  /** `a += b` as CPython does it for a local that holds the only reference: steals `a`, may resize it in place. */
  append(this: void, a: Address, b: Address): Address;
  /** `s * n`, new reference. */
  repeat(this: void, object: Address, times: number): Address;
}

/** `PyBytesObject`. */
export interface BytesApi {
  readonly type: Address;
  readonly empty: Address;
  /** New reference; the bytes are copied. */
  from(this: void, bytes: Uint8Array): Address;
  /** A new object of so many bytes that the caller writes at once; never a shared one. */
  create(this: void, length: number): Address;
  /** A copy. */
  value(this: void, object: Address): Uint8Array;
  /** Address of the first byte. */
  data(this: void, object: Address): Address;
  length(this: void, object: Address): number;
  check(this: void, object: Address): boolean;
  slice(this: void, object: Address, start: number, step: number, count: number): Address;
  concat(this: void, a: Address, b: Address): Address;
  repeat(this: void, object: Address, times: number): Address;
}

/** `PyByteArrayObject`: its buffer comes from the OBJ domain as CPython takes it. */
export interface ByteArrayApi {
  readonly type: Address;
  from(this: void, bytes: Uint8Array): Address;
  value(this: void, object: Address): Uint8Array;
  /** Address of the first byte in use; 0 if there has never been one. */
  data(this: void, object: Address): Address;
  length(this: void, object: Address): number;
  check(this: void, object: Address): boolean;
  /** 0, or -1 with an exception pending. */
  resize(this: void, object: Address, length: number): number;
  append(this: void, object: Address, byte: number): number;
  extend(this: void, object: Address, bytes: Uint8Array): number;
  getItem(this: void, object: Address, index: number): number;
  setItem(this: void, object: Address, index: number, byte: number): number;
  deleteSlice(this: void, object: Address, start: number, stop: number): number;
}
