/**
 * The region manager: what `mmap` and `munmap` are to a C library. It hands out runs of granules, takes them back,
 * joins neighbours, grows the memory at its top and gives the tail back where the backing can.
 *
 * Segments of the raw heap and arenas come from here alike, so what one gives back the other can use. Finding a run,
 * splitting and joining take constant time; tagging a run takes a word for each 64 KiB of it. When the memory cannot
 * grow any more, and only then, all free runs are looked at before a request is refused.
 *
 * The functions expect the heap's lock to be held (see `lock.ts`).
 */
import {
  alignUp,
  eventKinds,
  HEAP_HEADER_BYTES,
  type Heap,
  hex,
  type LinearMemory,
  PAGE_BYTES,
  PyrenaError,
} from "@pyrena/abi";
import { findRun, findSlots, freeLength, insertRun, isFree, removeRun } from "./free-runs.ts";
import { lockRegions, Regions, unlockRegions } from "./region-context.ts";
import {
  ATTACHMENTS,
  BOOT,
  CAPACITY,
  END,
  FREE,
  FREE_GRANULES,
  FRESH_GRANULE,
  GRANULE_LIMIT,
  GROWN,
  KIND_SHIFT,
  LAYERS_BYTES,
  LAYERS_END,
  LAYERS_NEXT,
  LOG_GRANULE,
  LOG_SLOT,
  PEAK_END,
  REGION_STATE_BYTES,
  REGIONS_TAG,
  REGIONS_VERSION,
  type RunKind,
  SHRUNK,
  TABLE,
  TABLE_ADDRESS,
  TABLE_RUN,
  VALUE_MASK,
} from "./region-layout.ts";

/** What a heap's region manager is told when it is made. */
export interface RegionOptions {
  /**
   * Whether every byte behind the heap header is known to be 0, as in a memory that was just made. Then calloc need
   * not clear what it takes from there. Default false: only what the manager adds itself by growing counts as clean.
   */
  readonly zeroed?: boolean | undefined;
}

/** Largest granule: WebAssembly's page. */
const LARGEST_GRANULE: number = PAGE_BYTES;
/** Smallest granule that is chosen for the sake of a small memory. */
const SMALL_GRANULE = 4096;
/** A small memory is to have this many granules at least. */
const GRANULES_WANTED = 256;
/** The table's words a granule. */
const TABLE_WORDS = 3;
/** The memory grows by 1/64 of its size … */
const LOG_GROWTH = 6;
/** … but at most by so many bytes more than is needed. */
const LARGEST_STEP_BYTES = 16 * 2 ** 20;
/** The tail is given back when it exceeds twice 1/8 of what lies below it; 1/8 is kept. */
const LOG_TAIL_KEPT = 3;
/** Least tail that is kept, in bytes. */
const LEAST_TAIL_BYTES = 2 ** 20;

/**
 * The heap's region manager: attached to if the heap has one, else made.
 * @throws PyrenaError `bad-argument` for a heap whose header is not at address 0: what lies around it is somebody
 *   else's; `memory-limit` if the memory is too small; `heap-version`, `not-a-heap` as `Heap.layer`
 */
export function openRegions(heap: Heap, options: RegionOptions = {}): Regions {
  return heap.layers().some((layer) => layer.tag === REGIONS_TAG)
    ? attachRegions(heap)
    : createRegions(heap, options);
}

/**
 * Make a heap's region manager. In shared memory one worker makes it, before the others attach.
 * @throws PyrenaError as {@link openRegions}
 */
