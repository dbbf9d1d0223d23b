/** Objects of 3.14 with an incremental collector, for tests. */
import {
  type AbiName,
  type CollectorFactory,
  Domains,
  Heap,
  LinearMemory,
  profileFor,
} from "@pyrena/abi";
import { createObjects, type Objects } from "@pyrena/objects";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { type IncrementalCollector, incremental, isIncremental } from "../src/index.ts";

/** @param collector default: an incremental one that does not run by itself */
export function testObjects(
  python: string,
  abi: AbiName,
  collector: CollectorFactory = incremental({ enabled: false }),
): Objects {
  const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 27 });
  const heap = Heap.create(memory, profileFor(python, abi));
  const raw = createRawAllocator(heap);
  const arenas = createArenaSource(heap);
  const pymalloc = createPymalloc(heap, { raw, arenas });
  return createObjects(heap, {
    domains: new Domains(heap.abi, { raw, mem: pymalloc, obj: pymalloc }),
    arenas,
    walkers: [pymalloc.walker, raw.walker],
    collector,
    onUnraisable: ({ error, where }) => {
      throw new Error(`unraisable in ${where}: ${error}`);
    },
  });
}

/** The incremental collector of these objects. */
export function collectorOf(py: Objects): IncrementalCollector {
  const collector = py.gc.collector();
  if (!isIncremental(collector)) throw new Error(`the collector is ${collector.name}`);
  return collector;
}
