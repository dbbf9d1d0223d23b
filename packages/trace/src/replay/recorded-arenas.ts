/**
 * The arena source of a replay: gives pymalloc, for each arena of the recording, a region of its own with the same
 * base modulo the pool size. That is all pymalloc's choices depend on, so its results can be told address by address,
 * although addresses here have 32 bits and recorded ones 48.
 *
 * Arena records stand before the allocation that caused them. They are held back until that allocation is replayed;
 * if pymalloc asks for an arena then, it gets the one recorded last, otherwise the records were of something else:
 * from 3.11 on the interpreter's data stack goes through the same hook, and its chunks can have any size.
 */
import {
  type Address,
  alignUp,
  type LinearMemory,
  NULL,
  type Profile,
  type PyObjectArenaAllocator,
} from "@pyrena/abi";

/** How far the heap may run ahead of the recording, or behind it, in giving arenas back. */
const FREES_APART = 16;

/** CPython's radix tree on 64 bits: a bottom node covers 2^34 bytes, a middle node 2^49. */
const BOTTOM_NODE_BYTES: number = 2 ** 34;
const MID_NODE_BYTES: number = 2 ** 49;

/** Arenas of a recording and their counterparts in the heap. */
export class RecordedArenas implements PyObjectArenaAllocator<RecordedArenas> {
  readonly ctx: RecordedArenas;
  readonly alloc: (ctx: RecordedArenas, size: number) => Address;
  readonly free: (ctx: RecordedArenas, base: Address, size: number) => void;

  /** Base of each of the heap's arenas, by slot. */
  readonly ownBase: number[] = [0];
  /** Base of the recorded counterpart, by slot; NaN if there is none, so that no address equals it. */
  readonly recordedBase: number[] = [Number.NaN];
  /** log2 of the pool size. */
  readonly poolShift: number;
  /** Slot of the arena that each pool-sized piece of the memory belongs to; 0: none. Replaced as it grows. */
  slots: Int32Array = new Int32Array(64);

  /** Arenas that pymalloc obtained. */
  obtained = 0;
  /** Arenas that pymalloc gave back. */
  given = 0;
  /** Bytes that it holds, and the most that it has held. */
  bytes = 0;
  peakBytes = 0;
  /** Arenas that pymalloc asked for where the recording has none. */
  unexpected = 0;

  readonly #inner: PyObjectArenaAllocator;
  readonly #poolBytes: number;
  readonly #arenaBytes: number;
  readonly #freeSlots: number[] = [];
  readonly #bottomNodes: Set<number> = new Set();
  readonly #midNodes: Set<number> = new Set();

  /** The last arena record, while it waits for its allocation. */
  #waits = false;
  #waitingSize = 0;
  #waitingBase = 0;
  /** Bases of the recording's live arenas, sorted: not more than the heap had room for. */
  readonly #claimed: number[] = [];
  /** Bases of live regions that no allocation claimed. */
  readonly #others: Set<number> = new Set();

  /** Bases given back by one side and not yet by the other, in order. */
  #freesAhead: number[] = [];
  #aheadIsOwn = true;
  #freesInOrder = true;

