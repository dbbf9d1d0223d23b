/**
 * The laws A1 to A8 of `PyMemAllocatorEx`, as its docstring in `@pyrena/abi` states them, and random programs that
 * check A1 to A7 all at once.
 */
import { type Address, NULL } from "@pyrena/abi";
import { checkProgram } from "./check-program.ts";
import { type Law, lawBroken, messageOf } from "./law.ts";
import { type LiveBlock, LiveBlocks } from "./live-blocks.ts";
import { randomProgram } from "./random-program.ts";
import {
  type AllocatorSubject,
  Calls,
  impossibleBytes,
  mayExhaust,
  verifySubject,
} from "./subject.ts";

/** Sizes on both sides of every border: the alignments, the size classes, pymalloc's limit, pages. */
const SIZES: readonly number[] = [
  1, 2, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 63, 64, 65, 95, 96, 97, 111, 112, 113, 127,
  128, 129, 255, 256, 257, 400, 511, 512, 513, 600, 1000, 1024, 1025, 2047, 2048, 2049, 4080, 4096,
  4097, 8192, 10_000,
];

/** What every law works with: a fresh subject, guarded calls, the model. */
interface Bench {
  readonly subject: AllocatorSubject;
  readonly calls: Calls;
  readonly live: LiveBlocks;
  /** A block that a fresh heap has room for, entered into the model. */
  take(bytes: number): LiveBlock;
  /** Enter the result of a call that must succeed. */
  enter(address: Address, bytes: number, call: string): LiveBlock;
  /** Check a block, forget it and free it. */
  drop(block: LiveBlock): void;
  /** Check all contents, free all blocks in the given order (default: by address), verify. */
  finish(order?: (blocks: LiveBlock[]) => LiveBlock[]): void;
}

function bench(make: () => AllocatorSubject, law: string): Bench {
  const subject = make();
  const calls = new Calls(subject.allocator, law);
  const live = new LiveBlocks(subject.memory, subject.abi);
  const enter = (address: Address, bytes: number, call: string): LiveBlock => {
    if (address === NULL) {
      const why =
        subject.reuses === false
          ? ": give an allocator that reuses nothing a larger memory, 8 MiB or more"
          : " although little of the memory is in use";
      lawBroken(law, `${call} returned NULL${why}`, { size: bytes });
    }
    return live.add(address, bytes, call, law);
  };
  const drop = (block: LiveBlock): void => {
    live.check(block, law, "while it was live");
    live.remove(block);
    calls.free(block.address);
  };
  return {
    subject,
    calls,
    live,
    enter,
    drop,
    take: (bytes) => enter(calls.malloc(bytes), bytes, `malloc(${bytes})`),
    finish: (order = (blocks) => blocks) => {
      live.checkAll(law, "while it was live");
      for (const block of order([...live])) drop(block);
      verifySubject(subject, law, "at the end");
    },
  };
}

/** Every other one, then the rest backwards: neither stack nor queue. */
function shuffled(blocks: LiveBlock[]): LiveBlock[] {
  return [
    ...blocks.filter((_, n) => n % 2 === 0),
    ...blocks.filter((_, n) => n % 2 === 1).toReversed(),
  ];
}

function checkBlocks(make: () => AllocatorSubject): void {
  const { take, live, finish, drop } = bench(make, "A1");
  for (const bytes of SIZES) take(bytes);
  // Enough of one size to need a second pool and, with the tiny profile, a second arena.
  for (let n = 0; n < 60; n++) take(96);
  live.checkAll("A1", "when other blocks were allocated and filled");
  // Holes, and new blocks in them.
  for (const block of shuffled([...live]).slice(0, Math.floor(live.count / 2))) drop(block);
  live.checkAll("A1", "when other blocks were freed");
  for (const bytes of SIZES.toReversed()) take(bytes);
  finish(shuffled);
}

function checkZeroBytes(make: () => AllocatorSubject): void {
  const { calls, enter, take, finish } = bench(make, "A2");
  for (let n = 0; n < 20; n++) {
    take(0);
    enter(calls.calloc(0, 8), 0, "calloc(0, 8)");
    enter(calls.calloc(8, 0), 0, "calloc(8, 0)");
    enter(calls.calloc(0, 0), 0, "calloc(0, 0)");
    take(16);
  }
  finish(shuffled);
}

