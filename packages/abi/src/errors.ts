/**
 * The one table of errors: code, layer, meaning, what to do. Every error that Pyrena throws on purpose is a
 * {@link PyrenaError} with a code from here; docs and the CLI print the rest from this table.
 *
 * A request that cannot be met for want of memory is not an error: allocators return NULL, as in C.
 */

/** Code of an error: a key of {@link errorTable}. */
export type ErrorCode =
  | "bad-argument"
  | "memory-limit"
  | "not-a-heap"
  | "heap-version"
  | "directory-full"
  | "unknown-profile"
  | "unknown-domain"
  | "unknown-allocator"
  | "not-built-in"
  | "heap-corrupt"
  | "foreign-pointer"
  | "double-free"
  | "bad-block"
  | "bad-trace"
  | "law-broken"
  | "not-attached"
  | "dead-object"
  | "wrong-type"
  | "released-handle"
  | "bad-image"
  | "missing-definition"
  | "python-exception";

/** One row of the table. */
export interface ErrorEntry {
  /** The layer that throws it. */
  readonly layer: string;
  /** What has happened. */
  readonly meaning: string;
  /** What the reader can do about it. */
  readonly remedy: string;
}

/** Every error code. */
export const errorTable: { readonly [code in ErrorCode]: ErrorEntry } = {
  "bad-argument": {
    layer: "abi",
    meaning: "an argument has the wrong type or is out of range",
    remedy: "read the message: it names the argument, what came and what is valid",
  },
  "memory-limit": {
    layer: "abi",
    meaning: "a heap could not be set up because the memory is too small and cannot grow",
    remedy: "give the memory a larger size or maximum",
  },
  "not-a-heap": {
    layer: "abi",
    meaning: "the bytes do not start with a Pyrena heap header",
    remedy: "create a heap there first, or pass the address of its header",
  },
  "heap-version": {
    layer: "abi",
    meaning:
      "the heap was written by another version of the heap format, or needs a profile that is not known here",
    remedy: "use the version of Pyrena that wrote it, or pass the profile",
  },
  "directory-full": {
    layer: "abi",
    meaning: "the heap header has no room for another layer",
    remedy: "remove a layer that is not used any more",
  },
  "unknown-profile": {
    layer: "abi",
    meaning: "there is no profile of that Python version or ABI",
    remedy: "use one of the listed versions",
  },
  "unknown-domain": {
    layer: "abi",
    meaning: "there are three allocator domains: 0 RAW, 1 MEM, 2 OBJ",
    remedy: "pass RAW, MEM or OBJ",
  },
  "unknown-allocator": {
    layer: "abi",
    meaning: "PYTHONMALLOC (or --allocator) names no allocator",
    remedy: "use one of the listed names",
  },
  "not-built-in": {
    layer: "abi",
    meaning: "the allocator is known by name but this build has no implementation of it",
    remedy: "choose another allocator, or supply one",
  },
  "heap-corrupt": {
    layer: "any allocator",
    meaning:
      "verify() found an invariant broken: something wrote outside its block, or freed one twice",
    remedy: "run the same program with the debug hooks: they name the block",
  },
  "foreign-pointer": {
    layer: "any allocator",
    meaning: "the address was never handed out by this allocator",
    remedy: "free a block with the allocator that it came from",
  },
  "double-free": {
    layer: "any allocator",
    meaning: "the block has been freed already",
    remedy: "free each block once; the debug hooks show who does not",
  },
  "bad-block": {
    layer: "debug",
    meaning: "a debug block was damaged, freed twice or freed through the wrong domain",
    remedy: "read the dump: it names the bytes that are wrong",
  },
  "bad-trace": {
    layer: "trace",
    meaning: "the recording is not a valid trace",
    remedy: "record it again; the message gives byte offset and record number",
  },
  "law-broken": {
    layer: "conformance",
    meaning: "an implementation breaks a law of its contract",
    remedy: "the message names the law and what was observed",
  },
  "not-attached": {
    layer: "pyodide",
    meaning:
      "the interpreter cannot be attached to, or an allocator is not installed where it is expected",
    remedy: "read the message: it says what is missing and which versions work",
  },
  "dead-object": {
    layer: "objects",
    meaning: "a reference was released once too often, or the address is no object's",
    remedy: "release each reference that you own once; verify() tells whose count is wrong",
  },
  "wrong-type": {
    layer: "objects",
    meaning: "an object of one type was given to an operation of another",
    remedy: "check the object's type first",
  },
  "released-handle": {
    layer: "objects",
    meaning: "a handle was used after it had been released",
    remedy: "keep the handle until its last use, or make a new one",
  },
  "bad-image": {
    layer: "pyrena",
    meaning: "the bytes are no image of a heap, or one that is damaged",
    remedy: "save the heap again; the message says what is wrong with this image",
  },
  "missing-definition": {
    layer: "pyrena",
    meaning: "a saved heap refers to types, functions or JavaScript values that were not given",
    remedy: "pass those that the message names to restore, or open the image with inspect: true",
  },
  "python-exception": {
    layer: "objects",
    meaning: "an operation on objects raised a Python exception",
    remedy: "the message names its type and text",
  },
};

/** Numbers and names that belong to an error, for programs; the message says the same to people. */
export interface ErrorDetails {
  /** The address in question. */
  readonly address?: number;
  /** The size in question, in bytes. */
  readonly size?: number;
  /** Id of the broken invariant or law, such as `P3`. */
  readonly invariant?: string;
  /** Byte offset in a stream. */
  readonly offset?: number;
  /** Number of the record in a stream, from 0. */
  readonly record?: number;
  readonly cause?: unknown;
}

/** Every error that Pyrena throws on purpose. */
export class PyrenaError extends Error {
  override readonly name: string = "PyrenaError";
  readonly code: ErrorCode;
  readonly address: number | undefined;
  readonly size: number | undefined;
  readonly invariant: string | undefined;
  readonly offset: number | undefined;
  readonly record: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.address = details.address;
    this.size = details.size;
    this.invariant = details.invariant;
    this.offset = details.offset;
    this.record = details.record;
  }
}
