/** What is alive in a heap, found once and asked about by everything else here. */
import { type Address, FROZEN } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";

/** A named piece of the memory, as `inspect.regions()` shows it. */
export type MemoryRegion = ReturnType<Objects["inspect"]["regions"]>[number];

/** The living objects of one heap. Nothing of it may change while this is in use. */
export interface Contents {
  readonly objects: Objects;
  /** The whole memory, piece by piece. */
  readonly regions: readonly MemoryRegion[];
  /** Every living object, those in static data included, in order of address. */
  readonly all: readonly Address[];
  /** Generation of each object that the collector tracks; {@link FROZEN}: set aside for good. */
  readonly generations: ReadonlyMap<Address, number>;
  /** Whether an object lies in static data: built-in types, None, small numbers. */
  isStatic(this: void, object: Address): boolean;
}

/** Look at everything that lives. @throws PyrenaError `heap-corrupt` where a reference leads nowhere */
export function readContents(objects: Objects): Contents {
  const { inspect, gc } = objects;
  const collector = gc.collector();
  // A damaged list might have no end. Heaps with types that are not known here have not been checked as a whole.
  collector.verify(collector.ctx);
  const regions = inspect.regions();
  const fixed = regions.filter(({ name }) => name === "static data");
  const all: Address[] = [];
  inspect.each((object) => void all.push(object));
  const generations = new Map<Address, number>();
  collector.each(
    collector.ctx,
    (object, generation) => void generations.set(object, Math.min(generation, FROZEN)),
  );
  return {
    objects,
    regions,
    all: all.sort((a, b) => a - b),
    generations,
    isStatic: (object) => fixed.some(({ base, bytes }) => object >= base && object < base + bytes),
  };
}

/** Name of an object's type. */
export function typeName({ types }: Objects, object: Address): string {
  return types.name(types.typeOf(object));
}