function checkCalloc(make: () => AllocatorSubject): void {
  const { calls, live, take, enter, drop, finish } = bench(make, "A3");
  const shapes = SIZES.flatMap((bytes): [number, number][] => [
    [bytes, 1],
    [1, bytes],
    [Math.ceil(bytes / 24), 24],
  ]);
  for (let round = 0; round < 2; round++) {
    // The model has filled these; the callocs that follow get their memory.
    for (const [nelem, elsize] of shapes) take(nelem * elsize);
    for (const block of shuffled([...live])) drop(block);
    for (const [nelem, elsize] of shapes) {
      const call = `calloc(${nelem}, ${elsize})`;
      const bytes = nelem * elsize;
      const address = calls.calloc(nelem, elsize);
      const dirty = address === NULL ? -1 : live.firstNonZero(address, bytes);
      if (dirty >= 0) {
        lawBroken("A3", `byte ${dirty} of the ${bytes} that ${call} returned is not 0`, {
          address,
          size: bytes,
        });
      }
      enter(address, bytes, call);
    }
    for (const block of shuffled([...live])) drop(block);
  }
  finish();
}

function checkReallocEnds(make: () => AllocatorSubject): void {
  const { calls, live, take, enter, finish } = bench(make, "A4");
  for (const bytes of [0, ...SIZES])
    enter(calls.realloc(NULL, bytes), bytes, `realloc(NULL, ${bytes})`);
  live.checkAll("A4", "when other blocks were allocated by realloc(NULL, …)");
  for (const bytes of SIZES) {
    const block = take(bytes);
    const call = `realloc(p, 0) of a block of ${bytes} bytes`;
    live.check(block, "A4", "while it was live");
    const address = calls.realloc(block.address, 0);
    live.remove(block);
    const minimal = enter(address, 0, call);
    // Were it freed, the next blocks would get its address.
    take(1);
    take(bytes);
    // It can grow again, and lives on.
    const grown = calls.realloc(minimal.address, bytes);
    live.remove(minimal);
    enter(grown, bytes, `realloc of that minimal block to ${bytes} bytes`);
  }
  finish(shuffled);
}

function checkReallocContents(make: () => AllocatorSubject): void {
  const { subject, calls, live, take, drop, finish } = bench(make, "A5");
  const resize = (block: LiveBlock, bytes: number): LiveBlock => {
    const call = `realloc of a block of ${block.bytes} bytes to ${bytes}`;
    const address = calls.realloc(block.address, bytes);
    if (address === NULL)
      lawBroken("A5", `${call} returned NULL although little of the memory is in use`);
    const lost = live.firstLost(block, address, Math.min(block.bytes, bytes));
    if (lost >= 0) lawBroken("A5", `${call} did not keep byte ${lost}`, { address, size: bytes });
    live.remove(block);
    return live.add(address, bytes, call, "A5");
  };
  for (const from of SIZES) {
    // A neighbour on each side, that growing in place must not run over.
    const before = take(from);
    let block = take(from);
    const after = take(from);
    for (const to of [from + 1, from, 2 * from, Math.ceil(from / 2), 1, 700, from, 5000, 17])
      block = resize(block, to);
    drop(before);
    block = resize(block, 3 * from);
    drop(after);
    block = resize(block, 4 * from);
    live.checkAll("A5", "when other blocks were resized");
    drop(block);
  }
  // Failure: the block stays live, unchanged, at its address, and belongs to nobody else.
  const tooMuch = impossibleBytes(subject);
  for (const bytes of SIZES) {
    const block = take(bytes);
    refuse(block, tooMuch);
    take(bytes);
    take(bytes);
    live.checkAll("A5", "after a realloc that failed");
  }
  if (mayExhaust(subject)) {
    const [first] = live;
    const room = fillUp(subject, calls, live, "A5");
    const target = live.get(first.address) as LiveBlock;
    refuse(target, Math.max(2 * room.largest, 1 << 20));
    if (live.firstLost(target, target.address, target.bytes) >= 0)
      lawBroken("A5", "a realloc that failed for want of memory changed the block");
    // Whatever is still to be had must not lie in the block that realloc could not move.
    for (let bytes = 512; bytes >= 1; bytes >>= 1) {
      const address = calls.malloc(bytes);
      if (address !== NULL) live.add(address, bytes, `malloc(${bytes}) after that`, "A5");
    }
  }
  finish(shuffled);

  function refuse(block: LiveBlock, bytes: number): void {
    const call = `realloc of a block of ${block.bytes} bytes to ${bytes}`;
    const address = calls.realloc(block.address, bytes);
    if (address !== NULL)
      lawBroken("A5", `${call} returned ${address}, but there is no such room`, { address });
    live.check(block, "A5", `in a ${call}, which failed`);
  }
}

