/** The domains page: wrappers in each domain, and what a load of objects asks of them. */
import type { AllocatorFactory, Domain, PyMemAllocatorEx } from "@pyrena/abi";
import type { Runtime } from "pyrena";
import { liveRuntime } from "../shared/runtime.ts";

/** Calls that came to one domain. */
export interface Calls {
  malloc: number;
  calloc: number;
  realloc: number;
  free: number;
  /** Bytes asked for in all of them. */
  bytes: number;
  /** Requests that were answered with NULL. */
  refused: number;
}

export const loads = [
  "1,000 floats",
  "a list that grows to 10,000",
  "a dict of 1,000",
  "100 strs of 1,000 letters",
  "200 instances",
] as const;
export type Load = (typeof loads)[number];

/** What a load came to. */
export interface LoadResult {
  /** By domain: RAW, MEM, OBJ. */
  readonly calls: readonly [Calls, Calls, Calls];
  /** The exception that ended it, if one did. */
  readonly error: string | undefined;
}

const names = ["raw", "mem", "obj"] as const;

/** A wrapper in each domain that counts, and passes on. */
function counting(calls: Calls): AllocatorFactory {
  const answer = (address: number): number => {
    if (address === 0) calls.refused++;
    return address;
  };
  return (next) => ({
    ctx: calls,
    malloc: (_, size) => {
      calls.malloc++;
      calls.bytes += size;
      return answer(next.malloc(next.ctx, size));
    },
    calloc: (_, nelem, elsize) => {
      calls.calloc++;
      calls.bytes += nelem * elsize;
      return answer(next.calloc(next.ctx, nelem, elsize));
    },
    realloc: (_, ptr, size) => {
      calls.realloc++;
      calls.bytes += size;
      return answer(next.realloc(next.ctx, ptr, size));
    },
    free: (_, ptr) => {
      calls.free++;
      next.free(next.ctx, ptr);
    },
    walker: next.walker,
  });
}

/** A wrapper whose one request, by its number from 1, fails. */
function failing(next: PyMemAllocatorEx, failAt: number): PyMemAllocatorEx {
  let asked = 0;
  const fails = (): boolean => ++asked === failAt;
  return {
    ctx: undefined,
    malloc: (_, size) => (fails() ? 0 : next.malloc(next.ctx, size)),
    calloc: (_, nelem, elsize) => (fails() ? 0 : next.calloc(next.ctx, nelem, elsize)),
    realloc: (_, ptr, size) => (fails() ? 0 : next.realloc(next.ctx, ptr, size)),
    free: (_, ptr) => next.free(next.ctx, ptr),
    walker: next.walker,
  };
}

/**
 * Run a load with a counting wrapper in each domain.
 * @param failAt let this request of the OBJ domain fail (from 1); 0: none
 */
export function runLoad(load: Load, failAt = 0, python = "3.13"): LoadResult {
  const calls = names.map(
    (): Calls => ({ malloc: 0, calloc: 0, realloc: 0, free: 0, bytes: 0, refused: 0 }),
  ) as [Calls, Calls, Calls];
  const runtime = liveRuntime({ python });
  const { domains } = runtime;
  let error: string | undefined;
  for (const domain of [0, 1, 2] as const satisfies readonly Domain[]) {
    const installed = domains.getAllocator(domain)!;
    const inner = domain === 2 && failAt > 0 ? failing(installed, failAt) : installed;
    runtime.setAllocator(
      domain,
      counting(calls[domain])(inner, { memory: runtime.memory, domain }),
    );
  }
  try {
    perform(runtime, load);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown);
  }
  return { calls, error };
}

function perform({ py }: Runtime, load: Load): void {
  py.scope(() => {
    switch (load) {
      case "1,000 floats":
        for (let n = 0; n < 1000; n++) py.float(n + 0.5);
        return;
      case "a list that grows to 10,000": {
        const list = py.list();
        for (let n = 0; n < 10_000; n++) list.append(null);
        return;
      }
      case "a dict of 1,000": {
        const dict = py.dict();
        for (let n = 0; n < 1000; n++) dict.set(n, null);
        return;
      }
      case "100 strs of 1,000 letters":
        for (let n = 0; n < 100; n++) py.str("x".repeat(1000));
        return;
      case "200 instances": {
        const Point = py.class("Point");
        for (let n = 0; n < 200; n++) {
          const point = Point.new() as unknown as { setAttr(name: string, value: unknown): void };
          point.setAttr("x", n);
        }
      }
    }
  });
}
