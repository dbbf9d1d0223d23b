/** The hooks are an allocator like any other: they obey the laws, over every allocator, in both ABIs. */
import type { AbiName } from "@pyrena/abi";
import {
  type AllocatorSubject,
  allocatorLaws,
  everyFailure,
  type HeapWalkerSubject,
  heapWalkerLaws,
  plainAllocator,
  randomProgram,
  runProgram,
  statsLaws,
  tinyHeap,
} from "@pyrena/conformance";
import {
  attachCounter,
  type Counter,
  createCounter,
  createDebugHooks,
  createFaultInjector,
  type FaultInjector,
} from "@pyrena/debug";
import { describe, expect, it } from "vitest";
import { stack, stackNames } from "./stacks.ts";

const abis: readonly AbiName[] = ["lp64", "ilp32"];
const matrix = stackNames.flatMap((name) =>
  abis.flatMap((abi) => [false, true].map((serial) => [name, abi, serial] as const)),
);

describe.each(matrix)("hooks over %s on %s, serial numbers %s", (name, abi, serial) => {
  const subject = (): AllocatorSubject & HeapWalkerSubject => {
    const { heap, hooks, attach, ownsRequest } = stack(name, abi, serial);
    return { allocator: hooks, memory: heap.memory, abi: heap.abi, attach, ownsRequest };
  };

  it.each(allocatorLaws)("obey $name", (law) => law.check(subject));
  it.each(heapWalkerLaws)("obey $name", (law) => law.check(subject));
});

describe.each(abis)("hooks in hooks on %s", (abi) => {
  const subject = (): AllocatorSubject => {
    const { heap, hooks } = stack("raw", abi);
    const options = { memory: heap.memory, abi: heap.abi, domain: 2 } as const;
    return { allocator: createDebugHooks(hooks, options), memory: heap.memory, abi: heap.abi };
  };

  it.each(allocatorLaws)("obey $name", (law) => law.check(subject));
  it.each(heapWalkerLaws)("obey $name", (law) => law.check(subject));
});

describe.each(abis)("a counter over raw on %s", (abi) => {
  const make = () => {
    const { heap, next } = stack("raw", abi);
    const options = { memory: heap.memory, abi: heap.abi };
    const counter = createCounter(next, options);
    const attach = () => attachCounter(next, { ...options, state: counter.state });
    return { ...options, counter, attach };
  };

  it.each(allocatorLaws)("obeys $name", (law) => {
    law.check(() => {
      const { counter, ...rest } = make();
      return { allocator: counter, ...rest };
    });
  });

  it.each(statsLaws)("obeys $name", (law) => {
    law.check(() => {
      const { counter, ...rest } = make();
      const exercise = (round: number): void => {
        runProgram({ allocator: counter, ...rest }, randomProgram(round));
      };
      return { stats: counter.stats, exercise };
    });
  });

  it.each(allocatorLaws)("with a limit obeys $name", (law) => {
    law.check(() => {
      const { counter, memory, abi: model } = make();
      const allocator = createFaultInjector(counter, { limitBytes: 900_000 });
      return { allocator, memory, abi: model };
    });
  });
});

describe.each(abis)("with each request to the allocator below made to fail, on %s,", (abi) => {
  it("hooks, counter and limit stay intact and lose nothing", () => {
    const count = everyFailure((failure) => {
      const { memory, abi: model } = tinyHeap(abi);
      const plain = plainAllocator(memory, model);
      const options = { memory, abi: model, domain: 1 } as const;
      const failing = failure.allocator(plain);
      let limit: FaultInjector;
      let counter: Counter;
      try {
        counter = createCounter(failing, options);
        limit = createFaultInjector(counter, { limitBytes: 200_000 });
      } catch (error) {
        expect(error).toMatchObject({ code: "memory-limit" });
        expect(failure.n).toBe(plain.blocks.size);
        return;
      }
      const allocator = createDebugHooks(limit, options);
      const program = randomProgram(21, { length: 80 });
      const run = runProgram({ allocator, memory, abi: model }, program, { checkEvery: 1 });
      expect(run.refused).toBe(failure.happened ? 1 : 0);
      expect(counter.leaks()).toEqual([]);
      expect(plain.blocks.size).toBe(2);
    });
    expect(count).toBeGreaterThan(30);
  });
});
