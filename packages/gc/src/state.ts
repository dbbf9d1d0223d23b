/**
 * What a collector remembers, in linear memory: one block from its host, entered in the heap's directory. Both
 * collectors have this part; the incremental one has more.
 */
import {
  type Abi,
  type Address,
  type CollectorHost,
  defineStruct,
  type FieldSpec,
  layoutOf,
  NULL,
  PyrenaError,
  type StructLayout,
} from "@pyrena/abi";

import { ROOM_WORDS } from "./engine-numbers.ts";

/** Fields of every collector's state. */
export type StateField =
  | "lists"
  | "limit"
  | "counts"
  | "thresholds"
  | "enabled"
  | "collecting"
  | "pending"
  | "debug"
  | "long_lived_total"
  | "long_lived_pending"
  | "stats"
  | "candidates"
  | "durations"
  | "room";

/** PyGC_Heads in `lists`, by their place: where rings of objects begin. */
export const LISTS = {
  /** Generations, youngest first. */
  young: 0,
  middle: 1,
  old: 2,
  /** What `gc.freeze` set aside. */
  permanent: 3,
  /** The rest is empty between collections. */
  unreachable: 4,
  finalUnreachable: 5,
  finalizers: 6,
  weakrefs: 7,
  finalized: 8,
} as const;

const LIST_COUNT = 9;

/** A limit that no count exceeds. */
export const NEVER = 0xffff_ffff;

/** The fields, drawn. */
export const stateFields: { readonly [name in StateField]: FieldSpec } = {
  lists: { type: "ptr", count: 2 * LIST_COUNT, help: "PyGC_Heads at which lists begin" },
  limit: {
    type: "u32",
    help: "an automatic collection is due when the first count exceeds this: the first threshold, or 2^32 - 1",
  },
  counts: { type: "u32", count: 3, help: "as gc.get_count()" },
  thresholds: { type: "u32", count: 3, help: "as gc.get_threshold(); signed" },
  enabled: { type: "u32", help: "1: collections run by themselves" },
  collecting: { type: "u32", help: "1: a collection is under way" },
  pending: { type: "u32", help: "1: an automatic collection waits for the next poll" },
  debug: { type: "u32", help: "flags of gc.set_debug" },
  long_lived_total: { type: "u32", help: "objects that the last full collection left" },
  long_lived_pending: { type: "u32", help: "objects that came to the oldest generation since" },
  stats: {
    type: "u32",
    count: 9,
    help: "collections, collected, uncollectable of each generation",
  },
  candidates: { type: "f64", count: 3, help: "objects that were looked at, of each generation" },
  durations: { type: "f64", count: 3, help: "seconds that it took, of each generation" },
  room: { type: "u32", count: ROOM_WORDS, help: "for the passes in WebAssembly; means nothing" },
};

/** A state placed for a data model, with whatever fields a collector adds. */
export function stateLayout<Extra extends string = never>(
  abi: Abi,
  extra: { readonly [name in Extra]: FieldSpec } = {} as { readonly [name in Extra]: FieldSpec },
): StructLayout<StateField | Extra> {
  const fields = { ...stateFields, ...extra } as {
    readonly [name in StateField | Extra]: FieldSpec;
  };
  return layoutOf(defineStruct("CollectorState", fields), abi);
}

/**
 * Obtain a state, zeroed, and enter it in the heap's directory; or find the one that is there.
 * @returns its address, and whether it is new
 * @throws PyrenaError `memory-limit`, `directory-full`, `heap-version`
 */
export function openState(
  host: CollectorHost,
  tag: string,
  version: number,
  bytes: number,
): { readonly state: Address; readonly isNew: boolean } {
  const { heap, raw } = host;
  if (!host.fresh && heap.layers().some((layer) => layer.tag === tag)) {
    return { state: heap.layer(tag, version).address, isNew: false };
  }
  const state = raw.calloc(1, bytes);
  if (state === NULL) {
    throw new PyrenaError("memory-limit", `no room for the collector's state (${bytes} bytes)`, {
      size: bytes,
    });
  }
  try {
    heap.register(tag, state, bytes, version);
  } catch (error) {
    raw.free(state);
    throw error;
  }
  return { state, isNew: true };
}
