/**
 * The Pyrena trace format, version 1, as data. Readers and writers are driven by these tables.
 *
 * A trace is everything that a process asked of its memory manager, in order, and what it was given. It is a header
 * and a run of records:
 *
 *     "PYRTRACE"   8 bytes
 *     version      1 byte
 *     header       str: a JSON object, see TraceHeader
 *     record …     tag (1 byte), then the fields that the tag's operation has
 *
 * | type   | encoding                                                                                    |
 * |--------|---------------------------------------------------------------------------------------------|
 * | `uv`   | unsigned LEB128: 7 bits a byte, low bits first; at most 2^53 - 1, at most 8 bytes           |
 * | `addr` | the difference from the stream's previous `addr` field (the first: from 0), zigzag as `uv`  |
 * | `str`  | `uv` length in bytes, then UTF-8                                                            |
 *
 * Addresses are at most 48 bits; 0 as a result means that the request failed. The tag of an allocation record is
 * `operation | domain << 4`; the high half of every other tag is 0.
 */
import type { AbiName } from "@pyrena/abi";

/** The first eight bytes of every trace. */
export const TRACE_MAGIC = "PYRTRACE";

/** The version of the format that this package reads and writes. */
export const TRACE_VERSION = 1;

/** The largest number that a field can hold: 2^53 - 1. */
export const MAX_FIELD: number = Number.MAX_SAFE_INTEGER;

/** The most bytes that a `uv` takes. */
export const MAX_FIELD_BYTES = 8;

/** Addresses are below this. */
export const TRACE_ADDRESS_LIMIT: number = 2 ** 48;

/** The most fields that a record has (a frame: parent, file, function, line). */
export const FIELDS_PER_RECORD = 4;

/** Number of each operation: the low half of a tag. */
export const traceOps = {
  malloc: 1,
  calloc: 2,
  realloc: 3,
  free: 4,
  arenaAlloc: 5,
  arenaFree: 6,
  string: 7,
  frame: 8,
  site: 9,
  clock: 10,
  rss: 11,
  gcStart: 12,
  gcStop: 13,
  marker: 14,
  end: 15,
} as const;

/** Name of an operation. */
export type TraceOpName = keyof typeof traceOps;

/** How a field is written; see the top of this file. */
export type TraceFieldType = "uv" | "addr" | "str";

/** One field of a record. */
export interface TraceField {
  readonly name: string;
  readonly type: TraceFieldType;
  readonly help: string;
}

/** One kind of record. */
export interface RecordFormat {
  readonly op: number;
  readonly name: TraceOpName;
  /** Whether the high half of the tag holds the allocator domain. */
  readonly perDomain: boolean;
  readonly fields: readonly TraceField[];
  readonly help: string;
}

const uv = (name: string, help: string): TraceField => ({ name, type: "uv", help });
const addr = (name: string, help: string): TraceField => ({ name, type: "addr", help });

/** Every kind of record, in order of operation; `recordFormats[op - 1]` is that of `op`. */
export const recordFormats: readonly RecordFormat[] = [
  {
    op: traceOps.malloc,
    name: "malloc",
    perDomain: true,
    fields: [uv("size", "bytes, as asked for: 0 stays 0"), addr("result", "the block; 0: failed")],
    help: "malloc of a domain",
  },
  {
    op: traceOps.calloc,
    name: "calloc",
    perDomain: true,
    fields: [
      uv("nelem", "elements"),
      uv("elsize", "bytes of each"),
      addr("result", "the block; 0: failed"),
    ],
    help: "calloc of a domain",
  },
  {
    op: traceOps.realloc,
    name: "realloc",
    perDomain: true,
    fields: [
      addr("old", "the block until now; 0: this is a malloc"),
      uv("size", "bytes, as asked for"),
      addr("result", "the block from now on; 0: failed, and old is still live"),
    ],
    help: "realloc of a domain",
  },
  {
    op: traceOps.free,
    name: "free",
    perDomain: true,
    fields: [addr("ptr", "the block")],
    help: "free of a domain; free(NULL) is not recorded",
  },
  {
    op: traceOps.arenaAlloc,
    name: "arenaAlloc",
    perDomain: false,
    fields: [uv("size", "bytes"), addr("base", "what the arena allocator returned; 0: failed")],
    help: "the arena allocator was called; stands before the allocation that caused it",
  },
  {
    op: traceOps.arenaFree,
    name: "arenaFree",
    perDomain: false,
    fields: [addr("base", "the region"), uv("size", "bytes")],
    help: "a region was given back to the arena allocator",
  },
  {
    op: traceOps.string,
    name: "string",
    perDomain: false,
    fields: [{ name: "text", type: "str", help: "the text" }],
    help: "defines the next string id, from 0",
  },
  {
    op: traceOps.frame,
    name: "frame",
    perDomain: false,
    fields: [
      uv("parent", "id of the calling frame, plus 1; 0: none"),
      uv("file", "string id"),
      uv("function", "string id"),
      uv("line", "line number"),
    ],
    help: "defines the next frame id, from 0: a node of the call tree",
  },
  {
    op: traceOps.site,
    name: "site",
    perDomain: false,
    fields: [uv("frame", "frame id, plus 1; 0: unknown")],
    help: "where the following allocation records were made, until the next site",
  },
  {
    op: traceOps.clock,
    name: "clock",
    perDomain: false,
    fields: [uv("microseconds", "since the previous clock record")],
    help: "time has passed",
  },
  {
    op: traceOps.rss,
    name: "rss",
    perDomain: false,
    fields: [uv("bytes", "resident set size")],
    help: "resident set size of the process at this point",
  },
  {
    op: traceOps.gcStart,
    name: "gcStart",
    perDomain: false,
    fields: [uv("generation", "0, 1 or 2")],
    help: "a garbage collection begins",
  },
  {
    op: traceOps.gcStop,
    name: "gcStop",
    perDomain: false,
    fields: [
      uv("generation", "0, 1 or 2"),
      uv("collected", "objects"),
      uv("uncollectable", "objects"),
    ],
    help: "a garbage collection is done",
  },
  {
    op: traceOps.marker,
    name: "marker",
    perDomain: false,
    fields: [uv("label", "string id")],
    help: "a label that the program or the user set",
  },
  {
    op: traceOps.end,
    name: "end",
    perDomain: false,
    fields: [uv("records", "number of records before this one")],
    help: "the trace is complete; nothing follows",
  },
];

/** Geometry of the recorded process's pymalloc. Sizes are in bytes. */
export interface TracePymalloc {
  readonly alignment: number;
  readonly threshold: number;
  readonly arenaBytes: number;
  readonly poolBytes: number;
}

/** The JSON object at the start of a trace. Keys that are not known here are kept but not looked at. */
export interface TraceHeader {
  /** Version of the recorded interpreter, such as `3.13.0`. */
  readonly python: string;
  readonly abi: AbiName;
  readonly pointerBytes: number;
  /** Null where the process ran without pymalloc. */
  readonly pymalloc: TracePymalloc | null;
  readonly command: readonly string[];
  readonly platform: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** `start` if recording began before the first pymalloc allocation. */
  readonly from: "start" | "attached";
}

/** The tag of a record. */
export function tagOf(op: number, domain: number): number {
  return op | (domain << 4);
}

/** Number of the operation in a tag. */
export function opOf(tag: number): number {
  return tag & 0x0f;
}

/** Number of the domain in the tag of an allocation record. */
export function domainOf(tag: number): number {
  return tag >>> 4;
}
