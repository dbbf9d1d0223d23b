/**
 * Every invariant of the region manager and the raw allocator, checked from the layouts alone: nothing here calls the
 * code that it checks.
 *
 * Region manager:
 *
 * - R1 Runs tile the memory from granule 0 to `end`; the first is the boot run; tags agree with the run they are in,
 *   and are 0 from `end` on.
 * - R2 No two free runs touch.
 * - R3 Every free run but the tail is in the list it belongs to, once; links agree; nothing else is listed.
 * - R4 Bitmaps tell which lists are not empty.
 * - R5 freeGranules counts the granules of free runs; `end` is within the table's capacity and the memory.
 * - R6 Granules from `fresh` to `end` are free and all 0.
 *
 * Raw allocator:
 *
 * - R7 Chunks tile each segment from its first header to the sentinel; each size is a multiple of the alignment and at
 *   least the smallest.
 * - R8 PREV_USED agrees with the chunk before; footers repeat the size; no two free chunks touch.
 * - R9 Every free chunk but the top and the victim is in the bin it belongs to, once; links agree; nothing else is in
 *   a bin.
 * - R10 A bin with a chunk has its bit set; a level has its bit set exactly if its bitmap is not 0.
 * - R11 The top is the last chunk of a segment, its sentinel where there is none, or `nothing`; of the sentinels just
 *   the top lacks USED; from `fresh`, or else from behind the top's header, to its end all is 0. The victim is a free
 *   chunk or `nothing`.
 * - R12 segments and segmentBytes count what is there.
 *
 * Arena source:
 *
 * - R13 arenas and arenaBytes count the arena runs.
 */
import { hex, PyrenaError } from "@pyrena/abi";
import { ARENA_BYTES, ARENA_TAG, ARENAS } from "./arena-layout.ts";
import {
  MIN_CHUNK_BYTES,
  NEXT,
  PREV,
  PREV_USED,
  SEGMENT_HEAD_WORDS,
  USED,
  wordsOf,
} from "./chunk.ts";
import type { RawContext } from "./raw-context.ts";
import {
  BITMAPS,
  binOf,
  FRESH,
  LEVEL_BINS,
  LEVEL_MAP,
  LEVELS,
  NODES,
  NOTHING,
  SEGMENT_BYTES,
  SEGMENTS,
  TOP,
  VICTIM,
} from "./raw-layout.ts";
import type { Regions } from "./region-context.ts";
import {
  ARENA,
  BOOT,
  CAPACITY,
  END,
  FREE,
  FREE_GRANULES,
  FRESH_GRANULE,
  GAPS,
  KIND_SHIFT,
  SEGMENT,
  SET_LEVELS,
  SET_LISTS,
  SLOTS,
  setListOf,
  slotsIn,
  TABLE_ADDRESS,
  VALUE_MASK,
} from "./region-layout.ts";

/** Fresh memory is looked at up to so many bytes, so that checking a large heap stays quick. */
const FRESH_BYTES_CHECKED = 2 ** 20;

/**
 * Check everything.
 * @param raw the heap's raw allocator, if it has one
 * @throws PyrenaError `heap-corrupt` naming the invariant and the address
 */
export function verifyHeap(regions: Regions, raw: RawContext | undefined): void {
  const arenas = verifyRegions(regions);
  if (raw !== undefined) verifyRaw(raw);
  const entry = regions.heap.layers().find((layer) => layer.tag === ARENA_TAG);
  if (entry !== undefined) {
    const u32 = regions.memory.u32;
    const state = entry.address >>> 2;
    check(u32[state + ARENAS] === arenas.runs, "R13", entry.address, "arenas miscounted");
    const bytes = arenas.granules * regions.granuleBytes;
    check(u32[state + ARENA_BYTES] === bytes, "R13", entry.address, "arenaBytes miscounted");
  }
}

function check(holds: boolean, invariant: string, address: number, what: string): asserts holds {
  if (holds) return;
  throw new PyrenaError("heap-corrupt", `${invariant} broken at ${hex(address)}: ${what}`, {
    address,
    invariant,
  });
}

