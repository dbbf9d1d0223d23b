/** What each of several workers does on a heap in shared memory. */
import { Heap, LinearMemory } from "@pyrena/abi";
import { attachRawAllocator } from "@pyrena/raw";

/** What a worker is given. */
export interface ShareJob {
  /** From 1: also the byte that it fills its blocks with. */
  readonly name: number;
  readonly memory: WebAssembly.Memory | SharedArrayBuffer;
  readonly maxBytes: number;
  readonly pairs: number;
}

/** What it says when it is done. */
export interface ShareReport {
  readonly name: number;
  readonly calls: number;
  /** Bytes that were not what it had written. */
  readonly damaged: number;
  readonly milliseconds: number;
}

/** Allocate and free on the shared heap, checking that nobody else writes into its blocks. */
export function work({ name, memory: shared, maxBytes, pairs }: ShareJob): ShareReport {
  const begin = performance.now();
  const memory = LinearMemory.over(shared, maxBytes);
  const raw = attachRawAllocator(Heap.attach(memory));
  const blocks: { readonly address: number; readonly size: number }[] = [];
  let damaged = 0;
  const release = ({ address, size }: (typeof blocks)[number]): void => {
    for (let n = 0; n < size; n++) if (memory.u8[address + n] !== name) damaged++;
    raw.free(raw.ctx, address);
  };
  for (let n = 0; n < pairs; n++) {
    const size = 1 + ((n * 37) % 700);
    const address = raw.malloc(raw.ctx, size);
    if (address === 0) throw new Error(`no room for ${size} bytes`);
    memory.u8.fill(name, address, address + size);
    blocks.push({ address, size });
    if (blocks.length > 100) release(blocks.splice((n * 7) % 100, 1)[0]!);
  }
  for (const block of blocks) release(block);
  return { name, calls: 2 * pairs, damaged, milliseconds: performance.now() - begin };
}
