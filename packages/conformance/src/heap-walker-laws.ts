/**
 * The laws of `HeapWalker`, whose docstring is in `@pyrena/abi`:
 *
 * - W1 The live blocks that are walked are the live blocks there are, each once, with at least the bytes asked for.
 * - W2 `usableSize` of a live block is the size that the walk gives it.
 * - W3 `owns` is true for every address in a walked region and for no other number at all.
 * - W4 Regions, pools and blocks nest, are in order of address and do not overlap; pools, free pools and bytes lost to
 *   alignment add up to the region; live blocks in a pool are as many as the pool says and no more than fit.
 * - W5 A visitor may lack any method and may skip what is inside a region or pool.
 * - W6 Walking changes nothing, and `verify` passes on every heap that lawful calls have made.
 */
import { type Address, type HeapWalker, hex, NULL } from "@pyrena/abi";
import { type Law, lawBroken, messageOf } from "./law.ts";
import type { LiveBlock } from "./live-blocks.ts";
import { ProgramRun } from "./program-run.ts";
import { type Program, randomProgram } from "./random-program.ts";
import type { AllocatorSubject } from "./subject.ts";
import { type Block, blocksOf, type Pool, type Region, walked } from "./walked-heap.ts";

/** An allocator that can be walked, and what its walker is responsible for. */
export interface HeapWalkerSubject extends AllocatorSubject {
  /** Default: the allocator's own. */
  readonly walker?: HeapWalker | undefined;
  /**
   * Whether a fresh request of so many bytes is served from the walked memory, and not passed on to another allocator
   * (default: always). pymalloc: `(bytes) => bytes >= 1 && bytes <= threshold`.
   */
  readonly ownsRequest?: ((bytes: number) => boolean) | undefined;
}

/** The walker, or a clear answer where there is none. */
function walkerOf(subject: HeapWalkerSubject): HeapWalker {
  const walker = subject.walker ?? subject.allocator.walker;
  if (walker === undefined) lawBroken("W1", "the allocator has no walker");
  return walker;
}

/** Programs that leave the heap in states worth looking at. */
const programs: readonly Program[] = [11, 12, 13].map((seed) =>
  randomProgram(seed, { length: 240, slots: 25 * (seed - 10) }),
);

/**
 * Run the programs; look at the heap after every few steps, at the end, and after all is freed.
 * @param look the check; `fresh` has the live blocks that came from `malloc` or `calloc` and not from `realloc`
 */
function watch(
  make: () => HeapWalkerSubject,
  law: string,
  look: (
    subject: HeapWalkerSubject,
    walker: HeapWalker,
    run: ProgramRun,
    fresh: ReadonlySet<LiveBlock>,
    /** Live blocks that the walk showed before the first call: another layer's, the allocator's own. */
    older: ReadonlySet<Address>,
  ) => void,
): void {
  for (const program of programs) {
    const subject = make();
    const walker = walkerOf(subject);
    const older = new Set(
      blocksOf(walked(walker))
        .filter((block) => block.live)
        .map((block) => block.address),
    );
    const run = new ProgramRun(subject);
    const fresh = new Set<LiveBlock>();
    look(subject, walker, run, fresh, older);
    for (const operation of program) {
      const before = run.block(operation.slot);
      if (before !== undefined) fresh.delete(before);
      run.step(operation);
      const block = run.block(operation.slot);
      if (block !== undefined && operation.op !== "realloc") fresh.add(block);
      if (run.steps % 12 === 0) look(subject, walker, run, fresh, older);
    }
    look(subject, walker, run, fresh, older);
    run.finish();
    look(subject, walker, run, new Set(), older);
    run.live.checkAll(law, "by walking");
  }
}

function checkLiveBlocks(make: () => HeapWalkerSubject): void {
  watch(make, "W1", (subject, walker, run, fresh, older) => {
    const ownsRequest = subject.ownsRequest ?? (() => true);
    const seen = new Set<Address>();
    for (const block of blocksOf(walked(walker))) {
      if (seen.has(block.address))
        lawBroken("W1", `the block at ${hex(block.address)} was walked twice`);
      seen.add(block.address);
      const known = run.live.get(block.address);
      if (known === undefined) {
        if (block.live && !older.has(block.address))
          lawBroken(
            "W1",
            `a live block was walked at ${hex(block.address)}, but none is live there`,
          );
        continue;
      }
      if (!block.live)
        lawBroken("W1", `the live block at ${hex(block.address)} was walked as a free one`);
      if (block.bytes < known.bytes) {
        lawBroken(
          "W1",
          `the live block at ${hex(block.address)}, of ${known.bytes} bytes, was walked with ${block.bytes}`,
        );
      }
    }
    for (const block of run.live) {
      if (seen.has(block.address)) continue;
      const missed = fresh.has(block) ? ownsRequest(block.bytes) : owns(walker, block.address);
      if (missed) {
        lawBroken(
          "W1",
          `the live block of ${block.bytes} bytes at ${hex(block.address)} was not walked`,
          { address: block.address, size: block.bytes },
        );
      }
    }
  });
}