export function createRegions(heap: Heap, options: RegionOptions = {}): Regions {
  const memory = heap.memory;
  if (heap.base !== 0) {
    throw new PyrenaError(
      "bad-argument",
      `the heap's header is at ${hex(heap.base)}: regions need a memory of their own, with the header at address 0; ` +
        "in a memory that belongs to somebody else use its own allocator",
      { address: heap.base },
    );
  }
  memory.refresh();
  const granuleBytes = chooseGranule(memory, heap.profile.pymalloc.arenaBytes);
  const state = HEAP_HEADER_BYTES;
  const layers = alignUp(state + REGION_STATE_BYTES, 16);
  const table = layers + LAYERS_BYTES;
  const managed = Math.min(
    Math.floor(memory.byteLength / granuleBytes),
    limitOf(memory, granuleBytes),
  );
  const boot = Math.ceil((table + 4 * TABLE_WORDS * managed) / granuleBytes);
  if (boot > managed) {
    throw new PyrenaError(
      "memory-limit",
      `a memory of ${memory.byteLength} bytes has no room for the heap's own ${boot * granuleBytes}`,
      { size: memory.byteLength },
    );
  }
  const capacity = Math.floor((boot * granuleBytes - table) / (4 * TABLE_WORDS));
  memory.u8.fill(0, state, boot * granuleBytes);

  const u32 = memory.u32;
  const at = state >>> 2;
  u32[at + LOG_GRANULE] = Math.log2(granuleBytes);
  u32[at + LOG_SLOT] = Math.log2(arenaAlignment(heap.profile.pymalloc.arenaBytes) / granuleBytes);
  u32[at + TABLE_ADDRESS] = table;
  u32[at + CAPACITY] = capacity;
  u32[at + LAYERS_NEXT] = layers;
  u32[at + LAYERS_END] = table;
  u32[at + END] = managed;
  u32[at + PEAK_END] = managed;
  u32[at + FRESH_GRANULE] = options.zeroed === true ? boot : managed;
  u32[at + ATTACHMENTS] = 1;
  const regions = new Regions(heap, state, limitOf(memory, granuleBytes), 1);
  tagRun(regions, 0, boot, BOOT);
  if (managed > boot) insertRun(regions, boot, managed - boot);
  heap.register(REGIONS_TAG, state, REGION_STATE_BYTES, REGIONS_VERSION);
  return regions;
}

/**
 * Open the region manager of a heap that has one: made here, in another worker, or before the heap was saved.
 * @throws PyrenaError `not-a-heap` if it has none or the memory is shorter than the heap; `heap-version`
 */
export function attachRegions(heap: Heap): Regions {
  const entry = heap.layer(REGIONS_TAG, REGIONS_VERSION);
  const memory = heap.memory;
  const state = entry.address >>> 2;
  const granuleBytes = 2 ** memory.u32[state + LOG_GRANULE];
  const managed = memory.u32[state + END] * granuleBytes;
  // Another worker may have made it larger since this one looked.
  memory.refresh();
  if (managed > memory.byteLength) {
    throw new PyrenaError(
      "not-a-heap",
      `the heap was ${managed} bytes long and the memory has only ${memory.byteLength}: the image is cut off`,
      { size: memory.byteLength },
    );
  }
  const owner = memory.shared
    ? Atomics.add(memory.u32, state + ATTACHMENTS, 1) + 1
    : ++memory.u32[state + ATTACHMENTS];
  return new Regions(heap, entry.address, limitOf(memory, granuleBytes), owner);
}

/**
 * Room for a layer's state in the boot run, all 0, aligned to 16; it is never given back.
 * @throws PyrenaError `memory-limit`
 */
export function reserveLayerState(regions: Regions, bytes: number): number {
  const u32 = regions.memory.u32;
  const address = u32[regions.state + LAYERS_NEXT];
  const next = address + alignUp(bytes, 16);
  if (next > u32[regions.state + LAYERS_END]) {
    throw new PyrenaError("memory-limit", `the heap has no room for ${bytes} bytes of layer state`);
  }
  u32[regions.state + LAYERS_NEXT] = next;
  regions.memory.u8.fill(0, address, next);
  return address;
}

/**
 * Hand out a run of `least` granules or more, wherever there is one.
 * `takenLength` and `takenFresh` tell more about it.
 * @param wanted granules that would be welcome where they cost nothing
 * @param grow whether to make the memory larger if there is none
 * @returns its first granule, or 0
 */
export function takeRun(
  regions: Regions,
  least: number,
  wanted: number,
  kind: RunKind,
  grow: boolean,
): number {
  let run = findRun(regions, least, false);
  if (run === 0) {
    const end = regions.memory.u32[regions.state + END];
    if (end - tailRun(regions) >= least || (grow && growFor(regions, least, 1, wanted))) {
      run = tailRun(regions);
    } else {
      run = grow ? findRun(regions, least, true) : 0;
      if (run === 0) return 0;
    }
  }
  return carve(regions, run, run, Math.min(wanted, freeLength(regions, run)), kind);
}

/**
 * Hand out a run of exactly `length` granules that starts on a slot's boundary.
 * @param grow whether to make the memory larger if there is none
 * @returns its first granule, or 0
 */
