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
  arenaMapShape,
  type LinearMemory,
  NULL,
  type Profile,
  type PyObjectArenaAllocator,
} from "@pyrena/abi";

/** In the index: no key. Keys are not negative. */
const NO_KEY = -1;

/** How far the heap may run ahead of the recording, or behind it, in giving arenas back. */
const FREES_APART = 16;

/** Arenas of a recording and their counterparts in the heap. */
export class RecordedArenas implements PyObjectArenaAllocator<RecordedArenas> {
  readonly ctx: RecordedArenas;
  readonly alloc: (ctx: RecordedArenas, size: number) => Address;
  readonly free: (ctx: RecordedArenas, base: Address, size: number) => void;

  /** log2 of the pool size. */
  readonly poolShift: number;
  /** log2 of the alignment of blocks. */
  readonly blockShift: number;
  /** log2 of the blocks of the smallest size in an arena: entries of a slot in `sizes`. */
  readonly slotShift: number;

  // Arenas have slots, from 1. All of these arrays are replaced as they grow.
  /** Slot of the arena that each pool-sized piece of the memory belongs to; 0: none. */
  slots: Uint16Array = new Uint16Array(64);
  /** Base of each of the heap's arenas, by slot. */
  ownBase: Float64Array = new Float64Array(8);
  /** Base of the recorded counterpart, by slot; NaN if there is none, so that no address equals it. */
  recordedBase: Float64Array = new Float64Array(8).fill(Number.NaN);
  /**
   * For each place in an arena where a block can begin, by slot: 1 + the size asked for, if a live block begins there
   * that is where the recording has it; otherwise 0. So most blocks need no look-up in a hash table.
   */
  sizes: Uint16Array;

  readonly #inner: PyObjectArenaAllocator;
  readonly #poolBytes: number;
  readonly #arenaBytes: number;
  #slotCount = 1;
  /** What was obtained from the inner source for each slot. */
  readonly #regions: Address[] = [0];
  readonly #regionBytes: number[] = [0];
  readonly #freeSlots: number[] = [];
  /** Bytes of the address space that a node of each level of CPython's radix tree covers. */
  readonly #bottomNodeBytes: number;
  readonly #midNodeBytes: number;
  readonly #bottomNodes: Set<number> = new Set();
  readonly #midNodes: Set<number> = new Set();

  // From a recorded address to a slot: a hash table whose keys are arena-sized pieces of the address space. As an
  // arena need not be aligned, a piece can hold the end of one arena and the beginning of another.
  readonly #inverse: number;
  #indexShift = 29;
  #keys: Int32Array = new Int32Array(8).fill(NO_KEY);
  #endsHere: Uint16Array = new Uint16Array(8);
  #beginsHere: Uint16Array = new Uint16Array(8);

  /** The last arena record, while it waits for its allocation. */
  #waits = false;
  #waitingSize = 0;
  #waitingBase = 0;
  /** Bases of the recording's live arenas. */
  readonly #claimed: Set<number> = new Set();
  /** Bases of live regions that no allocation claimed. */
  readonly #others: Set<number> = new Set();
  /**
   * Bases of the recording's live arenas that have no counterpart here, by the arena-sized piece of the address space
   * in which they begin: of two that begin in the same piece, one would overlap the other.
   */
  readonly #unplaced: Map<number, number> = new Map();

  /** Bases given back by one side and not yet by the other, in order. */
  readonly #freesAhead: number[] = [];
  #aheadIsOwn = true;
  #freesInOrder = true;

