/** What is seen of a heap, whoever works on it: CPython, or a runtime of Pyrena's. */
import {
  type Domain,
  type HeapWalker,
  MEM,
  OBJ,
  type Profile,
  type PyMemAllocatorEx,
} from "@pyrena/abi";
import type { Installation, LivePython } from "@pyrena/pyodide";
import type { Runtime } from "pyrena";
import type { PythonModule } from "./python-module.ts";

/** Calls since the beginning. */
export interface Requests {
  readonly malloc: number;
  readonly calloc: number;
  readonly realloc: number;
  readonly free: number;
  /** Answered with NULL. */
  readonly failed: number;
}

/** One heap. */
export interface HeapSource {
  readonly profile: Profile;
  /** Bytes of the linear memory. */
  readonly memoryBytes: number;
  /** Bytes that the general-purpose allocator below everything holds. */
  readonly heapBytes: number;
  readonly walker: HeapWalker | undefined;
  /** Calls in a domain, MEM or OBJ. */
  requests(domain: Domain): Requests | undefined;
  /** Blocks that lie in no pool. */
  readonly large: { readonly liveBlocks: number; readonly liveBytes: number | undefined };
  /** Bytes in live blocks of pools, where they are counted as they come and go. */
  readonly liveBytes: number | undefined;
  /** Collections so far, where nobody tells of each of them. */
  readonly collections?: number | undefined;
}

/** Of a CPython. */
export function pythonSource(
  module: PythonModule,
  live: LivePython,
  installation: Installation | undefined,
): HeapSource {
  return {
    get profile() {
      return live.profile;
    },
    get memoryBytes() {
      live.memory.refresh();
      return live.memory.byteLength;
    },
    get heapBytes() {
      return module._malloc_footprint() >>> 0;
    },
    get walker() {
      return installation?.walker;
    },
    requests: (domain) => installation?.requests(domain),
    get large() {
      return installation?.large ?? { liveBlocks: 0, liveBytes: 0 };
    },
    get liveBytes() {
      return installation?.pymalloc?.liveBytes;
    },
  };
}

/** Of a runtime, whose allocators are wrapped to count the calls. */
export interface RuntimeSource extends HeapSource {
  /** Do something with the allocators as they were. */
  unwrapped<Result>(call: () => Result): Result;
}

/** @param allocated called after each allocation */
export function runtimeSource(runtime: Runtime, allocated: () => void): RuntimeSource {
  const domains: { domain: Domain; next: PyMemAllocatorEx; wrapped: PyMemAllocatorEx }[] = [];
  const counts = new Map<Domain, { -readonly [Name in keyof Requests]: number }>();
  for (const domain of [MEM, OBJ] as const) {
    const count = { malloc: 0, calloc: 0, realloc: 0, free: 0, failed: 0 };
    counts.set(domain, count);
    const next: PyMemAllocatorEx =
      domain === MEM ? runtime.domains.mem.allocator : runtime.domains.obj.allocator;
    const answered = (address: number): number => {
      if (address === 0) count.failed++;
      allocated();
      return address;
    };
    const wrapped: PyMemAllocatorEx = {
      ...next,
      malloc(ctx, size) {
        count.malloc++;
        return answered(next.malloc(ctx, size));
      },
      calloc(ctx, nelem, elsize) {
        count.calloc++;
        return answered(next.calloc(ctx, nelem, elsize));
      },
      realloc(ctx, address, size) {
        count.realloc++;
        return answered(next.realloc(ctx, address, size));
      },
      free(ctx, address) {
        count.free++;
        next.free(ctx, address);
      },
    };
    runtime.setAllocator(domain, wrapped);
    domains.push({ domain, next, wrapped });
  }
  return {
    unwrapped(call) {
      for (const { domain, next } of domains) runtime.setAllocator(domain, next);
      try {
        return call();
      } finally {
        for (const { domain, wrapped } of domains) runtime.setAllocator(domain, wrapped);
      }
    },
    profile: runtime.profile,
    get memoryBytes() {
      return runtime.memory.byteLength;
    },
    get heapBytes() {
      return runtime.memory.byteLength;
    },
    walker: runtime.pymalloc?.walker,
    requests: (domain) => counts.get(domain),
    get large() {
      let liveBlocks = 0;
      let liveBytes = 0;
      // Arenas are no blocks of anyone's.
      runtime.raw.walker?.walk({
        block: (_address, bytes, live) => {
          if (!live) return;
          liveBlocks++;
          liveBytes += bytes;
        },
      });
      return { liveBlocks, liveBytes };
    },
    liveBytes: undefined,
    get collections() {
      // A collector of the user's own need not count.
      if (runtime.collector.control === undefined) return 0;
      return runtime.gc.getStats().reduce((sum, one) => sum + one.collections, 0);
    },
  };
}