function checkFreeNull(make: () => AllocatorSubject): void {
  const { calls, live, take, finish } = bench(make, "A6");
  calls.free(NULL);
  calls.free(NULL);
  for (const bytes of SIZES) {
    take(bytes);
    calls.free(NULL);
  }
  live.checkAll("A6", "by free(NULL)");
  for (const bytes of SIZES) take(bytes);
  finish();
}

/** What {@link fillUp} found. */
interface Filled {
  /** Largest block that could be had, in bytes. */
  readonly largest: number;
  /** Bytes asked for in all blocks that could be had. */
  readonly bytes: number;
}

/** Take all memory there is: ever smaller blocks, each size until NULL. */
function fillUp(subject: AllocatorSubject, calls: Calls, live: LiveBlocks, law: string): Filled {
  let largest = 0;
  let total = 0;
  const start = 2 ** Math.floor(Math.log2(impossibleBytes(subject)));
  for (let bytes = start; bytes >= 1; bytes /= 2) {
    for (;;) {
      const address = calls.malloc(bytes);
      if (address === NULL) break;
      live.add(address, bytes, `malloc(${bytes}) while memory is used up`, law);
      largest = Math.max(largest, bytes);
      total += bytes;
    }
  }
  return { largest, bytes: total };
}

function checkExhaustion(make: () => AllocatorSubject): void {
  const { subject, calls, live, take, drop } = bench(make, "A7");
  const kept = SIZES.map((bytes) => take(bytes));
  const tooMuch = impossibleBytes(subject);
  const refused = (call: string, address: Address): void => {
    if (address !== NULL)
      lawBroken("A7", `${call} returned ${address}, but there is no such room`, { address });
  };
  for (let n = 0; n < 3; n++) {
    refused(`malloc(${tooMuch})`, calls.malloc(tooMuch));
    refused(`calloc(${tooMuch}, 1)`, calls.calloc(tooMuch, 1));
    refused(`calloc(1, ${tooMuch})`, calls.calloc(1, tooMuch));
    refused(`realloc(NULL, ${tooMuch})`, calls.realloc(NULL, tooMuch));
    live.checkAll("A7", "by a request that could not be met");
    verifySubject(subject, "A7", "after a request that could not be met");
  }
  if (mayExhaust(subject)) {
    const first = fillUp(subject, calls, live, "A7");
    if (first.bytes === 0) lawBroken("A7", "nothing could be allocated, whatever the size");
    // It stays exhausted, says so in each of the three ways, and frees are still taken.
    for (let n = 0; n < 3; n++) {
      refused(`malloc(${first.largest * 2})`, calls.malloc(first.largest * 2));
      refused(`calloc(2, ${first.largest})`, calls.calloc(2, first.largest));
    }
    live.checkAll("A7", "when memory was used up");
    verifySubject(subject, "A7", "when memory is used up");
    for (const block of shuffled([...live])) if (!kept.includes(block)) drop(block);
    verifySubject(subject, "A7", "after memory was used up and given back");
    if (subject.reuses !== false) {
      const second = fillUp(subject, calls, live, "A7");
      if (second.bytes < first.bytes / 2) {
        lawBroken(
          "A7",
          `${first.bytes} bytes could be allocated until memory was used up, and when all of them were freed only ${second.bytes}`,
        );
      }
    }
  }
  live.checkAll("A7", "when memory was used up");
  for (const block of shuffled([...live])) drop(block);
  verifySubject(subject, "A7", "at the end");
}

