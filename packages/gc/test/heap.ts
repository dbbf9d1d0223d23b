/** A heap of Python objects with a collector, for tests. */
import {
  type AbiName,
  type CollectorFactory,
  Domains,
  Heap,
  LinearMemory,
  type PyMemAllocatorEx,
  profileFor,
} from "@pyrena/abi";
import { createObjects, type Objects } from "@pyrena/objects";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";

/** What a test may want to put in between. */
export interface HeapOptions {
  readonly wrap?: (inner: PyMemAllocatorEx) => PyMemAllocatorEx;
  readonly onUnraisable?: (report: { error: string; where: string }) => void;
  readonly stderr?: (text: string) => void;
}

/** Objects over pymalloc over raw, collected by whatever a test tries. */
export function collectedObjects(
  version: string,
  abi: AbiName,
  collector: CollectorFactory,
  options: HeapOptions = {},
): Objects {
  const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 29 });
  const heap = Heap.create(memory, profileFor(version, abi));
  const { wrap = (inner) => inner } = options;
  const rawAllocator = createRawAllocator(heap);
  const arenas = createArenaSource(heap);
  const pymalloc = createPymalloc(heap, { raw: rawAllocator, arenas });
  const [raw, small] = [wrap(rawAllocator), wrap(pymalloc)];
  return createObjects(heap, {
    domains: new Domains(heap.abi, { raw, mem: small, obj: small }),
    arenas,
    collector,
    walkers: [pymalloc.walker, rawAllocator.walker],
    ...(options.stderr === undefined ? {} : { stderr: options.stderr }),
    onUnraisable:
      options.onUnraisable ??
      ((report) => {
        throw new Error(`unraisable in ${report.where}: ${report.error}`);
      }),
  });
}

/** Make the program's own objects the only ones that collections see, as the recorded programs do. */
export function freezeRest(objects: Objects): void {
  const { gc } = objects;
  gc.disable();
  gc.collect(2);
  gc.freeze();
  gc.collect(2);
}
