/**
 * A thread that allocates, resizes and frees as fast as it can on a heap that it shares with others, and checks all it
 * can: the contents of every block before it gives it up, and on a shadow of the memory that no two blocks overlap.
 * Some blocks change hands through a mailbox and are resized or freed by the other thread.
 *
 * A block holds its size and a seed, then bytes that follow from the seed.
 */
import { parentPort, workerData } from "node:worker_threads";
import { type Address, Heap, LinearMemory } from "@pyrena/abi";
import { attachArenaSource, attachRawAllocator } from "../../src/index.ts";

export interface HeapTask {
  readonly memory: WebAssembly.Memory | SharedArrayBuffer;
  readonly maxBytes: number;
  /** One byte for each 8 bytes of the memory: the thread whose block lies there. */
  readonly shadow: SharedArrayBuffer;
  /** Addresses of blocks on their way to whoever takes them. */
  readonly mailbox: SharedArrayBuffer;
  readonly thread: number;
  readonly rounds: number;
  /** Whether to use `dist` of the heap's arena source too. */
  readonly arenas: boolean;
}

/** What a thread has to say at its end. */
export interface HeapReport {
  readonly problems: readonly string[];
  /** Blocks that it still holds. */
  readonly blocks: readonly Address[];
  readonly calls: number;
  readonly refused: number;
}

const HEAD_BYTES = 8;
const MOST_BLOCKS = 400;

export class Checker {
  readonly memory: LinearMemory;
  readonly shadow: Uint8Array;
  readonly thread: number;
  readonly problems: string[] = [];

  constructor(memory: LinearMemory, shadow: SharedArrayBuffer, thread: number) {
    this.memory = memory;
    this.shadow = new Uint8Array(shadow);
    this.thread = thread;
  }

  /** Note a new block, fill it. */
  claim(address: Address, size: number, seed: number): void {
    for (let at = address >>> 3; at < (address + size + 7) >>> 3; at++) {
      const other = Atomics.exchange(this.shadow, at, this.thread);
      if (other !== 0) this.problem(`block ${address}+${size} overlaps one of thread ${other}`);
    }
    const { u8, u32 } = this.memory;
    u32[address >>> 2] = size;
    u32[(address >>> 2) + 1] = seed;
    for (let n = HEAD_BYTES; n < size; n++) u8[address + n] = seed + n;
  }

  /** Check the contents of a block, whoever wrote them; returns its size. */
  check(address: Address, upTo = Number.POSITIVE_INFINITY): number {
    const { u8, u32 } = this.memory;
    const size = u32[address >>> 2];
    const seed = u32[(address >>> 2) + 1];
    for (let n = HEAD_BYTES; n < Math.min(size, upTo); n++) {
      if (u8[address + n] !== ((seed + n) & 255)) {
        this.problem(`byte ${n} of block ${address}+${size} was overwritten`);
        break;
      }
    }
    return size;
  }

  /** Forget a block that is about to be given up. */
  drop(address: Address, size: number): void {
    for (let at = address >>> 3; at < (address + size + 7) >>> 3; at++) {
      if (Atomics.exchange(this.shadow, at, 0) === 0) {
        this.problem(`block ${address}+${size} was given up by somebody else as well`);
        break;
      }
    }
  }

  problem(text: string): void {
    if (this.problems.length < 10) this.problems.push(`thread ${this.thread}: ${text}`);
  }
}

function work(task: HeapTask): HeapReport {
  const memory = LinearMemory.over(task.memory, task.maxBytes);
  const heap = Heap.attach(memory);
  const raw = attachRawAllocator(heap);
  const arenas = attachArenaSource(heap);
  const { arenaBytes } = heap.profile.pymalloc;
  const checker = new Checker(memory, task.shadow, task.thread);
  const mailbox = new Uint32Array(task.mailbox);
  const blocks: Address[] = [];
  const regions: Address[] = [];
  let state = task.thread * 7919;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const size = (): number => {
    const kind = below(20);
    return HEAD_BYTES + (kind < 15 ? below(250) : kind < 19 ? below(3000) : below(100_000));
  };
  let calls = 0;
  let refused = 0;
  const hold = (address: Address, bytes: number): void => {
    calls++;
    if (address === 0) {
      refused++;
      return;
    }
    checker.claim(address, bytes, below(256));
    blocks.push(address);
  };
  const giveUp = (address: Address): void => {
    checker.drop(address, checker.check(address));
    raw.free(raw.ctx, address);
    calls++;
  };
  for (let round = 0; round < task.rounds; round++) {
    const kind = below(100);
    const index = below(blocks.length);
    const address = blocks[index];
    if (address === undefined || (kind < 40 && blocks.length < MOST_BLOCKS)) {
      const bytes = size();
      if (kind % 4 === 0) {
        const zeroed = raw.calloc(raw.ctx, 1, bytes);
        memory.refresh();
        if (zeroed !== 0 && memory.u8.subarray(zeroed, zeroed + bytes).some((byte) => byte !== 0)) {
          checker.problem(`calloc'd block ${zeroed}+${bytes} is not zero`);
        }
        hold(zeroed, bytes);
      } else {
        hold(raw.malloc(raw.ctx, bytes), bytes);
      }
    } else if (kind < 60) {
      const old = checker.check(address);
      const bytes = size();
      // Till realloc returns nobody else can have either range: the old one is still marked as ours.
      const claimed = old;
      const moved = resize(address, claimed, bytes);
      if (moved !== 0) blocks[index] = moved;
    } else if (kind < 70) {
      // Send this block away, take what the slot held before.
      const slot = below(mailbox.length);
      const received = Atomics.exchange(mailbox, slot, address);
      const last = blocks.pop();
      if (last !== undefined && index < blocks.length) blocks[index] = last;
      if (received !== 0) {
        // The other thread may have made the memory larger.
        memory.refresh();
        if (kind < 65) giveUp(received);
        else blocks.push(received);
      }
    } else if (kind === 99 && task.arenas) {
      const held = regions.length > 3 ? regions.pop() : undefined;
      if (held !== undefined) {
        if (memory.u32[held >>> 2] !== task.thread)
          checker.problem(`arena ${held} was overwritten`);
        arenas.free(arenas.ctx, held, arenaBytes);
      } else {
        const region = arenas.alloc(arenas.ctx, arenaBytes);
        if (region !== 0) {
          memory.u32.fill(task.thread, region >>> 2, (region + arenaBytes) >>> 2);
          regions.push(region);
        }
      }
    } else {
      const last = blocks.pop();
      if (last !== undefined && index < blocks.length) blocks[index] = last;
      giveUp(address);
    }
  }
  for (const region of regions) arenas.free(arenas.ctx, region, arenaBytes);
  return { problems: checker.problems, blocks, calls, refused };

  /** Resize a block; the shadow is cleared for it meanwhile, since it may move onto itself. */
  function resize(address: Address, old: number, bytes: number): Address {
    checker.drop(address, old);
    const moved = raw.realloc(raw.ctx, address, bytes);
    calls++;
    if (moved === 0) {
      refused++;
      checker.check(address);
      checker.claim(address, old, memory.u32[(address >>> 2) + 1]);
      return 0;
    }
    memory.refresh();
    checker.check(moved, Math.min(old, bytes));
    checker.claim(moved, bytes, below(256));
    return moved;
  }
}

if (parentPort !== null) parentPort.postMessage(work(workerData as HeapTask));
