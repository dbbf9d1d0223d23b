/**
 * What a profile fixes, as small integers: sizes, shifts, masks and offsets, so that nothing is divided or looked up
 * where blocks are handed out.
 *
 * Offsets named `…Word` are in units of 4 bytes, as indices into `memory.u32` are: relative to a pool's or an arena
 * record's own index.
 */
import { isPowerOfTwo, layoutOf, type Profile, PyrenaError, poolHeaderBytes } from "@pyrena/abi";
import { arenaObject } from "./arena.ts";
import { poolHeader } from "./pool.ts";

/**
 * The numbers of one profile.
 *
 * Fields are declared without initial values (here and in the context): a field that holds only small integers from
 * the start is read without a test by engines that specialise on it.
 */
export class Geometry {
  declare readonly profile: Profile;

  /** Largest request served from pools, in bytes. */
  declare readonly threshold: number;
  declare readonly alignment: number;
  /** log2 of the alignment. */
  declare readonly alignmentShift: number;
  declare readonly sizeClasses: number;
  /** Words in a pointer: 2 in lp64, 1 in ilp32. */
  declare readonly pointerWords: number;
  /** Offset of a pointer's upper half, which is 0, in words; in ilp32, where there is none, 0. */
  declare readonly upperWord: number;

  declare readonly poolBytes: number;
  /** log2 of the pool size. */
  declare readonly poolShift: number;
  declare readonly poolHeaderBytes: number;
  declare readonly poolHeaderWords: number;

  declare readonly arenaBytes: number;
  /** log2 of the arena size. */
  declare readonly arenaShift: number;
  declare readonly poolsPerArena: number;
  declare readonly arenaObjectBytes: number;
  declare readonly arenaObjectWords: number;
  declare readonly keepsLastArena: boolean;

  // In a pool header (pool.ts); count is at 0.
  declare readonly freeblockWord: number;
  declare readonly nextpoolWord: number;
  declare readonly prevpoolWord: number;
  declare readonly arenaindexWord: number;
  declare readonly szidxWord: number;
  declare readonly nextoffsetWord: number;
  declare readonly maxnextoffsetWord: number;

  // In an arena record (arena.ts); address is at 0.
  declare readonly poolAddressWord: number;
  declare readonly nfreepoolsWord: number;
  declare readonly ntotalpoolsWord: number;
  declare readonly freepoolsWord: number;
  declare readonly nextarenaWord: number;
  declare readonly prevarenaWord: number;

  /** @throws PyrenaError `bad-argument` naming the rule of pymalloc that the profile breaks */
  constructor(profile: Profile) {
    requireGeometry(profile);
    const { abi } = profile;
    const { threshold, poolBytes, arenaBytes, keepsLastArena } = profile.pymalloc;
    const pool = layoutOf(poolHeader, abi);
    const arena = layoutOf(arenaObject, abi);

    this.profile = profile;
    this.threshold = threshold;
    this.alignment = abi.alignment;
    this.alignmentShift = Math.log2(abi.alignment);
    this.sizeClasses = threshold / abi.alignment;
    this.pointerWords = abi.pointerBytes / 4;
    this.upperWord = this.pointerWords - 1;
    this.poolBytes = poolBytes;
    this.poolShift = Math.log2(poolBytes);
    this.poolHeaderBytes = poolHeaderBytes(profile);
    this.poolHeaderWords = this.poolHeaderBytes / 4;
    this.arenaBytes = arenaBytes;
    this.arenaShift = Math.log2(arenaBytes);
    this.poolsPerArena = arenaBytes / poolBytes;
    this.arenaObjectBytes = arena.bytes;
    this.arenaObjectWords = arena.bytes / 4;
    this.keepsLastArena = keepsLastArena;

    this.freeblockWord = pool.at.freeblock / 4;
    this.nextpoolWord = pool.at.nextpool / 4;
    this.prevpoolWord = pool.at.prevpool / 4;
    this.arenaindexWord = pool.at.arenaindex / 4;
    this.szidxWord = pool.at.szidx / 4;
    this.nextoffsetWord = pool.at.nextoffset / 4;
    this.maxnextoffsetWord = pool.at.maxnextoffset / 4;

    this.poolAddressWord = arena.at.pool_address / 4;
    this.nfreepoolsWord = arena.at.nfreepools / 4;
    this.ntotalpoolsWord = arena.at.ntotalpools / 4;
    this.freepoolsWord = arena.at.freepools / 4;
    this.nextarenaWord = arena.at.nextarena / 4;
    this.prevarenaWord = arena.at.prevarena / 4;
  }
}

function requireGeometry(profile: Profile): void {
  const { poolBytes, arenaBytes, threshold, initialArenaObjects } = profile.pymalloc;
  const header = poolHeaderBytes(profile);
  const rules: readonly (readonly [boolean, string])[] = [
    [isPowerOfTwo(poolBytes), `pools must be a power of two, not ${poolBytes} bytes`],
    [
      isPowerOfTwo(arenaBytes) && arenaBytes >= 4 * poolBytes,
      `arenas must be a power of two and at least 4 pools, not ${arenaBytes} bytes`,
    ],
    [
      threshold > 0 && threshold % profile.abi.alignment === 0,
      `the threshold must be a multiple of the alignment (${profile.abi.alignment}), not ${threshold}`,
    ],
    [
      header + 2 * threshold <= poolBytes,
      `a pool of ${poolBytes} bytes must hold two blocks of the threshold (${threshold}) beside its header (${header})`,
    ],
    [
      Number.isInteger(initialArenaObjects) && initialArenaObjects > 0,
      `the first arena vector must have at least one record, not ${initialArenaObjects}`,
    ],
  ];
  for (const [kept, rule] of rules) {
    if (!kept) throw new PyrenaError("bad-argument", `profile ${profile.name}: ${rule}`);
  }
}
