/**
 * Replays a recording of a native CPython and compares every address. Each recorded arena is given a base of our own
 * with the same remainder of the arena size, so what an address is within its arena can be compared exactly.
 */
import { HEAP_HEADER_BYTES, Heap, LinearMemory, type Profile } from "@pyrena/abi";
import { createPymalloc, type Pymalloc } from "../../src/index.ts";
import { Arenas, Raw } from "./layers.ts";
import type { Recording } from "./recording.ts";

export interface Comparison {
  readonly events: number;
  /** Results that a pool served, on either side. */
  small: number;
  wrong: number;
  firstDifference: string | undefined;
  readonly arenasAllocated: number;
  readonly arenasFreed: number;
  /** Whether arenas were obtained and freed in the recorded order, . */
  readonly arenasInOrder: boolean;
  readonly pymalloc: Pymalloc;
}

const RAW_LIMIT = 512 << 20;

export function replay(recording: Recording, profile: Profile): Comparison {
  const { arenaBytes } = profile.pymalloc;
  const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 2 ** 31 });
  const heap = Heap.create(memory, profile);
  const raw = new Raw(memory, profile.abi.alignment, HEAP_HEADER_BYTES, RAW_LIMIT);
  // Recorded arena → ours, both ways, and what the recording says happens next.
  const ours = new Map<number, number>();
  const recorded: string[] = [];
  const actual: string[] = [];
  const recordedBases: number[] = [];
  const freeSlots: number[] = [];
  let slots = 0;
  const arenas = new Arenas(memory, () => {
    const native = recordedBases.shift();
    if (native === undefined) throw new Error("an arena is asked for that was not recorded");
    const slot = freeSlots.pop() ?? slots++;
    const base = RAW_LIMIT + slot * 2 * arenaBytes + (native % arenaBytes);
    ours.set(native, base);
    actual.push(`+${native}`);
    return base;
  });
  const nativeOf = (base: number): number => {
    for (const [native, own] of ours) if (own === base) return native;
    throw new Error("not ours");
  };
  const source = {
    ...arenas.allocator,
    free: (ctx: Arenas, base: number, size: number): void => {
      const native = nativeOf(base);
      ours.delete(native);
      freeSlots.push(Math.floor((base - RAW_LIMIT) / (2 * arenaBytes)));
      actual.push(`-${native}`);
      arenas.allocator.free(ctx, base, size);
    },
  };
  const pymalloc = createPymalloc(heap, { raw: raw.allocator, arenas: source });
  const { ctx } = pymalloc;
  const result: Pick<Comparison, "small" | "wrong" | "firstDifference" | "pymalloc"> = {
    small: 0,
    wrong: 0,
    firstDifference: undefined,
    pymalloc,
  };

  // Recorded arenas by the slots of their size that they touch.
  const bySlot = new Map<number, number[]>();
  const nativeArena = (address: number): number => {
    const bases = bySlot.get(Math.floor(address / arenaBytes));
    if (bases !== undefined) {
      for (const base of bases) if (address >= base && address < base + arenaBytes) return base;
    }
    return 0;
  };
  const nativeSlots = (base: number): number[] => {
    const slot = Math.floor(base / arenaBytes);
    return base % arenaBytes === 0 ? [slot] : [slot, slot + 1];
  };
  const passedOn = new Map<number, number>();
  /** Ours for a recorded live address; undefined if it was never seen. */
  const translate = (native: number): number | undefined => {
    const arena = nativeArena(native);
    if (arena === 0) return passedOn.get(native);
    const own = ours.get(arena);
    return own === undefined ? undefined : own + (native - arena);
  };
  const compare = (what: string, native: number, own: number): void => {
    const arena = nativeArena(native);
    const owned = pymalloc.walker.owns(own);
    if (arena === 0 && !owned) {
      passedOn.set(native, own);
      return;
    }
    result.small++;
    const expected = arena === 0 ? undefined : ours.get(arena)! + (native - arena);
    if (own === expected) return;
    result.wrong++;
    result.firstDifference ??= `${what}: ${own} instead of ${String(expected)}`;
  };

  // A recorded arenaFree follows the free that caused it, but stands before a realloc: what was freed stays known until
  // the next call is through or an arena comes in its place.
  let gone: number[] = [];
  const forget = (): void => {
    for (const base of gone) {
      for (const slot of nativeSlots(base)) {
        bySlot.set(
          slot,
          bySlot.get(slot)!.filter((other) => other !== base),
        );
      }
    }
    gone = [];
  };
  const settle = (): void => {
    if (gone.length > 0) forget();
    if (recordedBases.length > 0) {
      throw new Error(`arena ${recordedBases[0]} was recorded, but no call asked for it`);
    }
  };

  const events = recording.play({
    malloc(domain, size, native) {
      if (domain === 0) return;
      compare(`malloc(${size})`, native, pymalloc.malloc(ctx, size));
      settle();
    },
    calloc(domain, nelem, elsize, native) {
      if (domain === 0) return;
      compare(`calloc(${nelem}, ${elsize})`, native, pymalloc.calloc(ctx, nelem, elsize));
      settle();
    },
    realloc(domain, native, size, nativeResult) {
      if (domain === 0) return;
      const old = native === 0 ? 0 : translate(native);
      if (old === undefined) throw new Error(`realloc of ${native}, which is not live`);
      passedOn.delete(native);
      compare(`realloc(…, ${size})`, nativeResult, pymalloc.realloc(ctx, old, size));
      settle();
    },
    free(domain, native) {
      if (domain === 0) return;
      const own = translate(native);
      if (own === undefined) throw new Error(`free of ${native}, which is not live`);
      passedOn.delete(native);
      pymalloc.free(ctx, own);
      settle();
    },
    arenaAlloc(size, native) {
      if (size !== arenaBytes) return;
      forget();
      for (const slot of nativeSlots(native))
        bySlot.set(slot, [...(bySlot.get(slot) ?? []), native]);
      recordedBases.push(native);
      recorded.push(`+${native}`);
    },
    arenaFree(size, native) {
      if (size !== arenaBytes) return;
      gone.push(native);
      recorded.push(`-${native}`);
    },
  });
  return Object.assign(result, {
    events,
    arenasAllocated: actual.filter((event) => event.startsWith("+")).length,
    arenasFreed: actual.filter((event) => event.startsWith("-")).length,
    arenasInOrder: actual.join() === recorded.join(),
  });
}