function checkUsableSize(make: () => HeapWalkerSubject): void {
  watch(make, "W2", (_, walker, run) => {
    for (const block of blocksOf(walked(walker))) {
      const known = run.live.get(block.address);
      if (known === undefined) continue;
      let usable: number;
      try {
        usable = walker.usableSize(block.address);
      } catch (cause) {
        lawBroken(
          "W2",
          `usableSize(${hex(block.address)}) of a live block threw ${messageOf(cause)}`,
        );
      }
      if (usable !== block.bytes || !(usable >= known.bytes)) {
        lawBroken(
          "W2",
          `usableSize(${hex(block.address)}) is ${usable}; ${block.bytes} bytes were walked and ${known.bytes} asked for`,
        );
      }
    }
  });
}

/** `owns`, which must not throw and must say true or false. */
function owns(walker: HeapWalker, address: Address): boolean {
  let answer: unknown;
  try {
    answer = walker.owns(address);
  } catch (cause) {
    return lawBroken("W3", `owns(${address}) threw ${messageOf(cause)}`, { cause });
  }
  if (typeof answer !== "boolean")
    return lawBroken("W3", `owns(${address}) returned ${String(answer)}, not a boolean`);
  return answer;
}

function checkOwns(make: () => HeapWalkerSubject): void {
  const seen: Region[] = [];
  watch(make, "W3", (subject, walker, run) => {
    const regions = walked(walker);
    const inside = (address: Address): boolean =>
      regions.some((region) => address >= region.base && address < region.base + region.bytes);
    const expect = (address: Address): void => {
      const expected = inside(address);
      if (owns(walker, address) !== expected) {
        lawBroken(
          "W3",
          `owns(${hex(address)}) is ${!expected}, but the address lies in ${expected ? "a" : "no"} region`,
          { address },
        );
      }
    };
    for (const region of regions) {
      for (const at of [0, 1, region.bytes >>> 1, region.bytes - 1, region.bytes, -1])
        if (region.base + at >= 0) expect(region.base + at);
      for (const { address, bytes } of blocksOf([region])) {
        expect(address);
        expect(address + Math.max(0, bytes - 1));
      }
      if (!seen.some((old) => old.base === region.base && old.bytes === region.bytes))
        seen.push(region);
    }
    // Regions that were there once and were given back, of this heap or of the one before.
    for (const region of seen) {
      expect(region.base);
      expect(region.base + (region.bytes >>> 1));
    }
    for (const block of run.live) expect(block.address);
    const end = subject.memory.byteLength;
    for (let at = 0; at < end; at += Math.max(4096, (end >>> 8) & ~15) + 16) expect(at);
    for (const foreign of [
      NULL,
      end,
      end + 16,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 32 + (regions[0]?.base ?? 64),
      2 ** 53,
      -1,
      -16,
      0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]) {
      const expected = Number.isInteger(foreign) && inside(foreign);
      if (owns(walker, foreign) !== expected)
        lawBroken("W3", `owns(${foreign}) is ${!expected}, but that number is no address of it`);
    }
  });
}

function checkNesting(make: () => HeapWalkerSubject): void {
  watch(make, "W4", (subject, walker) => {
    let end = 0;
    for (const region of walked(walker)) {
      const where = `region at ${hex(region.base)}`;
      if (region.kind !== "arena" && region.kind !== "segment")
        lawBroken("W4", `the ${where} is of kind '${String(region.kind)}'`);
      if (!(region.bytes > 0) || region.base < end)
        lawBroken("W4", `the ${where} overlaps the one before, or is empty or out of order`);
      end = region.base + region.bytes;
      if (end > subject.memory.byteLength)
        lawBroken("W4", `the ${where} reaches beyond the memory`);
      const { poolBytes, freePools, alignmentBytes, pools } = region;
      if (!(poolBytes >= 0 && freePools >= 0 && alignmentBytes >= 0))
        lawBroken("W4", `the ${where} has a negative count or NaN`);
      if (poolBytes === 0 && (freePools !== 0 || pools.length !== 0))
        lawBroken("W4", `the ${where} has pools but says that it has none`);
      if (
        poolBytes > 0 &&
        (pools.length + freePools) * poolBytes + alignmentBytes !== region.bytes
      ) {
        lawBroken(
          "W4",
          `the ${where} has ${region.bytes} bytes, but ${pools.length} pools in use and ${freePools} free of ${poolBytes} bytes and ${alignmentBytes} lost to alignment are not as many`,
        );
      }
      let poolEnd = region.base;
      for (const pool of pools) {
        checkPool(pool, region, poolEnd);
        poolEnd = pool.base + pool.bytes;
      }
      checkOrder(region.blocks, region.base, end, where);
    }
  });
}

