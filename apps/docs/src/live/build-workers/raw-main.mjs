/** Four workers allocate and free on one heap, at the same time. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Heap, LinearMemory, profileFor } from "@pyrena/abi";
import { createRawAllocator } from "@pyrena/raw";

const maxBytes = 2 ** 28;
const memory = LinearMemory.create({ backing: "wasm-shared", bytes: 2 ** 20, maxBytes });
const heap = Heap.create(memory, profileFor("3.13", "lp64"));
const raw = createRawAllocator(heap);

const url = new URL("raw-worker.mjs", import.meta.url);
const reports = await Promise.all(
  [1, 2, 3, 4].map(async (name) => {
    const workerData = { name, maxBytes, memory: memory.transferable };
    const [report] = await once(new Worker(url, { workerData }), "message");
    return report;
  }),
);

memory.refresh(); // a worker may have made it larger
raw.walker.verify();
const decoder = new TextDecoder();
for (const { name, calls, damaged, address, bytes } of reports) {
  const text = decoder.decode(memory.u8.slice(address, address + bytes));
  console.log(`worker ${name}: ${calls} calls, ${damaged} blocks damaged, left "${text}"`);
  raw.free(raw.ctx, address); // made there, freed here
}
raw.walker.verify();
