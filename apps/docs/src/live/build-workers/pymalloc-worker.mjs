import { parentPort, workerData } from "node:worker_threads";
import { Heap, LinearMemory } from "@pyrena/abi";
import { attachPymalloc } from "@pyrena/pymalloc";
import { attachArenaSource, attachRawAllocator } from "@pyrena/raw";
import { makeGil } from "./gil.mjs";

const { name, maxBytes, memory: shared } = workerData;
const memory = LinearMemory.over(shared, maxBytes);
const heap = Heap.attach(memory);
const holding = makeGil(memory, heap.layer("LOCK", 1).address);
const { ctx, malloc, free } = holding(() =>
  attachPymalloc(heap, { raw: attachRawAllocator(heap), arenas: attachArenaSource(heap) }),
);

const blocks = [];
let turns = 0;
for (; turns < 200; turns++) {
  holding(() => {
    // As long as we hold it, the heap is ours.
    for (let n = 0; n < 100; n++) blocks.push(malloc(ctx, 1 + ((turns + n * 13) % 512)));
    for (const block of blocks.splice(0, 50)) free(ctx, block);
  });
}
holding(() => {
  for (const block of blocks) free(ctx, block);
});
parentPort.postMessage(`worker ${name}: ${turns} turns, ${blocks.length} blocks at the end`);
