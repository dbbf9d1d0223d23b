/** What an allocator must do: the laws of the contract, one by one, and then Python's objects on it. */
import {
  type AllocatorFactory,
  Heap,
  LinearMemory,
  OBJ,
  type PyMemAllocatorEx,
  profileFor,
} from "@pyrena/abi";
import { type AllocatorSubject, allocatorLaws } from "@pyrena/conformance";
import { createRawAllocator } from "@pyrena/raw";
import type { Check } from "../build-code/check.ts";
import { liveRuntime } from "../shared/runtime.ts";

/** Where the laws try an allocator: above the raw allocator, in a memory that is soon used up. */
function subject(factory: AllocatorFactory, maxBytes: number, reuses: boolean): AllocatorSubject {
  const memory = LinearMemory.create({ bytes: 1 << 18, maxBytes });
  const heap = Heap.create(memory, profileFor("3.13", "lp64"));
  const raw = createRawAllocator(heap);
  const allocator = factory(raw, { memory, domain: OBJ });
  return { allocator, memory, abi: heap.abi, reuses, verify: () => raw.walker!.verify() };
}

/** The laws A1 to A8, and random programs. An allocator that never reuses anything passes, too. */
export const lawChecks: readonly Check<AllocatorFactory>[] = allocatorLaws.map(
  ({ id, name, check }) => ({
    id,
    name,
    run: (factory) => check(() => subject(factory, 16 << 20, false)),
  }),
);

/** The half of A7 that a bump allocator is excused from. */
export const reuseCheck: Check<AllocatorFactory> = {
  id: "reuse",
  name: "Memory that was freed is used again",
  run: (factory) =>
    allocatorLaws.find(({ id }) => id === "A7")!.check(() => subject(factory, 4 << 20, true)),
};

/** Install it in a Python heap, for MEM and OBJ, above the raw allocator: as pymalloc is. */
export function installed(factory: AllocatorFactory): ReturnType<typeof liveRuntime> {
  let made: PyMemAllocatorEx | undefined;
  const step = (
    _: PyMemAllocatorEx,
    { raw, memory, domain }: { raw: PyMemAllocatorEx; memory: LinearMemory; domain: 0 | 1 | 2 },
  ): PyMemAllocatorEx => (made ??= factory(raw, { memory, domain }));
  return liveRuntime({ allocator: { mem: step, obj: step } });
}

/** Python's objects: made, kept, dropped, collected, and looked over. */
export const objectsCheck: Check<AllocatorFactory> = {
  id: "objects",
  name: "Python's objects live on it",
  run(factory) {
    const runtime = installed(factory);
    const { py, gc } = runtime;
    py.scope(() => {
      const Node = py.class("Node");
      const list = py.list();
      for (let n = 0; n < 3000; n++) {
        const node = Node.new() as unknown as { setAttr(name: string, value: unknown): void };
        node.setAttr("me", node);
        if (n % 3 === 0) list.append(node);
        list.append(`number ${n}`);
        list.append(n * 1_000_003);
      }
      const dict = py.dict();
      for (let n = 0; n < 1000; n++) dict.set(`key ${n}`, [n, n + 0.5]);
      for (let n = 0; n < 1000; n += 2) dict.delete(`key ${n}`);
      gc.collect();
      runtime.verify();
      const found = `${list.length} ${dict.size} ${list.get(1)} ${list.get(2)}`;
      if (found !== "7000 500 number 0 0") throw new Error(`the objects say: ${found}`);
    });
    gc.collect();
    runtime.verify();
  },
};

/** All of them, in the order in which they are best mended. */
export const allocatorChecks: readonly Check<AllocatorFactory>[] = [
  ...lawChecks,
  reuseCheck,
  objectsCheck,
];
