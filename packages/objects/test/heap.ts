/** A heap with every layer below objects, for tests. */
import {
  type AbiName,
  Domains,
  Heap,
  LinearMemory,
  type PyMemAllocatorEx,
  type PyObjectArenaAllocator,
  profileFor,
} from "@pyrena/abi";
import { createObjects, type Objects } from "@pyrena/objects";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";

/** Versions whose objects are built. */
export const versions = ["3.11", "3.12", "3.13", "3.14", "3.15"] as const;

/** A Python version whose objects are built. */
export type Version = (typeof versions)[number];

/** Both data models. */
export const abiNames: readonly AbiName[] = ["lp64", "ilp32"];

/** Every version on both data models, as rows for `describe.each`. */
export const everyProfile: readonly (readonly [Version, AbiName])[] = versions.flatMap((version) =>
  abiNames.map((abi) => [version, abi] as const),
);

/** What a test may want to put in between. */
export interface TestHeapOptions {
  readonly debug?: boolean;
  readonly maxBytes?: number;
  readonly hashSeed?: number;
  readonly wrapAllocator?: (inner: PyMemAllocatorEx) => PyMemAllocatorEx;
  readonly wrapArenas?: (inner: PyObjectArenaAllocator) => PyObjectArenaAllocator;
  readonly onUnraisable?: (report: { error: string; where: string }) => void;
}

/** Objects over pymalloc over raw. */
export function testObjects(version: string, abi: AbiName, options: TestHeapOptions = {}): Objects {
  const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: options.maxBytes ?? 1 << 28 });
  const heap = Heap.create(memory, profileFor(version, abi));
  const rawAllocator = createRawAllocator(heap);
  const arenaSource = createArenaSource(heap);
  const wrap = options.wrapAllocator ?? ((inner) => inner);
  const arenas = options.wrapArenas?.(arenaSource) ?? arenaSource;
  const raw = wrap(rawAllocator);
  const pymalloc = createPymalloc(heap, { raw: rawAllocator, arenas });
  const small = wrap(pymalloc);
  return createObjects(heap, {
    domains: new Domains(heap.abi, { raw, mem: small, obj: small }),
    arenas,
    walkers: [pymalloc.walker, rawAllocator.walker],
    debug: options.debug ?? false,
    hashSeed: options.hashSeed ?? 0,
    onUnraisable:
      options.onUnraisable ??
      ((report) => {
        throw new Error(`unraisable in ${report.where}: ${report.error}`);
      }),
  });
}
