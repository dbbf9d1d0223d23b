/** The figures of one object: what `--object ADDR --json` prints and the text is made of. */
import type { Address } from "@pyrena/abi";
import type { Explanation } from "@pyrena/gc";
import type { MemoryRegion } from "./contents.ts";
import type { Block, Pool } from "./locate.ts";

/** Version of {@link ObjectReport}; new keys alone do not change it. */
export const OBJECT_REPORT_VERSION = 1;

/** One end of a reference. */
export interface Neighbour {
  /** 0: held from outside, by what `how` says. */
  readonly address: Address;
  readonly type: string;
  /** How the reference is held: `[0]`, `['key']`, `.name`; "" where that is not known. */
  readonly how: string;
  readonly line: string;
}

/** Everything about one object. */
export interface ObjectReport {
  readonly schema: "pyrena-object";
  readonly version: typeof OBJECT_REPORT_VERSION;
  /** Version of this command. */
  readonly pyrena: string;
  /** The file as it was named. */
  readonly image: string;
  readonly address: Address;
  readonly type: { readonly name: string; readonly address: Address };
  /** A repr on one line, cut where it is too long. */
  readonly line: string;
  /** `sys.getsizeof`. */
  readonly bytes: number;
  /** Null for an immortal object. */
  readonly refcount: number | null;
  /** Whether the collector could track it, and whether it does. */
  readonly collectable: boolean;
  readonly tracked: boolean;
  /** Generation that it is in, 0 to 2; `"frozen"` after `gc.freeze`; null if it is not tracked. */
  readonly generation: number | "frozen" | null;
  /** Whether its finalizer has been called. */
  readonly finalized: boolean;
  /** Weak references to it. */
  readonly weakrefs: number;
  readonly region: MemoryRegion | null;
  readonly pool: Pool | null;
  /** Its own block; null for an object in static data. */
  readonly block: Block | null;
  readonly referents: readonly Neighbour[];
  readonly referrers: readonly Neighbour[];
  /** Whether it is built in: a type, None, a small number. */
  readonly isStatic: boolean;
  /** Why it lives, or why it is garbage, as `explain` of `@pyrena/gc` tells. */
  readonly why: Explanation;
}