export function takeAligned(
  regions: Regions,
  length: number,
  kind: RunKind,
  grow: boolean,
): number {
  const slot = 1 << regions.logSlot;
  const slots = Math.ceil(length / slot);
  let run = findSlots(regions, slots, false);
  if (run === 0) {
    const tail = tailRun(regions);
    const fits = alignUp(tail, slot) + length <= regions.memory.u32[regions.state + END];
    if (fits || (grow && growFor(regions, length, slot, length))) {
      run = tailRun(regions);
    } else {
      run = grow ? findSlots(regions, slots, true) : 0;
      if (run === 0) return 0;
    }
  }
  return carve(regions, run, alignUp(run, slot), length, kind);
}

/**
 * Hand out the granules from `first` on, if they are free.
 * `takenLength` and `takenFresh` tell more.
 * @param grow whether to make the memory larger if it ends there
 * @returns whether at least `least` granules could be had; at most `wanted` are taken
 */
export function takeAt(
  regions: Regions,
  first: number,
  least: number,
  wanted: number,
  kind: RunKind,
  grow: boolean,
): boolean {
  const end = regions.memory.u32[regions.state + END];
  if (first !== end && !isFree(regions, first)) return false;
  let length = first === end ? 0 : freeLength(regions, first);
  if (length < least) {
    if (!grow || first + length !== end || !growFor(regions, least, 1, wanted)) return false;
    // Growing may have put the table where the run was to be.
    if (!isFree(regions, first) || freeLength(regions, first) < least) return false;
    length = freeLength(regions, first);
  }
  carve(regions, first, first, Math.min(wanted, length), kind);
  return true;
}

/** Take back granules that are part (or the whole) of one run. What is left of it stays as one run or two. */
export function giveRun(regions: Regions, first: number, length: number): void {
  const u32 = regions.memory.u32;
  const table = u32[regions.state + TABLE_ADDRESS] >>> 2;
  const forward = table + u32[regions.state + CAPACITY];
  const tag = u32[table + first];
  const start = tag & VALUE_MASK;
  const before = first - start;
  const after = u32[forward + start] - before - length;
  if (before > 0) u32[forward + start] = before;
  if (after > 0) tagRun(regions, first + length, after, (tag >>> KIND_SHIFT) as RunKind);
  u32.fill(0, table + first, table + first + length);
  addFree(regions, first, length);
  shrinkMemory(regions);
}

/** Make one run of two that touch and are of one kind. */
export function joinRuns(regions: Regions, first: number, second: number): void {
  const u32 = regions.memory.u32;
  const table = u32[regions.state + TABLE_ADDRESS] >>> 2;
  const forward = table + u32[regions.state + CAPACITY];
  const length = u32[forward + first] + u32[forward + second];
  u32.fill(u32[table + first], table + second, table + first + length);
  u32[forward + first] = length;
}

/** First granule of the run that this granule belongs to, which is not free. */
export function runStart(regions: Regions, granule: number): number {
  const u32 = regions.memory.u32;
  return u32[(u32[regions.state + TABLE_ADDRESS] >>> 2) + granule] & VALUE_MASK;
}

/** Granules in the run that starts here, which is not free. */
export function runLength(regions: Regions, first: number): number {
  const u32 = regions.memory.u32;
  const table = u32[regions.state + TABLE_ADDRESS] >>> 2;
  return u32[table + u32[regions.state + CAPACITY] + first];
}

/** Kind of the run that an address lies in; FREE for any number that is no address in the managed memory. */
export function kindAt(regions: Regions, address: number): RunKind {
  const u32 = regions.memory.u32;
  const granule = Math.floor(address / regions.granuleBytes);
  if (!(granule >= 0 && granule < u32[regions.state + END])) return FREE;
  return (u32[(u32[regions.state + TABLE_ADDRESS] >>> 2) + granule] >>> KIND_SHIFT) as RunKind;
}

/** Run `body` under the heap's lock where the memory is shared. For slow paths: it takes a closure. */
export function underLock<Result>(regions: Regions, body: () => Result): Result {
  if (!regions.memory.shared) return body();
  lockRegions(regions);
  try {
    return body();
  } finally {
    unlockRegions(regions);
  }
}

/** What arenas are aligned to: their size where that is a power of two, else the largest one that divides it. */
export function arenaAlignment(arenaBytes: number): number {
  return arenaBytes & -arenaBytes;
}

