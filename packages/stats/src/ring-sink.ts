/**
 * A ring buffer of events in linear memory: layers put events in as they happen, someone takes them out later, in the
 * same worker or another.
 *
 * Layout, the same in both ABIs:
 *
 *      0   4  capacity   entries in the ring, a power of two
 *      4   4  head       number of entries put in so far; wraps around
 *      8   4  tail       number of entries taken out so far; wraps around
 *     12   4  dropped    events that found the ring full; wraps around
 *     16  16  (reserved, 0)
 *     32  32  entry[0]:   0  4  turn   says whose turn it is, see below
 *                         4  4  kind
 *                         8  8  a      f64, since 4 GiB does not fit into 32 bits
 *                        16  8  b      f64
 *                        24  8  c      f64
 *     64  32  entry[1]
 *      …
 *
 * Several workers may put events in and take them out at once. Entry i is free for put number p (p mod capacity = i)
 * while its turn is p, and ready for taking while its turn is p + 1; the taker then sets it to p + capacity. Nobody
 * waits: an event that finds the ring full is counted and dropped, so a reader sees an unbroken run up to a gap whose
 * size it is told. (D. Vyukov's bounded queue.)
 */
import {
  type Address,
  type EventKind,
  type Heap,
  type LinearMemory,
  NULL,
  type PyMemAllocatorEx,
  PyrenaError,
  type StatsSink,
} from "@pyrena/abi";
import type { EventCallback } from "./sinks.ts";

/** Tag of the ring in the heap's directory. */
export const RING_TAG = "RING";
/** Version of the layout above. */
export const RING_VERSION = 1;

const HEAD_BYTES = 32;
const ENTRY_BYTES = 32;
const AT_HEAD = 1;
const AT_TAIL = 2;
const AT_DROPPED = 3;

/** Most entries that a ring may have. */
const CAPACITY_LIMIT: number = 2 ** 20;

/** A ring buffer of events: a sink, and the other end of it. */
export class RingSink implements StatsSink<RingSink> {
  readonly memory: LinearMemory;
  /** Address of the ring. */
  readonly address: Address;
  readonly capacity: number;
  readonly ctx: RingSink;
  readonly event: (ctx: RingSink, kind: EventKind, a: number, b: number, c: number) => void;

  /** Made by `createRingSink` and `attachRingSink`. */
  constructor(memory: LinearMemory, address: Address, capacity: number) {
    this.memory = memory;
    this.address = address;
    this.capacity = capacity;
    this.ctx = this;
    this.event = put;
  }

  /** Events that found the ring full, since it was made. */
  get dropped(): number {
    return Atomics.load(this.memory.i32, (this.address >>> 2) + AT_DROPPED) >>> 0;
  }

  /**
   * Take out what is there, oldest first. `receive` may use the heap: an event that it causes comes in a later call.
   * @returns how many events were taken
   */
  drain(receive: EventCallback): number {
    const head = this.address >>> 2;
    let taken = 0;
    // Not more than there are now, or a receiver that causes events would never see the end.
    for (let left = this.capacity; left > 0; left--) {
      const i32 = this.memory.i32;
      const number = Atomics.load(i32, head + AT_TAIL);
      const at = entryAt(this.address, number & (this.capacity - 1));
      if (Atomics.load(i32, at >>> 2) !== ((number + 1) | 0)) break;
      if (Atomics.compareExchange(i32, head + AT_TAIL, number, (number + 1) | 0) !== number) {
        // Another worker takes this one.
        continue;
      }
      const f64 = this.memory.f64;
      const kind = i32[(at + 4) >>> 2] as EventKind;
      const a = f64[(at + 8) >>> 3];
      const b = f64[(at + 16) >>> 3];
      const c = f64[(at + 24) >>> 3];
      Atomics.store(i32, at >>> 2, (number + this.capacity) | 0);
      taken++;
      receive(kind, a, b, c);
    }
    return taken;
  }
}

/** Where entry `index` lies. */
function entryAt(ring: Address, index: number): Address {
  return ring + HEAD_BYTES + index * ENTRY_BYTES;
}

function put(ring: RingSink, kind: EventKind, a: number, b: number, c: number): void {
  const { memory, address, capacity } = ring;
  const i32 = memory.i32;
  const head = address >>> 2;
  for (;;) {
    const number = Atomics.load(i32, head + AT_HEAD);
    const at = entryAt(address, number & (capacity - 1));
    const ahead = (Atomics.load(i32, at >>> 2) - number) | 0;
    if (ahead < 0) {
      // The entry of a turn ago is not taken yet: the ring is full.
      Atomics.add(i32, head + AT_DROPPED, 1);
      return;
    }
    // Another worker was quicker with this number: try the next.
    if (ahead > 0) continue;
    if (Atomics.compareExchange(i32, head + AT_HEAD, number, (number + 1) | 0) !== number) continue;
    const f64 = memory.f64;
    i32[(at + 4) >>> 2] = kind;
    f64[(at + 8) >>> 3] = a;
    f64[(at + 16) >>> 3] = b;
    f64[(at + 24) >>> 3] = c;
    Atomics.store(i32, at >>> 2, (number + 1) | 0);
    return;
  }
}

/**
 * A new ring, entered into the heap's directory.
 * @param raw where its memory comes from; not a layer that will tell this very ring what it does
 * @param capacity entries, rounded up to a power of two; 32 bytes each. Default 256
 * @throws PyrenaError `bad-argument` for a capacity that is not 1 … 2^20; `memory-limit` if there is no room;
 *   `directory-full`
 */
export function createRingSink(heap: Heap, raw: PyMemAllocatorEx, capacity = 256): RingSink {
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > CAPACITY_LIMIT) {
    throw new PyrenaError(
      "bad-argument",
      `createRingSink: capacity must be a whole number 1 … ${CAPACITY_LIMIT}, not ${capacity}`,
    );
  }
  // A ring of one entry could not tell "ready" from "free for the next turn".
  const entries = Math.max(2, 2 ** Math.ceil(Math.log2(capacity)));
  const bytes = HEAD_BYTES + entries * ENTRY_BYTES;
  const address = raw.calloc(raw.ctx, 1, bytes);
  if (address === NULL) {
    throw new PyrenaError("memory-limit", `createRingSink: no room for ${bytes} bytes`, {
      size: bytes,
    });
  }
  const i32 = heap.memory.i32;
  i32[address >>> 2] = entries;
  for (let index = 0; index < entries; index++) i32[entryAt(address, index) >>> 2] = index;
  try {
    heap.register(RING_TAG, address, bytes, RING_VERSION);
  } catch (error) {
    raw.free(raw.ctx, address);
    throw error;
  }
  return new RingSink(heap.memory, address, entries);
}

/**
 * The ring that a heap has already.
 * @throws PyrenaError `not-a-heap` if it has none, `heap-version` if its layout is another one
 */
export function attachRingSink(heap: Heap): RingSink {
  const { address } = heap.layer(RING_TAG, RING_VERSION);
  return new RingSink(heap.memory, address, heap.memory.i32[address >>> 2]);
}

/** Take a ring out of the heap and give its memory back. No layer may still have it as its sink. */
export function destroyRingSink(heap: Heap, raw: PyMemAllocatorEx, ring: RingSink): void {
  if (!heap.unregister(RING_TAG, ring.address)) {
    throw new PyrenaError("bad-argument", "destroyRingSink: the ring is not one of this heap", {
      address: ring.address,
    });
  }
  raw.free(raw.ctx, ring.address);
}