/** R1 to R6. Returns what R13 needs. */
function verifyRegions(regions: Regions): { runs: number; granules: number } {
  const u32 = regions.memory.u32;
  const { state, granuleBytes } = regions;
  const table = u32[state + TABLE_ADDRESS] >>> 2;
  const capacity = u32[state + CAPACITY];
  const end = u32[state + END];
  const fresh = u32[state + FRESH_GRANULE];
  check(end <= capacity, "R5", state * 4, `end ${end} exceeds the table's capacity ${capacity}`);
  check(
    end * granuleBytes <= regions.memory.byteLength,
    "R5",
    state * 4,
    "end is behind the memory",
  );

  const arenas = { runs: 0, granules: 0 };
  const free = new Map<number, number>();
  let freeCount = 0;
  let wasFree = false;
  let granule = 0;
  while (granule < end) {
    const at = granule * granuleBytes;
    const tag = u32[table + granule];
    const kind = tag >>> KIND_SHIFT;
    if (kind === FREE) {
      const length = tag & VALUE_MASK;
      check(length > 0 && granule + length <= end, "R1", at, `free run of ${length} granules`);
      check(
        u32[table + granule + length - 1] === length,
        "R1",
        at,
        "the last granule's tag differs",
      );
      for (let n = 1; n < length - 1; n++) {
        check(u32[table + granule + n] === 0, "R1", at, `granule ${n} of a free run has a tag`);
      }
      check(!wasFree, "R2", at, "two free runs touch");
      if (granule + length < end) free.set(granule, length);
      freeCount += length;
      granule += length;
      wasFree = true;
    } else {
      const length = u32[table + capacity + granule];
      check(
        kind === BOOT ? granule === 0 : granule !== 0,
        "R1",
        at,
        "the boot run is the first one",
      );
      check(length > 0 && granule + length <= end, "R1", at, `run of ${length} granules`);
      check(granule + length <= fresh, "R6", at, "a run in use lies in fresh memory");
      for (let n = 0; n < length; n++) {
        const expected = ((kind << KIND_SHIFT) | granule) >>> 0;
        check(
          u32[table + granule + n] === expected,
          "R1",
          at,
          `tag of granule ${n} of the run differs`,
        );
      }
      if (kind === ARENA) {
        arenas.runs++;
        arenas.granules += length;
      }
      granule += length;
      wasFree = false;
    }
  }
  for (let n = end; n < capacity; n++) {
    check(u32[table + n] === 0, "R1", n * granuleBytes, "a granule that is not managed has a tag");
  }
  check(u32[state + FREE_GRANULES] === freeCount, "R5", state * 4, "freeGranules miscounted");

  let listed = 0;
  for (const set of [GAPS, SLOTS]) {
    let levels = 0;
    for (let level = 0; level < SET_LEVELS; level++) {
      let lists = 0;
      for (let n = 0; n < SET_LISTS; n++) {
        const list = level * SET_LISTS + n;
        let previous = 0;
        let run = u32[state + set + 1 + SET_LEVELS + list];
        if (run !== 0) lists |= 1 << n;
        while (run !== 0) {
          const at = run * granuleBytes;
          const length = free.get(run);
          check(length !== undefined, "R3", at, "a list names a run that is not free");
          const slots = slotsIn(run, length, regions.logSlot);
          check(set === (slots > 0 ? SLOTS : GAPS), "R3", at, "a run is in the wrong set");
          check(
            setListOf(slots > 0 ? slots : length) === list,
            "R3",
            at,
            "a run is in the wrong list",
          );
          check(u32[table + 2 * capacity + run] === previous, "R3", at, "a back link differs");
          check(++listed <= free.size, "R3", at, "a list runs in a circle");
          previous = run;
          run = u32[table + capacity + run];
        }
      }
      check(u32[state + set + 1 + level] === lists, "R4", state * 4, `lists of level ${level}`);
      if (lists !== 0) levels |= 1 << level;
    }
    check(u32[state + set] === levels, "R4", state * 4, "levels");
  }
  check(listed === free.size, "R3", state * 4, `${listed} runs are listed, not ${free.size}`);
  verifyZero(u32, (fresh * granuleBytes) / 4, (end * granuleBytes) / 4, "R6");
  return arenas;
}

