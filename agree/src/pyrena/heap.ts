/** A heap with everything that objects stand on, made once for each profile and set back to its first state before each program. */
import { type CollectorFactory, Domains, Heap, LinearMemory, type Profile } from "@pyrena/abi";
import { generational, incremental } from "@pyrena/gc";
import { createObjects, type Objects } from "@pyrena/objects";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";

/** A report of an exception that nobody could be given. */
export interface UnraisableReport {
  readonly error: string;
  readonly where: string;
}

/** The collector that a version has. */
export function collectorOf(profile: Profile): CollectorFactory {
  return profile.gc.policy === "incremental" ? incremental() : generational();
}

/**
 * @param unraisable told of exceptions in finalizers and callbacks
 */
export function createHeap(
  profile: Profile,
  unraisable: (report: UnraisableReport) => void,
  collector: CollectorFactory = collectorOf(profile),
): Objects {
  const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 28 });
  const heap = Heap.create(memory, profile);
  const raw = createRawAllocator(heap);
  const arenas = createArenaSource(heap);
  const pymalloc = createPymalloc(heap, { raw, arenas });
  return createObjects(heap, {
    domains: new Domains(heap.abi, { raw, mem: pymalloc, obj: pymalloc }),
    arenas,
    walkers: [pymalloc.walker, raw.walker],
    onUnraisable: unraisable,
    collector,
  });
}