function checkPool(pool: Pool, region: Region, from: Address): void {
  const where = `pool at ${hex(pool.base)}`;
  if (pool.bytes !== region.poolBytes)
    lawBroken("W4", `the ${where} has ${pool.bytes} bytes, its region says ${region.poolBytes}`);
  if (pool.base < from || pool.base + pool.bytes > region.base + region.bytes)
    lawBroken("W4", `the ${where} overlaps the one before, or lies outside its region`);
  const live = pool.blocks.filter((block) => block.live).length;
  if (pool.inUse !== live || live < 1 || pool.blocks.length > pool.capacity) {
    lawBroken(
      "W4",
      `the ${where} says ${pool.inUse} blocks of ${pool.capacity} are in use; ${live} live blocks of ${pool.blocks.length} were walked`,
    );
  }
  if (pool.headerBytes + pool.capacity * pool.blockBytes > pool.bytes)
    lawBroken("W4", `the ${where} cannot hold ${pool.capacity} blocks of ${pool.blockBytes} bytes`);
  for (const block of pool.blocks) {
    if (block.sizeClass !== pool.sizeClass || block.bytes > pool.blockBytes)
      lawBroken("W4", `the block at ${hex(block.address)} does not fit the class of its pool`);
  }
  checkOrder(pool.blocks, pool.base + pool.headerBytes, pool.base + pool.bytes, where);
}

function checkOrder(blocks: readonly Block[], from: Address, to: Address, where: string): void {
  let end = from;
  for (const block of blocks) {
    if (block.address < end || block.address + block.bytes > to || !(block.bytes >= 0)) {
      lawBroken(
        "W4",
        `the block of ${block.bytes} bytes at ${hex(block.address)} overlaps the one before, is out of order, or lies outside the ${where}`,
        { address: block.address, size: block.bytes },
      );
    }
    end = block.address + block.bytes;
  }
}

function checkVisitors(make: () => HeapWalkerSubject): void {
  watch(make, "W5", (_, walker) => {
    const all = walked(walker);
    const count = (visitor: Parameters<HeapWalker["walk"]>[0], what: string): void => {
      try {
        walker.walk(visitor);
      } catch (cause) {
        lawBroken("W5", `walk with a visitor that ${what} threw ${messageOf(cause)}`, { cause });
      }
    };
    let blocks = 0;
    let pools = 0;
    let regions = 0;
    count({}, "has no method");
    count({ block: () => void blocks++ }, "has only block");
    if (blocks !== blocksOf(all).length)
      lawBroken("W5", `a visitor with only block saw ${blocks} blocks of ${blocksOf(all).length}`);
    count({ pool: () => void pools++ }, "has only pool");
    if (pools !== all.reduce((sum, region) => sum + region.pools.length, 0))
      lawBroken("W5", `a visitor with only pool saw ${pools} pools`);
    blocks = 0;
    pools = 0;
    count(
      {
        region: () => {
          regions++;
          return false;
        },
        pool: () => void pools++,
        block: () => void blocks++,
      },
      "skips regions",
    );
    if (regions !== all.length || pools + blocks > 0) {
      lawBroken(
        "W5",
        `a visitor that skips regions saw ${regions} of ${all.length} and in them ${pools} pools, ${blocks} blocks`,
      );
    }
    blocks = 0;
    count({ pool: () => false, block: () => void blocks++ }, "skips pools");
    const loose = all.reduce((sum, region) => sum + region.blocks.length, 0);
    if (blocks !== loose)
      lawBroken("W5", `a visitor that skips pools saw ${blocks} blocks, and ${loose} are in none`);
  });
}

function checkPassive(make: () => HeapWalkerSubject): void {
  watch(make, "W6", (subject, walker) => {
    subject.memory.refresh();
    const before = subject.memory.u8.slice();
    walked(walker);
    try {
      walker.verify();
    } catch (cause) {
      lawBroken("W6", `verify finds fault with a heap that is in order: ${messageOf(cause)}`, {
        cause,
      });
    }
    owns(walker, 4096);
    subject.memory.refresh();
    if (subject.memory.byteLength !== before.length)
      lawBroken("W6", "walking changed the size of the memory");
    const changed = firstDifference(before, subject.memory.u8);
    if (changed >= 0) lawBroken("W6", `walking or verifying changed the byte at ${hex(changed)}`);
  });
}

function firstDifference(one: Uint8Array, other: Uint8Array): number {
  // Memories are whole pages: words will do.
  const left = new Uint32Array(one.buffer, one.byteOffset, one.length >>> 2);
  const right = new Uint32Array(other.buffer, other.byteOffset, other.length >>> 2);
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return at * 4;
  return -1;
}

/** The laws of a heap walker. */
export const heapWalkerLaws: readonly Law<HeapWalkerSubject>[] = Object.freeze([
  {
    id: "W1",
    name: "W1 the live blocks that are walked are those there are",
    check: checkLiveBlocks,
  },
  { id: "W2", name: "W2 usableSize is the size walked", check: checkUsableSize },
  { id: "W3", name: "W3 owns is right for every number", check: checkOwns },
  { id: "W4", name: "W4 regions, pools and blocks nest and add up", check: checkNesting },
  { id: "W5", name: "W5 a visitor takes what it wants", check: checkVisitors },
  { id: "W6", name: "W6 walking changes nothing and verify passes", check: checkPassive },
]);