function chooseGranule(memory: LinearMemory, arenaBytes: number): number {
  const small = 2 ** Math.floor(Math.log2(memory.maxByteLength / GRANULES_WANTED));
  return Math.min(LARGEST_GRANULE, arenaAlignment(arenaBytes), Math.max(SMALL_GRANULE, small));
}

/** The last granule below 4 GiB is left alone, so that the address behind every run fits in 32 bits. */
function limitOf(memory: LinearMemory, granuleBytes: number): number {
  return Math.min(
    Math.floor(memory.maxByteLength / granuleBytes),
    2 ** 32 / granuleBytes - 1,
    GRANULE_LIMIT,
  );
}

/** Tag the granules of a run and note its length. */
function tagRun(regions: Regions, first: number, length: number, kind: RunKind): void {
  const u32 = regions.memory.u32;
  const table = u32[regions.state + TABLE_ADDRESS] >>> 2;
  u32.fill(((kind << KIND_SHIFT) | first) >>> 0, table + first, table + first + length);
  u32[table + u32[regions.state + CAPACITY] + first] = length;
}

/** Cut granules out of a free run, for use; what is left before and behind them stays free. */
function carve(
  regions: Regions,
  run: number,
  first: number,
  length: number,
  kind: RunKind,
): number {
  const total = removeRun(regions, run);
  if (first > run) insertRun(regions, run, first - run);
  const after = run + total - (first + length);
  if (after > 0) insertRun(regions, first + length, after);
  tagRun(regions, first, length, kind);
  const u32 = regions.memory.u32;
  const fresh = u32[regions.state + FRESH_GRANULE];
  regions.takenLength = length;
  regions.takenFresh = Math.min(Math.max(first, fresh), first + length);
  if (fresh < first + length) u32[regions.state + FRESH_GRANULE] = first + length;
  return first;
}

/** Enter granules tagged FREE, 0 as free, joined with free neighbours. */
function addFree(regions: Regions, first: number, length: number): void {
  let from = first;
  let total = length;
  if (isFree(regions, first - 1)) {
    const before = freeLength(regions, first - 1);
    from = first - before;
    total += removeRun(regions, from);
  }
  const behind = first + length;
  if (behind < regions.memory.u32[regions.state + END] && isFree(regions, behind)) {
    total += removeRun(regions, behind);
  }
  insertRun(regions, from, total);
}

/** First granule of the free run at the end of the managed memory; `end` if the last granule is in use. */
function tailRun(regions: Regions): number {
  const end = regions.memory.u32[regions.state + END];
  return isFree(regions, end - 1) ? end - freeLength(regions, end - 1) : end;
}

/**
 * Make the free run at the end long enough for `length` granules from a multiple of `align` on.
 * Takes `wanted` or a step of its own choice if there is room, exactly what is needed if not.
 */
function growFor(regions: Regions, length: number, align: number, wanted: number): boolean {
  const u32 = regions.memory.u32;
  const state = regions.state;
  let needed = alignUp(tailRun(regions), align) + length;
  if (needed <= u32[state + END]) return true;
  if (needed > regions.limit) return false;
  if (needed > u32[state + CAPACITY]) {
    if (!moveTable(regions, needed)) return false;
    // The new table may lie where the tail was.
    needed = alignUp(tailRun(regions), align) + length;
    if (needed > Math.min(regions.limit, regions.memory.u32[state + CAPACITY])) return false;
  }
  const end = regions.memory.u32[state + END];
  const step = Math.min(end >>> LOG_GROWTH, Math.ceil(LARGEST_STEP_BYTES / regions.granuleBytes));
  const most = Math.min(regions.limit, regions.memory.u32[state + CAPACITY]);
  const pleasant = Math.max(needed - length + wanted, needed + step);
  const generous = Math.min(alignUp(pleasant, Math.ceil(PAGE_BYTES / regions.granuleBytes)), most);
  return extendTo(regions, generous) || (generous > needed && extendTo(regions, needed));
}

/** Manage the memory up to granule `newEnd`, growing it if it is shorter. */
function extendTo(regions: Regions, newEnd: number): boolean {
  if (!growMemory(regions, newEnd)) return false;
  setEnd(regions, newEnd);
  return true;
}

