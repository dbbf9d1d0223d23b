import { parentPort, workerData } from "node:worker_threads";
import { Heap, LinearMemory } from "@pyrena/abi";
import { attachRawAllocator } from "@pyrena/raw";

const { name, maxBytes, memory: shared } = workerData;
const memory = LinearMemory.over(shared, maxBytes);
const raw = attachRawAllocator(Heap.attach(memory));

const CALLS = 20_000;
const blocks = []; // { address, size }, each filled with this worker's number
let damaged = 0;

function release({ address, size }) {
  for (let n = 0; n < size; n++) if (memory.u8[address + n] !== name) damaged++;
  raw.free(raw.ctx, address);
}

for (let n = 0; n < CALLS / 2; n++) {
  const size = 1 + ((n * 37) % 700);
  const address = raw.malloc(raw.ctx, size);
  memory.u8.fill(name, address, address + size); // memory.u8, each time: it may be a new view
  blocks.push({ address, size });
  if (blocks.length > 100) release(blocks.splice((n * 7) % 100, 1)[0]);
}
for (const block of blocks) release(block);

const text = new TextEncoder().encode(`greetings from ${name}`);
const address = raw.malloc(raw.ctx, text.length);
memory.u8.set(text, address);
parentPort.postMessage({ name, calls: CALLS, damaged, address, bytes: text.length });