  /** @param inner where the regions come from */
  constructor(inner: PyObjectArenaAllocator, memory: LinearMemory, profile: Profile) {
    this.#inner = inner;
    const { poolBytes, arenaBytes } = profile.pymalloc;
    this.#poolBytes = poolBytes;
    this.#arenaBytes = arenaBytes;
    this.#inverse = 1 / arenaBytes;
    this.poolShift = Math.log2(poolBytes);
    this.blockShift = Math.log2(profile.abi.alignment);
    this.slotShift = Math.log2(arenaBytes) - this.blockShift;
    this.sizes = new Uint16Array(8 << this.slotShift);
    const { interiorBits, bottomBits } = arenaMapShape(profile) ?? {
      interiorBits: 0,
      bottomBits: 0,
    };
    this.#bottomNodeBytes = arenaBytes * 2 ** bottomBits;
    this.#midNodeBytes = this.#bottomNodeBytes * 2 ** interiorBits;
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

  /** Nodes below the root that CPython's radix tree has for the recorded arenas (3.10 and later, 64 bits). */
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
    const piece = Math.floor(base * this.#inverse);
    if (this.#unplaced.get(piece) === base) this.#unplaced.delete(piece);
    // Otherwise it is an arena from before the recording began.
    if (this.#claimed.delete(base)) this.#given(base, false);
  }

  /**
   * The allocation that the waiting record stood before has been replayed. If it did not ask for it, it was no arena.
   * @param result recorded result of the allocation
   * @returns whether it was one after all, since the result lies in it: then the heap has gone another way
   */
  settle(result: number): boolean {
    const base = this.#waitingBase;
    const missed = this.#waits && result >= base && result < base + this.#waitingSize && base > 0;
    if (missed) {
      this.#waits = false;
      this.#leaveOut(base);
    } else {
      this.#dismiss();
    }
    return missed;
  }

  #dismiss(): void {
    if (this.#waits && this.#waitingBase !== NULL) this.#others.add(this.#waitingBase);
    this.#waits = false;
  }

  /** An arena of the recording that has no counterpart here. */
  #leaveOut(base: number): void {
    this.#claimed.add(base);
    this.#unplaced.set(Math.floor(base * this.#inverse), base);
  }

  /** Whether a recorded address lies in one of the recording's live arenas. */
  liesInArena(address: number): boolean {
    if (this.slotOf(address) !== 0) return true;
    if (this.#unplaced.size === 0) return false;
    const piece = Math.floor(address * this.#inverse);
    const begun = this.#unplaced.get(piece);
    if (begun !== undefined && address >= begun) return true;
    const before = this.#unplaced.get(piece - 1);
    return before !== undefined && address < before + this.#arenaBytes;
  }

  /** The slot of the arena in which a recorded address lies; 0: none. */
  slotOf(address: number): number {
    const keys = this.#keys;
    const mask = keys.length - 1;
    const key = (address * this.#inverse) | 0;
    let at = Math.imul(key, 0x9e37_79b1) >>> this.#indexShift;
    while (keys[at] !== key) {
      if (keys[at] === NO_KEY) return 0;
      at = (at + 1) & mask;
    }
    let slot = this.#beginsHere[at];
    // The base of slot 0 is NaN, with which no comparison is true.
    if (!(address >= this.recordedBase[slot])) slot = this.#endsHere[at];
    const offset = address - this.recordedBase[slot];
    return offset >= 0 && offset < this.#arenaBytes ? slot : 0;
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
    // Sources align arenas to pools. One that does not needs room for any shift.
    let bytes = offset === 0 ? size : size + this.#poolBytes;
    let region = this.#inner.alloc(this.#inner.ctx, bytes);
    if (region !== NULL && this.#shift(region, offset) + size > bytes) {
      this.#inner.free(this.#inner.ctx, region, bytes);
      bytes = size + this.#poolBytes;
      region = this.#inner.alloc(this.#inner.ctx, bytes);
    }
    if (region === NULL) {
      if (!Number.isNaN(recorded)) this.#leaveOut(recorded);
      return NULL;
    }
    const base = region + this.#shift(region, offset);
    const slot = this.#freeSlots.pop() ?? this.#newSlot();
    this.sizes.fill(0, slot << this.slotShift, (slot + 1) << this.slotShift);
    this.ownBase[slot] = base;
    this.recordedBase[slot] = recorded;
    this.#regions[slot] = region;
    this.#regionBytes[slot] = bytes;
    this.#reach(base + size);
    this.slots.fill(slot, base >>> this.poolShift, ((base + size - 1) >>> this.poolShift) + 1);
    if (!Number.isNaN(recorded)) {
      this.#claimed.add(recorded);
      this.#index();
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
    this.#index();
    this.#inner.free(this.#inner.ctx, this.#regions[slot], this.#regionBytes[slot]);
    this.#given(recorded, true);
  }

  /** Bytes from a region's base to the first address that is `offset` modulo the pool size. */
  #shift(region: Address, offset: number): number {
    return (offset - (region % this.#poolBytes) + this.#poolBytes) % this.#poolBytes;
  }

  #newSlot(): number {
    const slot = this.#slotCount++;
    if (slot === this.ownBase.length) {
      this.ownBase = enlarged(this.ownBase, new Float64Array(slot * 2));
      this.recordedBase = enlarged(this.recordedBase, new Float64Array(slot * 2).fill(Number.NaN));
      this.sizes = enlarged(this.sizes, new Uint16Array((slot * 2) << this.slotShift));
    }
    return slot;
  }

  /** Make the index anew. Arenas come and go seldom, so there is no need for more. */
  #index(): void {
    // At most half full: each arena has two keys.
    const log = Math.max(3, Math.ceil(Math.log2(this.#slotCount)) + 2);
    if (this.#keys.length < 1 << log) {
      this.#keys = new Int32Array(1 << log);
      this.#endsHere = new Uint16Array(1 << log);
      this.#beginsHere = new Uint16Array(1 << log);
      this.#indexShift = 32 - log;
    }
    this.#keys.fill(NO_KEY);
    this.#endsHere.fill(0);
    this.#beginsHere.fill(0);
    for (let slot = 1; slot < this.#slotCount; slot++) {
      const base = this.recordedBase[slot];
      if (Number.isNaN(base)) continue;
      const key = (base * this.#inverse) | 0;
      this.#beginsHere[this.#enter(key)] = slot;
      if (base % this.#arenaBytes !== 0) this.#endsHere[this.#enter(key + 1)] = slot;
    }
  }

  /** The place of a key in the index, entered if it is not there. */
  #enter(key: number): number {
    const keys = this.#keys;
    let at = Math.imul(key, 0x9e37_79b1) >>> this.#indexShift;
    while (keys[at] !== key && keys[at] !== NO_KEY) at = (at + 1) & (keys.length - 1);
    keys[at] = key;
    return at;
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
      this.#bottomNodes.add(Math.floor(address / this.#bottomNodeBytes));
      this.#midNodes.add(Math.floor(address / this.#midNodeBytes));
    }
  }

  /** Make the table of slots reach to an address. */
  #reach(end: Address): void {
    const needed = Math.ceil(end / this.#poolBytes);
    if (needed <= this.slots.length) return;
    this.slots = enlarged(this.slots, new Uint16Array(Math.max(needed, this.slots.length * 2)));
  }
}

function enlarged<T extends Uint16Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function claim(arenas: RecordedArenas, size: number): Address {
  const recorded = arenas.take(size);
  // It failed in the recording, so it fails here.
  return recorded === NULL ? NULL : arenas.place(recorded, size);
}

function giveBack(arenas: RecordedArenas, base: Address, size: number): void {
  arenas.release(base, size);
}
