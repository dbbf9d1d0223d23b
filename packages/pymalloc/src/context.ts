/**
 * The context of one pymalloc: what its functions take first. It holds no state, only where the state lies and what
 * the profile fixes, as small integers, so that a hot function reads them with one load and never divides.
 *
 * Names in `…Word` are indices into `memory.u32`, either absolute (of fields of the state) or relative to a pool's or
 * a record's own index. An index is an address shifted right by 2, hence below 2^30: engines keep it as a small
 * integer where an address might become a boxed number.
 */
import {
  type Address,
  type Heap,
  isPowerOfTwo,
  type LinearMemory,
  layoutOf,
  type Profile,
  type PyMemAllocatorEx,
  type PyObjectArenaAllocator,
  PyrenaError,
  poolHeaderBytes,
  type StatsSink,
  sizeClassCount,
} from "@pyrena/abi";
import { arenaObject } from "./arena.ts";
import { poolHeader } from "./pool.ts";
import { log2 } from "./size-class.ts";
import { stateLayout } from "./state.ts";

/** The layers around a pymalloc. */
export interface PymallocOptions {
  /** Serves requests of 0 bytes and of more than the threshold, and pymalloc's own tables. */
  readonly raw: PyMemAllocatorEx;
  /** Serves arenas. */
  readonly arenas: PyObjectArenaAllocator;
  /** Is told of arenas obtained, refused and given back. */
  readonly sink?: StatsSink | undefined;
}

/** Where everything is. Made by `createPymalloc` and `attachPymalloc`; passed to each function. */
export class PymallocContext {
  declare readonly memory: LinearMemory;
  /** Largest request served from pools, in bytes. */
  declare readonly threshold: number;
  /** log2 of the alignment. */
  declare readonly alignmentShift: number;
  /** Words in a pointer: 2 in lp64, 1 in ilp32. */
  declare readonly pointerWords: number;
  /** Offset of a pointer's upper half in words; 0 in ilp32, where there is none. */
  declare readonly upperWord: number;
  /** Alignment - 1: added before rounding down. */
  declare readonly alignmentRest: number;
  /** Rounds down to a multiple of the alignment. */
  declare readonly alignmentMask: number;
  /** `usedpools[0]`, less the words of one class: the entry of a class lies its block size from here. */
  declare readonly usedPoolsWord: number;
  /** log2 of the words in a class's two pointers of usedpools. */
  declare readonly usedPoolsShift: number;
  /** Rounds down to a multiple of the pool size. */
  declare readonly poolMask: number;
  /** log2 of the pool size in bytes. */
  declare readonly poolShift: number;
  /** log2 of the arena size. */
  declare readonly arenaShift: number;

  // Offsets in a pool header, in words; `count` is at 0.
  declare readonly freeblockWord: number;
  declare readonly nextpoolWord: number;
  declare readonly prevpoolWord: number;
  declare readonly arenaindexWord: number;
  declare readonly szidxWord: number;
  declare readonly nextoffsetWord: number;
  declare readonly maxnextoffsetWord: number;

  // Fields of the state, as absolute indices.
  declare readonly addressMapWord: number;
  declare readonly addressMapSlotsWord: number;
  declare readonly rawAllocatedBlocksWord: number;
  declare readonly usableArenasWord: number;
  declare readonly unusedArenaObjectsWord: number;
  declare readonly arenasWord: number;
  declare readonly maxarenasWord: number;
  declare readonly arenasCurrentWord: number;
  declare readonly arenasTotalWord: number;
  declare readonly arenasHighwaterWord: number;
  declare readonly nfp2lastaWord: number;

  // Offsets in an arena record, in words; `address` is at 0.
  declare readonly poolAddressWord: number;
  declare readonly nfreepoolsWord: number;
  declare readonly ntotalpoolsWord: number;
  declare readonly freepoolsWord: number;
  declare readonly nextarenaWord: number;
  declare readonly prevarenaWord: number;

  declare readonly alignment: number;
  declare readonly sizeClasses: number;
  declare readonly poolBytes: number;
  declare readonly poolHeaderBytes: number;
  declare readonly poolHeaderWords: number;
  declare readonly arenaBytes: number;
  declare readonly arenaObjectBytes: number;
  declare readonly arenaObjectWords: number;
  declare readonly keepsLastArena: boolean;

  declare readonly raw: PyMemAllocatorEx;
  declare readonly arenas: PyObjectArenaAllocator;
  declare sink: StatsSink | undefined;
  declare readonly profile: Profile;
  /** Address of the state. */
  declare readonly state: Address;