  /**
   * @param inner where the regions come from; must align them to pools
   */
  constructor(inner: PyObjectArenaAllocator, memory: LinearMemory, profile: Profile) {
    this.#inner = inner;
    this.#poolBytes = profile.pymalloc.poolBytes;
    this.#arenaBytes = profile.pymalloc.arenaBytes;
    this.poolShift = Math.log2(this.#poolBytes);
    this.#reach(memory.byteLength);
    this.ctx = this;
    this.alloc = claim;
    this.free = giveBack;
  }

  /** Whether an arena record is waiting for its allocation. */
  get waiting(): boolean {
    return this.#waits;
  }

  /** Whether both sides have given the same arenas back in the same order so far. */
  freedInOrder(cutOff: boolean): boolean {
    // A recording that breaks off may lack the record that belongs to its last free.
    const open = this.#freesAhead.length;
    return this.#freesInOrder && (open === 0 || (cutOff && open === 1 && this.#aheadIsOwn));
  }

  /** Inner nodes that CPython's radix tree has for the recorded arenas (3.10 and later, 64 bits). */
  arenaMapNodes(): { readonly mid: number; readonly bottom: number } {
    return { mid: this.#midNodes.size, bottom: this.#bottomNodes.size };
  }

  /** An arenaAlloc record. */
  recordedAlloc(size: number, base: number): void {
    // One allocation causes one arena at most: what stood before this record is something else.
    this.#dismiss();
    this.#waits = true;
    this.#waitingSize = size;
    this.#waitingBase = base;
  }

  /** An arenaFree record. */
  recordedFree(base: number): void {
    if (this.#others.delete(base)) return;
    const rank = this.#rank(base);
    // An arena from before the recording began.
    if (this.#claimed[rank] !== base) return;
    this.#claimed.splice(rank, 1);
    this.#given(base, false);
  }

  /**
   * The allocation that the waiting record stood before has been replayed. If it did not ask for it, it was no arena.
   * @param result recorded result of the allocation
   * @returns whether it was one after all, since the result lies in it: then the heap has gone another way
   */
  settle(result: number): boolean {
    const base = this.#waitingBase;
    const missed = this.#waits && result >= base && result < base + this.#waitingSize && base > 0;
    this.#dismiss();
    return missed;
  }

  #dismiss(): void {
    if (this.#waits && this.#waitingBase !== NULL) this.#others.add(this.#waitingBase);
    this.#waits = false;
  }

  /** Whether a recorded address lies in one of the recording's live arenas. */
  liesInArena(address: number): boolean {
    const rank = this.#rank(address + 1) - 1;
    return rank >= 0 && address < this.#claimed[rank] + this.#arenaBytes;
  }

  /** Whether an address of the heap lies in one of its arenas. */
  isInArena(own: Address): boolean {
    return this.slots[own >>> this.poolShift] > 0;
  }

  /** The recorded address that an address of the heap stands for; NaN if it is in none of its arenas. */
  recordedAddress(own: Address): number {
    const slot = this.slots[own >>> this.poolShift];
    return slot > 0 ? this.recordedBase[slot] + (own - this.ownBase[slot]) : Number.NaN;
  }

  /** Take the arena that is waiting, if it has this size; its base (0: it failed), or NaN if there is none. */
  take(size: number): number {
    if (!this.#waits || this.#waitingSize !== size) return Number.NaN;
    this.#waits = false;
    return this.#waitingBase;
  }

  /** A region of the heap with the same base modulo the pool size as `recorded`; NULL if there is no room. */
  place(recorded: number, size: number): Address {
    const offset = Number.isNaN(recorded) ? 0 : recorded % this.#poolBytes;
    const region = this.#inner.alloc(this.#inner.ctx, regionBytes(size, offset, this.#poolBytes));
    if (region === NULL) return NULL;
    const base = region + offset;
    const slot = this.#freeSlots.pop() ?? this.ownBase.length;
    this.ownBase[slot] = base;
    this.recordedBase[slot] = recorded;
    this.#reach(base + size);
    this.slots.fill(slot, base >>> this.poolShift, ((base + size - 1) >>> this.poolShift) + 1);
    this.obtained++;
    this.bytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.bytes);
    if (!Number.isNaN(recorded)) {
      const rank = this.#rank(recorded);
      if (this.#claimed[rank] !== recorded) this.#claimed.splice(rank, 0, recorded);
      this.#mark(recorded);
    }
    return base;
  }

  /** Give a region of the heap back. */
  release(base: Address, size: number): void {
    const slot = this.slots[base >>> this.poolShift];
    const recorded = this.recordedBase[slot];
    this.slots.fill(0, base >>> this.poolShift, ((base + size - 1) >>> this.poolShift) + 1);
    this.ownBase[slot] = 0;
    this.recordedBase[slot] = Number.NaN;
    this.#freeSlots.push(slot);
    this.given++;
    this.bytes -= size;
    const offset = base % this.#poolBytes;
    this.#inner.free(this.#inner.ctx, base - offset, regionBytes(size, offset, this.#poolBytes));
    this.#given(recorded, true);
  }

  /** Compare the order in which the two sides give arenas back. */
  #given(base: number, own: boolean): void {
    if (!this.#freesInOrder) return;
    const ahead = this.#freesAhead;
    if (ahead.length === 0 || this.#aheadIsOwn === own) {
      this.#aheadIsOwn = own;
      ahead.push(base);
      if (ahead.length > FREES_APART) this.#freesInOrder = false;
    } else if (ahead.shift() !== base) {
      this.#freesInOrder = false;
    }
    if (!this.#freesInOrder) ahead.length = 0;
  }

  /** CPython enters an arena that is not aligned to its size in two places. */
  #mark(base: number): void {
    for (const address of base % this.#arenaBytes === 0
      ? [base]
      : [base, base + this.#arenaBytes]) {
      this.#bottomNodes.add(Math.floor(address / BOTTOM_NODE_BYTES));
      this.#midNodes.add(Math.floor(address / MID_NODE_BYTES));
    }
  }

  /** How many of the recording's live arenas lie below `address`. */
  #rank(address: number): number {
    let low = 0;
    let high = this.#claimed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#claimed[middle] < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Make the table of slots reach to an address. */
  #reach(end: Address): void {
    const needed = Math.ceil(end / this.#poolBytes);
    if (needed <= this.slots.length) return;
    const larger = new Int32Array(Math.max(needed, this.slots.length * 2));
    larger.set(this.slots);
    this.slots = larger;
  }
}

/** Bytes of the region for an arena that begins `offset` bytes into it. */
function regionBytes(size: number, offset: number, poolBytes: number): number {
  return offset === 0 ? size : alignUp(size + offset, poolBytes);
}

function claim(arenas: RecordedArenas, size: number): Address {
  const recorded = arenas.take(size);
  if (recorded === NULL) return NULL; // It failed in the recording.
  if (Number.isNaN(recorded)) arenas.unexpected++;
  return arenas.place(recorded, size);
}

function giveBack(arenas: RecordedArenas, base: Address, size: number): void {
  arenas.release(base, size);
}
