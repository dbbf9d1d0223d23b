/** Objects over CPython's debug hooks: no byte beside a block is written, and each block goes back through its domain. */
import { Domains, Heap, LinearMemory, MEM, OBJ, profileFor, RAW } from "@pyrena/abi";
import { createDebugHooks } from "@pyrena/debug";
import { createObjects, type Handle, type ListHandle, Python } from "@pyrena/objects";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { describe, expect, it } from "vitest";
import { everyProfile } from "./heap.ts";

describe.each(everyProfile)("objects over the debug hooks in %s %s", (version, abi) => {
  it("keep to their blocks and domains, whatever is done with them", () => {
    const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 26 });
    const heap = Heap.create(memory, profileFor(version, abi));
    const raw = createRawAllocator(heap);
    const arenas = createArenaSource(heap);
    const pymalloc = createPymalloc(heap, { raw, arenas });
    const hook = (
      next: typeof raw | typeof pymalloc,
      domain: typeof RAW | typeof MEM | typeof OBJ,
    ) => createDebugHooks(next, { memory, abi: heap.abi, domain });
    const hooks = [hook(raw, RAW), hook(pymalloc, MEM), hook(pymalloc, OBJ)] as const;
    const core = createObjects(heap, {
      domains: new Domains(heap.abi, { raw: hooks[0], mem: hooks[1], obj: hooks[2] }),
      arenas,
    });
    const py = Python.over(core);
    py.scope(() => {
      const Node = py.class("Node", {
        __init__(self: Handle, n: number) {
          for (let i = 0; i < n; i++) self.setAttr(`a${i}`, [i + 0.5]);
        },
      });
      const list = py.list();
      for (let n = 0; n < 60; n++)
        list.append(Node.new(n), { [`k${n}`]: n }, "é".repeat(n), n ** 20);
      const dict = py.dict();
      const set = py.set();
      for (let n = 0; n < 300; n++) {
        dict.set(n % 3 === 0 ? `k${n}` : n * 1000, [n]);
        set.add(n * 7);
        if (n % 2 === 0) dict.delete(n % 3 === 0 ? `k${n}` : n * 1000);
      }
      const bytes = py.bytearray();
      for (let n = 0; n < 200; n++) bytes.append(n);
      py.deepcopy(list);
      (list.slice(10, 100) as ListHandle).reverse().assignSlice(3, 50, [1, 2]);
      for (let n = 0; n < 150; n++) list.pop();
      py.frame("f", ["x", "y"], (f) => f.set("x", list).set("y", f.local("x")));
    });
    py.verify({ blocks: false });
    // Every trailing pad of every block that is left.
    expect(hooks[0].walker).toBeDefined();
    hooks[0].walker?.verify();
  });
});