/** R7 to R12. */
function verifyRaw(ctx: RawContext): void {
  const { regions, address } = ctx;
  const u32 = regions.memory.u32;
  const state = address >>> 2;
  const table = u32[regions.state + TABLE_ADDRESS] >>> 2;
  const forward = table + u32[regions.state + CAPACITY];
  const end = u32[regions.state + END];
  const top = u32[state + TOP] >>> 2;
  const victim = u32[state + VICTIM] >>> 2;
  const nothing = state + NOTHING;
  const free = new Map<number, number>();
  let segments = 0;
  let segmentBytes = 0;
  let topEnd = top === nothing ? top : -1;
  check(
    u32[nothing] === (USED | PREV_USED),
    "R11",
    4 * nothing,
    "the header of nothing is damaged",
  );
  for (let granule = 0; granule < end; ) {
    const tag = u32[table + granule];
    const kind = tag >>> KIND_SHIFT;
    const length = kind === FREE ? tag & VALUE_MASK : u32[forward + granule];
    if (kind === SEGMENT) {
      segments++;
      segmentBytes += length * regions.granuleBytes;
      const sentinel = ((granule + length) * regions.granuleBytes) / 4 - 1;
      let chunk = (granule * regions.granuleBytes) / 4 + SEGMENT_HEAD_WORDS;
      let previousUsed = true;
      while (chunk < sentinel) {
        const header = u32[chunk];
        const bytes = 4 * wordsOf(header);
        const at = 4 * chunk;
        const used = (header & USED) !== 0;
        check(bytes >= MIN_CHUNK_BYTES, "R7", at, `chunk of ${bytes} bytes`);
        check((bytes & ctx.alignMask) === 0, "R7", at, `chunk of ${bytes} bytes: not aligned`);
        check(chunk + bytes / 4 <= sentinel, "R7", at, "a chunk reaches over its segment's end");
        check((header & 4) === 0, "R7", at, "the third flag is set");
        check(((header & PREV_USED) !== 0) === previousUsed, "R8", at, "PREV_USED differs");
        if (!used) {
          check(previousUsed, "R8", at, "two free chunks touch");
          if (chunk === top) {
            topEnd = chunk + bytes / 4;
            check(topEnd === sentinel, "R11", at, "the top is not the last chunk of its segment");
          } else {
            check(
              u32[chunk + bytes / 4 - 1] === bytes,
              "R8",
              at,
              "the footer differs from the header",
            );
            free.set(chunk, bytes);
          }
        }
        previousUsed = used;
        chunk += bytes / 4;
      }
      const header = u32[sentinel];
      const expected = (top === sentinel ? 0 : USED) | (previousUsed ? PREV_USED : 0);
      check(wordsOf(header) === 0, "R7", 4 * sentinel, "the sentinel is damaged");
      check(
        header === expected,
        top === sentinel ? "R11" : "R8",
        4 * sentinel,
        "a sentinel's flags",
      );
      if (top === sentinel) topEnd = sentinel;
    }
    granule += length;
  }
  check(topEnd >= 0, "R11", 4 * top, "the top is no chunk of any segment");
  check(
    victim === nothing || free.delete(victim),
    "R11",
    4 * victim,
    "the victim is no free chunk",
  );
  verifyBins(ctx, u32, free);

  const fresh = Math.max(u32[state + FRESH] >>> 2, top + 1);
  if (topEnd > top) verifyZero(u32, fresh, topEnd, "R11");
  check(u32[state + SEGMENTS] === segments, "R12", address, "segments miscounted");
  check(u32[state + SEGMENT_BYTES] === segmentBytes, "R12", address, "segmentBytes miscounted");
}

/** R9 and R10. */
function verifyBins(ctx: RawContext, u32: Uint32Array, free: ReadonlyMap<number, number>): void {
  const state = ctx.address >>> 2;
  let found = 0;
  for (let level = 0; level < LEVELS; level++) {
    const bitmap = u32[state + BITMAPS + level];
    for (let n = 0; n < LEVEL_BINS; n++) {
      const bin = level * LEVEL_BINS + n;
      const node = state + NODES + 2 * bin;
      let previous = node;
      let chunk = u32[node + NEXT] >>> 2;
      if (chunk !== node) {
        check(((bitmap >>> n) & 1) === 1, "R10", ctx.address, `bit ${n} of level ${level}`);
      }
      while (chunk !== node) {
        const at = 4 * chunk;
        const bytes = free.get(chunk);
        check(bytes !== undefined, "R9", at, "a bin names a chunk that is not free");
        check(binOf(bytes / 8) === bin, "R9", at, `chunk of ${bytes} bytes in bin ${bin}`);
        check(u32[chunk + PREV] >>> 2 === previous, "R9", at, "a back link differs");
        check(++found <= free.size, "R9", at, "a bin runs in a circle");
        previous = chunk;
        chunk = u32[chunk + NEXT] >>> 2;
      }
      check(u32[node + PREV] >>> 2 === previous, "R9", 4 * node, "a bin's last link differs");
    }
    const known = (u32[state + LEVEL_MAP] >>> level) & 1;
    check(known === (bitmap === 0 ? 0 : 1), "R10", ctx.address, `bit of level ${level}`);
  }
  check(found === free.size, "R9", ctx.address, `${found} chunks in bins, ${free.size} free`);
}

function verifyZero(u32: Uint32Array, from: number, to: number, invariant: string): void {
  const last = Math.min(to, from + FRESH_BYTES_CHECKED / 4);
  for (let at = from; at < last; at++) {
    if (u32[at] !== 0)
      check(false, invariant, 4 * at, "memory that counts as never written is not 0");
  }
}
