/** Objects with handles and the collector that their version has, for tests. */
import {
  type AbiName,
  type CollectorFactory,
  Domains,
  Heap,
  LinearMemory,
  type PyMemAllocatorEx,
  profileFor,
} from "@pyrena/abi";
import {
  attachPython,
  createPython,
  type Objects,
  type Python,
  type PythonOptions,
} from "@pyrena/objects";
import { attachPymalloc, createPymalloc } from "@pyrena/pymalloc";
import {
  attachArenaSource,
  attachRawAllocator,
  createArenaSource,
  createRawAllocator,
} from "@pyrena/raw";
import { generational, incremental } from "../src/index.ts";

/** Versions whose collectors are built. */
export const versions = ["3.11", "3.12", "3.13", "3.14", "3.15"] as const;

/** Every version on both data models, as rows for `describe.each`. */
export const everyProfile: readonly (readonly [string, AbiName])[] = versions.flatMap((version) =>
  (["lp64", "ilp32"] as const).map((abi) => [version, abi] as const),
);

/** What is told to nobody else. */
export interface Told {
  /** `error` of each unraisable exception, and where it was. */
  readonly unraisable: string[];
  /** What debug flags have written. */
  readonly text: string[];
}

/** A heap with handles over it. */
export interface World extends Told {
  readonly py: Python;
  readonly core: Objects;
}

/** What a test may want to be otherwise. */
export interface WorldOptions {
  readonly collector?: CollectorFactory;
  readonly wrapAllocator?: (inner: PyMemAllocatorEx) => PyMemAllocatorEx;
}

/** The collector of a version, which does not run by itself. */
export function collectorFor(python: string, enabled = false): CollectorFactory {
  return python === "3.14" ? incremental({ enabled }) : generational({ enabled });
}

/** A new heap. */
export function world(python: string, abi: AbiName, options: WorldOptions = {}): World {
  const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 28 });
  const heap = Heap.create(memory, profileFor(python, abi));
  const rawAllocator = createRawAllocator(heap);
  const arenas = createArenaSource(heap);
  const pymalloc = createPymalloc(heap, { raw: rawAllocator, arenas });
  const wrap = options.wrapAllocator ?? ((inner) => inner);
  const small = wrap(pymalloc);
  const told: Told = { unraisable: [], text: [] };
  const py = createPython(heap, {
    ...telling(told),
    domains: new Domains(heap.abi, { raw: wrap(rawAllocator), mem: small, obj: small }),
    arenas,
    walkers: [pymalloc.walker, rawAllocator.walker],
    collector: options.collector ?? collectorFor(python),
  });
  return { py, core: py.core, ...told };
}

/** The same heap, copied and opened again. */
export function reopened(
  from: World,
  python: string,
  collector: CollectorFactory = collectorFor(python),
): World {
  const memory = LinearMemory.over(from.core.memory.u8.slice().buffer as ArrayBuffer);
  const heap = Heap.attach(memory);
  const raw = attachRawAllocator(heap);
  const arenas = attachArenaSource(heap);
  const pymalloc = attachPymalloc(heap, { raw, arenas });
  const told: Told = { unraisable: [], text: [] };
  const py = attachPython(heap, {
    ...telling(told),
    domains: new Domains(heap.abi, { raw, mem: pymalloc, obj: pymalloc }),
    arenas,
    walkers: [pymalloc.walker, raw.walker],
    collector,
  });
  return { py, core: py.core, ...told };
}

function telling(told: Told): Pick<PythonOptions, "onUnraisable" | "stderr" | "onLost"> {
  return {
    onUnraisable: ({ error, where }) => void told.unraisable.push(`${where}: ${error}`),
    stderr: (text) => void told.text.push(text),
    // Tests let heaps go with all that is in them.
    onLost: () => {},
  };
}
