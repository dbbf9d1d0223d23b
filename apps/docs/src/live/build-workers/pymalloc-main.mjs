/** Four workers use one pymalloc, in turns. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Heap, LinearMemory, profileFor } from "@pyrena/abi";
import { allocatedBlocks, createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";

const maxBytes = 2 ** 28;
const memory = LinearMemory.create({ backing: "wasm-shared", bytes: 2 ** 20, maxBytes });
const heap = Heap.create(memory, profileFor("3.13", "lp64"));
const raw = createRawAllocator(heap);
const pymalloc = createPymalloc(heap, { raw, arenas: createArenaSource(heap) });
heap.register("LOCK", raw.calloc(raw.ctx, 1, 16), 16, 1); // the directory says where it is

const url = new URL("pymalloc-worker.mjs", import.meta.url);
await Promise.all(
  [1, 2, 3, 4].map(async (name) => {
    const workerData = { name, maxBytes, memory: memory.transferable };
    const worker = new Worker(url, { workerData });
    worker.on("message", (text) => console.log(text));
    await once(worker, "exit");
  }),
);

memory.refresh();
pymalloc.walker.verify();
console.log(`${allocatedBlocks(pymalloc.ctx)} blocks are left`);