function checkInstances(make: () => AllocatorSubject): void {
  // Two heaps, in turns: a variable that they share would mix them up.
  const benches = [bench(make, "A8"), bench(make, "A8")];
  for (const bytes of SIZES) for (const { take } of benches) take(bytes);
  for (let n = 0; n < 20; n++) {
    for (const { live, drop, take } of benches) {
      const blocks = [...live];
      const block = blocks[(n * 13) % blocks.length];
      drop(block);
      if (n % 2 === 1) take(block.bytes);
    }
  }
  for (const bytes of SIZES) for (const { take } of benches) take(bytes);
  for (const { finish } of benches) finish(shuffled);

  // One heap, two instances: what one of them keeps to itself the other does not know.
  const { subject, live } = bench(make, "A8");
  if (subject.attach === undefined) return;
  const both = [
    new Calls(subject.allocator, "A8"),
    new Calls(attached(subject.attach), "A8"),
  ] as const;
  for (let round = 0; round < 2; round++) {
    SIZES.forEach((bytes, n) => {
      for (const calls of both) {
        const address = calls.malloc(bytes);
        const call = `malloc(${bytes}) of ${calls === both[0] ? "the first" : "the attached"} instance`;
        if (address === NULL) lawBroken("A8", `${call} returned NULL`);
        live.add(address, bytes, call, "A8");
      }
      // Each frees and resizes what the other may have allocated.
      if (n % 3 === 2) {
        const blocks = [...live];
        const freed = blocks[(n * 7) % blocks.length];
        const resized = blocks[(n * 11 + 1) % blocks.length];
        live.check(freed, "A8", "while two instances worked");
        live.remove(freed);
        both[n % 2].free(freed.address);
        if (resized !== freed) {
          const address = both[(n + 1) % 2].realloc(resized.address, bytes);
          const keep = Math.min(bytes, resized.bytes);
          if (address === NULL || live.firstLost(resized, address, keep) >= 0)
            lawBroken(
              "A8",
              `realloc of a block of the other instance did not keep its ${keep} bytes`,
            );
          live.remove(resized);
          live.add(address, bytes, `realloc by the other instance to ${bytes} bytes`, "A8");
        }
      }
    });
  }
  live.checkAll("A8", "while two instances worked");
  [...live].forEach((block, n) => {
    live.remove(block);
    both[n % 2].free(block.address);
  });
  verifySubject(subject, "A8", "after two instances had worked on one heap");
}

function attached(attach: () => AllocatorSubject["allocator"]): AllocatorSubject["allocator"] {
  try {
    return attach();
  } catch (cause) {
    return lawBroken("A8", `a second instance could not be attached: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function checkPrograms(make: () => AllocatorSubject): void {
  const seeds = [1, 2, 3, 4, 5, 6];
  for (const seed of seeds) {
    const program = randomProgram(seed, { length: 400, slots: seed < 4 ? 40 : 150 });
    const run = checkProgram(make, program, `seed ${seed}`);
    if (run.granted === 0)
      lawBroken("A1", "every request of a random program returned NULL although little is in use");
  }
}

/** The laws of an allocator. */
export const allocatorLaws: readonly Law<AllocatorSubject>[] = Object.freeze([
  {
    id: "A1",
    name: "A1 a block is aligned, holds what was asked for and overlaps no other",
    check: checkBlocks,
  },
  {
    id: "A2",
    name: "A2 a request of zero bytes yields a block of its own",
    check: checkZeroBytes,
  },
  { id: "A3", name: "A3 calloc returns zeroed memory", check: checkCalloc },
  {
    id: "A4",
    name: "A4 realloc of NULL allocates, realloc to zero bytes does not free",
    check: checkReallocEnds,
  },
  {
    id: "A5",
    name: "A5 realloc keeps contents, and leaves the block alone when it fails",
    check: checkReallocContents,
  },
  { id: "A6", name: "A6 free of NULL does nothing", check: checkFreeNull },
  {
    id: "A7",
    name: "A7 want of memory is answered with NULL and does no harm",
    check: checkExhaustion,
  },
  {
    id: "A8",
    name: "A8 instances share nothing but their heap (what several threads rely on)",
    check: checkInstances,
  },
  { id: "A1-A7", name: "A1 to A7 hold in random programs", check: checkPrograms },
]);
