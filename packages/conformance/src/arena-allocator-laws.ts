/** The laws S1 to S3 of `PyObjectArenaAllocator`, as its docstring in `@pyrena/abi` states them. */
import {
  type Abi,
  type Address,
  hex,
  type LinearMemory,
  NULL,
  type PyObjectArenaAllocator,
} from "@pyrena/abi";
import { type Law, lawBroken, messageOf } from "./law.ts";
import { type LiveBlock, LiveBlocks } from "./live-blocks.ts";
import { impossibleBytes, mayExhaust } from "./subject.ts";

/** An arena source under test and its surroundings. */
export interface ArenaAllocatorSubject {
  readonly arenas: PyObjectArenaAllocator;
  /** The memory in which its regions lie. 4 to 32 MiB at most is best: some laws use all of it up. */
  readonly memory: LinearMemory;
  readonly abi: Abi;
  /** Size of most requests, in bytes; default 256 KiB. */
  readonly arenaBytes?: number | undefined;
  /** Whether the laws may use up all memory (default true). */
  readonly exhaustible?: boolean | undefined;
  /** Checks the implementation's own invariants. */
  readonly verify?: (() => void) | undefined;
}

/** Guarded calls and the model. */
class Bench {
  readonly subject: ArenaAllocatorSubject;
  readonly arenaBytes: number;
  readonly live: LiveBlocks;
  readonly #law: string;

  constructor(make: () => ArenaAllocatorSubject, law: string) {
    this.subject = make();
    this.arenaBytes = this.subject.arenaBytes ?? 256 * 1024;
    this.live = new LiveBlocks(this.subject.memory, this.subject.abi);
    this.#law = law;
  }

  /** A region, or NULL; a base that is no address, or lies wrong, breaks S1. */
  alloc(bytes: number): Address {
    const { alloc, ctx } = this.subject.arenas;
    const base = this.#guard(`alloc(${bytes})`, () => alloc(ctx, bytes));
    if (typeof base !== "number" || base >>> 0 !== base)
      lawBroken("S1", `alloc(${bytes}) returned ${String(base)}, which is no address`);
    return base;
  }

  /** A region that there must be room for. */
  take(bytes: number): LiveBlock {
    const call = `alloc(${bytes})`;
    const base = this.alloc(bytes);
    if (base === NULL)
      lawBroken(this.#law, `${call} returned NULL although little of the memory is in use`);
    return this.enter(base, bytes);
  }

  enter(base: Address, bytes: number): LiveBlock {
    const call = `alloc(${bytes})`;
    const { alignment } = this.subject.abi;
    if (base % alignment !== 0)
      lawBroken("S1", `${call} returned ${hex(base)}, not a multiple of ${alignment}`);
    this.subject.memory.refresh();
    if (base + bytes > this.subject.memory.byteLength)
      lawBroken("S1", `${call} returned ${hex(base)}, which reaches beyond the memory`);
    return this.live.add(base, bytes, call, "S1");
  }

  drop(region: LiveBlock): void {
    this.live.check(region, "S1", "while it was live");
    this.live.remove(region);
    const { free, ctx } = this.subject.arenas;
    this.#guard(`free(${hex(region.address)}, ${region.bytes})`, () =>
      free(ctx, region.address, region.bytes),
    );
  }

  verify(when: string): void {
    const { verify } = this.subject;
    if (verify === undefined) return;
    try {
      verify();
    } catch (cause) {
      lawBroken(
        this.#law,
        `the source does not pass its own verify() ${when}: ${messageOf(cause)}`,
        {
          cause,
        },
      );
    }
  }

  /** Regions of one size until there is no more. */
  fillUp(bytes: number): number {
    let count = 0;
    for (let base = this.alloc(bytes); base !== NULL; base = this.alloc(bytes)) {
      this.enter(base, bytes);
      count += 1;
    }
    return count;
  }

  finish(): void {
    this.live.checkAll("S1", "while it was live");
    const regions = [...this.live];
    for (const region of regions.filter((_, n) => n % 2 === 1)) this.drop(region);
    this.live.checkAll("S1", "when other regions were freed");
    for (const region of regions.filter((_, n) => n % 2 === 0)) this.drop(region);
    this.verify("at the end");
  }

  #guard<Result>(call: string, run: () => Result): Result {
    try {
      return run();
    } catch (cause) {
      return lawBroken(this.#law, `${call} threw ${messageOf(cause)}`, { cause });
    }
  }
}

function checkRegions(make: () => ArenaAllocatorSubject): void {
  const bench = new Bench(make, "S1");
  const { arenaBytes } = bench;
  for (let n = 0; n < 4; n++) bench.take(arenaBytes);
  // Since CPython 3.11 the interpreter's data stack asks for chunks of 16 KiB here; nothing promises one size.
  bench.take(16_384);
  bench.take(arenaBytes);
  bench.take(arenaBytes + 4096);
  bench.take(4096);
  bench.live.checkAll("S1", "when other regions were allocated and filled");
  bench.finish();
}

function checkGivenBack(make: () => ArenaAllocatorSubject): void {
  const bench = new Bench(make, "S2");
  const { arenaBytes } = bench;
  // Much more than the memory holds, over and over in the same few regions.
  const rounds = Math.min(200, 3 * Math.ceil(bench.subject.memory.maxByteLength / arenaBytes));
  const kept = bench.take(arenaBytes);
  for (let n = 0; n < rounds; n++) {
    const one = bench.take(arenaBytes);
    const two = bench.take(arenaBytes);
    for (const region of n % 2 === 0 ? [one, two] : [two, one]) bench.drop(region);
    if (n % 16 === 0) bench.verify("after regions were given back");
  }
  bench.live.check(kept, "S2", "when other regions were freed");
  bench.drop(kept);
  if (mayExhaust(bench.subject)) {
    const first = bench.fillUp(arenaBytes);
    for (const region of [...bench.live].toReversed()) bench.drop(region);
    const second = bench.fillUp(arenaBytes);
    if (second < first)
      lawBroken("S2", `the memory held ${first} regions, and after all were freed only ${second}`);
  }
  bench.finish();
}

function checkWantOfMemory(make: () => ArenaAllocatorSubject): void {
  const bench = new Bench(make, "S3");
  const { subject, arenaBytes, live } = bench;
  const tooMuch = impossibleBytes(subject);
  const kept = bench.take(arenaBytes);
  const refused = (bytes: number): void => {
    const base = bench.alloc(bytes);
    if (base !== NULL)
      lawBroken("S3", `alloc(${bytes}) returned ${hex(base)}, but there is no such room`);
  };
  for (let n = 0; n < 3; n++) refused(tooMuch);
  bench.verify("after a request that could not be met");
  live.check(kept, "S3", "by a request that could not be met");
  if (mayExhaust(subject)) {
    bench.fillUp(arenaBytes);
    for (let n = 0; n < 3; n++) refused(arenaBytes);
    live.checkAll("S3", "when memory was used up");
    bench.verify("when memory is used up");
    const [some] = live;
    bench.drop(some);
    bench.take(arenaBytes);
    refused(arenaBytes);
  }
  bench.finish();
}

/** The laws of an arena source. */
export const arenaAllocatorLaws: readonly Law<ArenaAllocatorSubject>[] = Object.freeze([
  { id: "S1", name: "S1 a region is aligned and overlaps no other", check: checkRegions },
  { id: "S2", name: "S2 free takes back what alloc gave", check: checkGivenBack },
  {
    id: "S3",
    name: "S3 want of memory is answered with NULL and does no harm",
    check: checkWantOfMemory,
  },
]);
