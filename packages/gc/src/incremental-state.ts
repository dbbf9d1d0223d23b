/** What the incremental collector remembers beside the state that both collectors have. */
import type { FieldSpec } from "@pyrena/abi";

/** Tag of the state in the heap's directory. */
export const TAG = "GCIN";
export const VERSION = 1;

/** Whether the next increment marks, or collects: `phase`. */
export const MARK = 0;
export const COLLECT = 1;

/** PyGC_Heads in `more_lists`, by their place; both are empty between collections. */
export const MORE_LISTS = { increment: 0, survivors: 1 } as const;

/** Fields of the incremental collector alone. */
export type IncrementalField =
  | "more_lists"
  | "visited_space"
  | "phase"
  | "work_to_do"
  | "heap_size"
  | "besides";

/** They follow those of `stateFields`, of which `counts` are those of young, old[0], old[1]. */
export const incrementalFields: { readonly [name in IncrementalField]: FieldSpec } = {
  more_lists: { type: "ptr", count: 4, help: "PyGC_Heads at which more lists begin" },
  visited_space: { type: "u32", help: "old[this]: visited in this cycle; old[1 - this]: pending" },
  phase: { type: "u32", help: "0: the next increment marks; 1: it collects" },
  work_to_do: { type: "i32", help: "objects to look at; less than 0: done in advance" },
  heap_size: { type: "i32", help: "objects that are tracked, and `besides`" },
  besides: { type: "i32", help: "objects that count as tracked and are not on any list" },
};