/** Make sure that the memory has so many granules. */
function growMemory(regions: Regions, granules: number): boolean {
  const memory = regions.memory;
  const state = regions.state;
  memory.refresh();
  const before = memory.byteLength;
  if (!memory.grow(granules * regions.granuleBytes)) return false;
  const u32 = memory.u32;
  if (memory.byteLength > before) {
    u32[state + GROWN]++;
    const sink = regions.sink;
    if (sink !== undefined) sink.event(sink.ctx, eventKinds.grow, before, memory.byteLength, 0);
  }
  // Bytes that were there before, but not managed, may have been written.
  if (before > u32[state + END] * regions.granuleBytes) {
    const dirty = Math.min(granules, Math.ceil(before / regions.granuleBytes));
    if (dirty > u32[state + FRESH_GRANULE]) u32[state + FRESH_GRANULE] = dirty;
  }
  return true;
}

/** Move the end of the managed memory; granules added to it are free, granules taken from it are part of the tail. */
function setEnd(regions: Regions, newEnd: number): void {
  const u32 = regions.memory.u32;
  const state = regions.state;
  const tail = tailRun(regions);
  if (tail < u32[state + END]) removeRun(regions, tail);
  u32[state + END] = newEnd;
  if (newEnd > u32[state + PEAK_END]) u32[state + PEAK_END] = newEnd;
  if (tail < newEnd) insertRun(regions, tail, newEnd - tail);
}

/** Replace the table by one with room for `needed` granules and as many again. */
function moveTable(regions: Regions, needed: number): boolean {
  const memory = regions.memory;
  const state = regions.state;
  const oldCapacity = memory.u32[state + CAPACITY];
  const bytesOf = (granules: number): number => 4 * TABLE_WORDS * granules;
  const wanted = Math.min(2 * Math.max(oldCapacity, needed), regions.limit);
  const length = Math.ceil(bytesOf(wanted) / regions.granuleBytes);
  const capacity = Math.floor((length * regions.granuleBytes) / (4 * TABLE_WORDS));
  const end = memory.u32[state + END];
  const found = findRun(regions, length, true);
  const first = found !== 0 ? found : end;
  if (found === 0) {
    if (end + length > regions.limit || !growMemory(regions, end + length)) return false;
  } else {
    carve(regions, first, first, length, TABLE);
  }
  const u32 = memory.u32;
  const from = u32[state + TABLE_ADDRESS] >>> 2;
  const to = (first * regions.granuleBytes) >>> 2;
  u32.fill(0, to, to + TABLE_WORDS * capacity);
  for (let n = 0; n < TABLE_WORDS; n++) {
    u32.copyWithin(to + n * capacity, from + n * oldCapacity, from + (n + 1) * oldCapacity);
  }
  const oldRun = u32[state + TABLE_RUN];
  u32[state + TABLE_ADDRESS] = first * regions.granuleBytes;
  u32[state + CAPACITY] = capacity;
  u32[state + TABLE_RUN] = first;
  if (found === 0) {
    // For a moment all of it is tail.
    setEnd(regions, end + length);
    carve(regions, tailRun(regions), first, length, TABLE);
  }
  if (oldRun !== 0) giveRun(regions, oldRun, runLength(regions, oldRun));
  return true;
}

/** Give the tail back when it has become long, keeping a part so that the next request need not grow it again. */
function shrinkMemory(regions: Regions): void {
  const memory = regions.memory;
  if (memory.backing !== "resizable") return;
  const state = regions.state;
  const end = memory.u32[state + END];
  const tail = tailRun(regions);
  const least = Math.ceil(LEAST_TAIL_BYTES / regions.granuleBytes);
  const kept = Math.max(tail >>> LOG_TAIL_KEPT, least);
  if (end - tail < 2 * kept) return;
  const before = memory.byteLength;
  if (!memory.shrink((tail + kept) * regions.granuleBytes)) return;
  const u32 = memory.u32;
  const newEnd = Math.min(end, Math.floor(memory.byteLength / regions.granuleBytes));
  setEnd(regions, newEnd);
  if (u32[state + FRESH_GRANULE] > newEnd) u32[state + FRESH_GRANULE] = newEnd;
  u32[state + SHRUNK]++;
  const sink = regions.sink;
  if (sink !== undefined) sink.event(sink.ctx, eventKinds.shrink, before, memory.byteLength, 0);
}

/** Granules in free runs. */
export function freeGranules(regions: Regions): number {
  return regions.memory.u32[regions.state + FREE_GRANULES];
}
