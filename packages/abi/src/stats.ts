/**
 * How a layer declares its statistics: once, where it counts them. Snapshots, text tables, JSON and docs derive from
 * the declarations.
 */

/** Unit of a statistic. */
export type StatUnit =
  | "bytes"
  | "blocks"
  | "pools"
  | "arenas"
  | "segments"
  | "calls"
  | "objects"
  | "collections";

/** What the number means over time: a level now, the highest level so far, or a total since the heap was made. */
export type StatKind = "current" | "peak" | "total";

/** One statistic of a layer. */
export interface StatDeclaration {
  /** camelCase, unique within the layer. */
  readonly name: string;
  readonly unit: StatUnit;
  readonly kind: StatKind;
  /** What is counted and when, in one sentence. */
  readonly help: string;
}

/** A layer that counts. */
export interface StatSource {
  /** Name of the layer, such as `pymalloc`. */
  readonly layer: string;
  readonly declarations: readonly StatDeclaration[];
  /** The value of `declarations[index]` now. */
  read(index: number): number;
}
