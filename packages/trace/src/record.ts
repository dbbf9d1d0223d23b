/** Records as objects, for people. Programs in a hurry read batches instead. */
import type { Domain } from "@pyrena/abi";
import type { TraceBatch } from "./batch.ts";
import { domainOf, FIELDS_PER_RECORD, opOf, traceOps } from "./format.ts";

/** What every record has. */
interface Numbered<Kind extends string> {
  readonly kind: Kind;
  /** Number in the stream, from 0. */
  readonly number: number;
}

/** One record; the fields are those of `recordFormats`. Sizes are in bytes; a result of 0 is a failed request. */
export type TraceRecord =
  | (Numbered<"malloc"> & {
      readonly domain: Domain;
      readonly size: number;
      readonly result: number;
    })
  | (Numbered<"calloc"> & {
      readonly domain: Domain;
      readonly nelem: number;
      readonly elsize: number;
      readonly result: number;
    })
  | (Numbered<"realloc"> & {
      readonly domain: Domain;
      readonly old: number;
      readonly size: number;
      readonly result: number;
    })
  | (Numbered<"free"> & { readonly domain: Domain; readonly ptr: number })
  | (Numbered<"arenaAlloc"> & { readonly size: number; readonly base: number })
  | (Numbered<"arenaFree"> & { readonly base: number; readonly size: number })
  | (Numbered<"string"> & { readonly id: number; readonly text: string })
  | (Numbered<"frame"> & {
      /** Id of the calling frame plus 1; 0 at a root. */
      readonly parent: number;
      readonly file: number;
      readonly function: number;
      readonly line: number;
    })
  | (Numbered<"site"> & {
      /** Frame id plus 1; 0: unknown. */
      readonly frame: number;
    })
  | (Numbered<"clock"> & { readonly microseconds: number })
  | (Numbered<"rss"> & { readonly bytes: number })
  | (Numbered<"gcStart"> & { readonly generation: number })
  | (Numbered<"gcStop"> & {
      readonly generation: number;
      readonly collected: number;
      readonly uncollectable: number;
    })
  | (Numbered<"marker"> & {
      /** String id. */
      readonly label: number;
    })
  | (Numbered<"end"> & { readonly records: number });

/** Record `index` of a batch as an object. */
export function recordAt(batch: TraceBatch, index: number): TraceRecord {
  const tag = batch.tags[index];
  const number = batch.firstRecord + index;
  const domain = domainOf(tag) as Domain;
  const at = index * FIELDS_PER_RECORD;
  const a = batch.fields[at];
  const b = batch.fields[at + 1];
  const c = batch.fields[at + 2];
  switch (opOf(tag)) {
    case traceOps.malloc:
      return { kind: "malloc", number, domain, size: a, result: b };
    case traceOps.calloc:
      return { kind: "calloc", number, domain, nelem: a, elsize: b, result: c };
    case traceOps.realloc:
      return { kind: "realloc", number, domain, old: a, size: b, result: c };
    case traceOps.free:
      return { kind: "free", number, domain, ptr: a };
    case traceOps.arenaAlloc:
      return { kind: "arenaAlloc", number, size: a, base: b };
    case traceOps.arenaFree:
      return { kind: "arenaFree", number, base: a, size: b };
    case traceOps.string:
      return { kind: "string", number, id: a, text: batch.text(a) };
    case traceOps.frame:
      return {
        kind: "frame",
        number,
        parent: a,
        file: b,
        function: c,
        line: batch.fields[at + 3],
      };
    case traceOps.site:
      return { kind: "site", number, frame: a };
    case traceOps.clock:
      return { kind: "clock", number, microseconds: a };
    case traceOps.rss:
      return { kind: "rss", number, bytes: a };
    case traceOps.gcStart:
      return { kind: "gcStart", number, generation: a };
    case traceOps.gcStop:
      return { kind: "gcStop", number, generation: a, collected: b, uncollectable: c };
    case traceOps.marker:
      return { kind: "marker", number, label: a };
    default:
      return { kind: "end", number, records: a };
  }
}