  constructor(heap: Heap, state: Address, options: PymallocOptions) {
    const { profile, abi } = heap;
    const { poolBytes, arenaBytes, threshold, keepsLastArena } = profile.pymalloc;
    const pool = layoutOf(poolHeader, abi);
    const arena = layoutOf(arenaObject, abi);
    const at = stateLayout(profile).at;
    const word = (offset: number): number => (state + offset) / 4;

    this.memory = heap.memory;
    this.threshold = threshold;
    this.alignmentShift = log2(abi.alignment);
    this.pointerWords = abi.pointerBytes / 4;
    this.upperWord = this.pointerWords - 1;
    this.alignmentMask = -abi.alignment;
    this.alignmentRest = abi.alignment - 1;
    this.usedPoolsWord = word(at.usedpools) - 2 * this.pointerWords;
    this.usedPoolsShift = log2(2 * this.pointerWords);
    this.poolMask = -poolBytes;
    this.poolShift = log2(poolBytes);
    this.arenaShift = log2(arenaBytes);

    this.freeblockWord = pool.at.freeblock / 4;
    this.nextpoolWord = pool.at.nextpool / 4;
    this.prevpoolWord = pool.at.prevpool / 4;
    this.arenaindexWord = pool.at.arenaindex / 4;
    this.szidxWord = pool.at.szidx / 4;
    this.nextoffsetWord = pool.at.nextoffset / 4;
    this.maxnextoffsetWord = pool.at.maxnextoffset / 4;

    this.addressMapWord = word(at.address_map);
    this.addressMapSlotsWord = word(at.address_map_slots);
    this.rawAllocatedBlocksWord = word(at.raw_allocated_blocks);
    this.usableArenasWord = word(at.usable_arenas);
    this.unusedArenaObjectsWord = word(at.unused_arena_objects);
    this.arenasWord = word(at.arenas);
    this.maxarenasWord = word(at.maxarenas);
    this.arenasCurrentWord = word(at.narenas_currently_allocated);
    this.arenasTotalWord = word(at.ntimes_arena_allocated);
    this.arenasHighwaterWord = word(at.narenas_highwater);
    this.nfp2lastaWord = word(at.nfp2lasta);

    this.poolAddressWord = arena.at.pool_address / 4;
    this.nfreepoolsWord = arena.at.nfreepools / 4;
    this.ntotalpoolsWord = arena.at.ntotalpools / 4;
    this.freepoolsWord = arena.at.freepools / 4;
    this.nextarenaWord = arena.at.nextarena / 4;
    this.prevarenaWord = arena.at.prevarena / 4;

    this.alignment = abi.alignment;
    this.sizeClasses = sizeClassCount(profile);
    this.poolBytes = poolBytes;
    this.poolHeaderBytes = poolHeaderBytes(profile);
    this.poolHeaderWords = this.poolHeaderBytes / 4;
    this.arenaBytes = arenaBytes;
    this.arenaObjectBytes = arena.bytes;
    this.arenaObjectWords = arena.bytes / 4;
    this.keepsLastArena = keepsLastArena;

    this.raw = options.raw;
    this.arenas = options.arenas;
    this.sink = options.sink;
    this.profile = profile;
    this.state = state;
  }
}

/**
 * Check that a profile's geometry is one on which pymalloc's rules hold.
 * @throws PyrenaError `bad-argument` naming the rule that it breaks
 */
export function requireGeometry(profile: Profile): void {
  const { poolBytes, arenaBytes, threshold, initialArenaObjects } = profile.pymalloc;
  const header = poolHeaderBytes(profile);
  const broken = !isPowerOfTwo(poolBytes)
    ? `pools must be a power of two, not ${poolBytes} bytes`
    : !isPowerOfTwo(arenaBytes) || arenaBytes < 4 * poolBytes
      ? `arenas must be a power of two and at least 4 pools, not ${arenaBytes} bytes`
      : !(threshold > 0) || threshold % profile.abi.alignment !== 0
        ? `the threshold must be a multiple of the alignment (${profile.abi.alignment}), not ${threshold}`
        : header + 2 * threshold > poolBytes
          ? `a pool of ${poolBytes} bytes must hold two blocks of the threshold (${threshold}) beside its header (${header})`
          : !(Number.isInteger(initialArenaObjects) && initialArenaObjects > 0)
            ? `the first arena vector must have at least one record, not ${initialArenaObjects}`
            : undefined;
  if (broken !== undefined) {
    throw new PyrenaError("bad-argument", `profile ${profile.name}: pymalloc's ${broken}`);
  }
}
