import {
  type HeapVisitor,
  type HeapWalker,
  ilp32,
  lp64,
  type PyMemAllocatorEx,
  type RegionKind,
} from "@pyrena/abi";
import { type HeapWalkerSubject, heapWalkerLaws, nullWalker } from "@pyrena/conformance";
import { describe, expect, it } from "vitest";
import { broken } from "./broken.ts";
import { plainSubject } from "./plain-subject.ts";

/** The plain allocator with another walker. */
function subject(change: (walker: HeapWalker) => Partial<HeapWalker>): HeapWalkerSubject {
  const plain = plainSubject();
  const { walker } = plain.allocator;
  return { ...plain, walker: { ...walker, ...change(walker) } };
}

describe.each([lp64, ilp32])("a correct walker on $name", (abi) => {
  it.each(heapWalkerLaws)("obeys: $name", (law) => {
    law.check(() => plainSubject(abi));
  });
});

/** Passes a walk on with its blocks changed. */
function blocks(
  walker: HeapWalker,
  change: (
    block: (address: number, bytes: number, live: boolean, sizeClass: number) => void,
  ) => NonNullable<HeapVisitor["block"]>,
): Partial<HeapWalker> {
  return {
    walk: (visitor) =>
      walker.walk({
        ...visitor,
        ...(visitor.block && { block: change(visitor.block.bind(visitor)) }),
      }),
  };
}

const mistakes: readonly [string, law: string, Parameters<typeof subject>[0]][] = [
  [
    "leaves a block out now and then",
    "W1",
    (w) =>
      blocks(
        w,
        (block) =>
          (at, ...rest) =>
            at % 1024 === 0 ? undefined : block(at, ...rest),
      ),
  ],
  [
    "shows a block twice",
    "W1",
    (w) =>
      blocks(w, (block) => (at, bytes, live, sizeClass) => {
        block(at, bytes, live, sizeClass);
        if (at % 1024 === 0) block(at, bytes, live, sizeClass);
      }),
  ],
  [
    "shows live blocks as free",
    "W1",
    (w) => blocks(w, (block) => (at, bytes, live, c) => block(at, bytes, live && bytes !== 64, c)),
  ],
  [
    "shows free blocks as live",
    "W1",
    (w) => ({
      walk: (visitor) => {
        let count = 0;
        w.walk({ block: () => void count++ });
        w.walk(visitor);
        if (count > 5) visitor.block?.(1 << 17, 16, true, -1);
      },
    }),
  ],
  [
    "shows blocks shorter than they are",
    "W1",
    (w) => blocks(w, (block) => (at, bytes, live, c) => block(at, bytes >> 1, live, c)),
  ],
  ["throws when it walks", "W1", () => ({ walk: () => fail("walked off") })],
  ["has nothing", "W1", () => nullWalker],
  [
    "says one byte more than it walks",
    "W2",
    (w) => ({ usableSize: (address) => w.usableSize(address) + 1 }),
  ],
  ["owns every number", "W3", () => ({ owns: () => true })],
  ["owns NULL", "W3", (w) => ({ owns: (address) => address === 0 || w.owns(address) })],
  ["owns what is 2^32 further on", "W3", (w) => ({ owns: (address) => w.owns(address >>> 0) })],
  [
    "does not own the last byte of a region",
    "W3",
    (w) => ({ owns: (address) => w.owns(address) && w.owns(address + 1) }),
  ],
  ["throws at foreign addresses", "W3", (w) => ({ owns: (a) => w.owns(a) || fail("foreign") })],
  [
    "answers owns with a number",
    "W3",
    (w) => ({ owns: (address) => (w.owns(address) ? 1 : 0) as unknown as boolean }),
  ],
  [
    "goes through the blocks backwards",
    "W4",
    (w) => ({
      walk: (visitor) => {
        const all: [number, number, boolean, number][] = [];
        const { block } = visitor;
        w.walk({ ...visitor, ...(block && { block: (...args) => void all.push(args) }) });
        for (const args of all.reverse()) block?.(...args);
      },
    }),
  ],
  [
    "shows blocks so long that they overlap",
    "W4",
    (w) => blocks(w, (block) => (at, bytes, live, c) => block(at, bytes + 16, live, c)),
  ],
  [
    "calls block before region",
    "W4",
    (w) => ({
      walk: (visitor) => {
        visitor.block?.(512, 16, false, -1);
        w.walk(visitor);
      },
    }),
  ],
  [
    "calls a region something else",
    "W4",
    (w) => ({
      walk: (visitor) =>
        w.walk({
          ...visitor,
          region: (base, bytes, _kind, ...rest) =>
            visitor.region?.(base, bytes, "page" as RegionKind, ...rest),
        }),
    }),
  ],
  [
    "relies on every method of the visitor",
    "W5",
    (w) => ({
      walk: (visitor) => {
        if (visitor.region === undefined) throw new TypeError("visitor.region is not a function");
        w.walk(visitor);
      },
    }),
  ],
  [
    "shows what the visitor skips",
    "W5",
    (w) => ({
      walk: (visitor) =>
        w.walk({
          ...visitor,
          region: (...args) => {
            visitor.region?.(...args);
          },
        }),
    }),
  ],
  ["finds fault with a heap in order", "W6", () => ({ verify: () => fail("P3: broken") })],
];

function fail(message: string): never {
  throw new Error(message);
}

describe("a walker that", () => {
  it.each(mistakes)("%s is caught by %s", (_, law, change) => {
    const found = broken(heapWalkerLaws, () => subject(change));
    expect(found).toContainEqual({ law, told: law });
  });

  it("marks what it has seen in the heap is caught by W6", () => {
    const found = broken(heapWalkerLaws, () => {
      const plain = plainSubject();
      const { walker } = plain.allocator;
      const walk = (visitor: HeapVisitor): void => {
        plain.memory.u8[16] ^= 1;
        walker.walk(visitor);
      };
      return { ...plain, walker: { ...walker, walk } };
    });
    expect(found).toContainEqual({ law: "W6", told: "W6" });
  });

  it("is missing is told", () => {
    const { allocator, ...rest } = plainSubject();
    const { walker, ...without } = allocator;
    expect(walker.name).toBe("plain");
    const found = broken(heapWalkerLaws, () => ({
      ...rest,
      allocator: without as PyMemAllocatorEx,
    }));
    expect(found.map(({ told }) => told)).toEqual(heapWalkerLaws.map(() => "W1"));
  });
});

/** One arena of 8 pools of 256 bytes at 4096, of which two are in use, and 16 bytes lost at its start. */
interface Tree {
  readonly region: Parameters<NonNullable<HeapVisitor["region"]>>;
  readonly pools: readonly {
    readonly pool: Parameters<NonNullable<HeapVisitor["pool"]>>;
    readonly blocks: readonly Parameters<NonNullable<HeapVisitor["block"]>>[];
  }[];
}

const tree: Tree = {
  region: [4096, 2064, "arena", 6, 256, 16],
  pools: [
    {
      pool: [4112, 256, 1, 32, 2, 6, 48],
      blocks: [
        [4160, 32, true, 1],
        [4192, 32, false, 1],
        [4224, 32, true, 1],
      ],
    },
    { pool: [4368, 256, 3, 64, 1, 3, 48], blocks: [[4416, 64, true, 3]] },
  ],
};

/** W4 looks at the tree alone, so a walker can show one that was made up. */
function walkerOf({ region, pools }: Tree): HeapWalker {
  return {
    ...nullWalker,
    walk: (visitor) => {
      if (visitor.region?.(...region) === false) return;
      for (const { pool, blocks: inside } of pools) {
        if (visitor.pool?.(...pool) === false) continue;
        for (const block of inside) visitor.block?.(...block);
      }
    },
  };
}

describe("the law of nesting, W4,", () => {
  const [law] = heapWalkerLaws.filter(({ id }) => id === "W4");
  const check = (shown: Tree): void =>
    law.check(() => ({ ...plainSubject(), walker: walkerOf(shown) }));
  const [first, second] = tree.pools;

  it("accepts pools that add up", () => {
    check(tree);
  });

  const wrong: readonly [string, message: RegExp, Tree][] = [
    [
      "one free pool too many",
      /2 pools in use and 7 free/,
      { ...tree, region: [4096, 2064, "arena", 7, 256, 16] },
    ],
    [
      "alignment that is not counted",
      /0 lost to alignment/,
      { ...tree, region: [4096, 2064, "arena", 6, 256, 0] },
    ],
    [
      "pools in a region that says it has none",
      /says that it has none/,
      { ...tree, region: [4096, 2064, "arena", 0, 0, 16] },
    ],
    ["a negative count", /negative/, { ...tree, region: [4096, 2064, "arena", -6, 256, 16] }],
    [
      "a region beyond the memory",
      /beyond the memory/,
      { ...tree, region: [4096, 2 ** 31, "arena", 6, 256, 16] },
    ],
    ["pools out of order", /overlaps the one before/, { ...tree, pools: [second, first] }],
    [
      "a pool of another size",
      /its region says 256/,
      { ...tree, pools: [{ ...first, pool: [4112, 128, 1, 32, 2, 6, 48] }, second] },
    ],
    [
      "a wrong number of live blocks",
      /says 3 blocks of 6 are in use; 2 live/,
      { ...tree, pools: [{ ...first, pool: [4112, 256, 1, 32, 3, 6, 48] }, second] },
    ],
    [
      "more blocks than fit",
      /says 2 blocks of 2/,
      { ...tree, pools: [{ ...first, pool: [4112, 256, 1, 32, 2, 2, 48] }, second] },
    ],
    [
      "a capacity that the pool has no room for",
      /cannot hold 7 blocks/,
      { ...tree, pools: [{ ...first, pool: [4112, 256, 1, 32, 2, 7, 48] }, second] },
    ],
    [
      "a pool without a live block",
      /0 live blocks/,
      {
        ...tree,
        pools: [{ pool: [4112, 256, 1, 32, 0, 6, 48], blocks: [[4160, 32, false, 1]] }, second],
      },
    ],
    [
      "a block of another class",
      /does not fit the class/,
      { ...tree, pools: [first, { ...second, blocks: [[4416, 64, true, 2]] }] },
    ],
    [
      "a block in the pool's header",
      /lies outside the pool/,
      { ...tree, pools: [first, { ...second, blocks: [[4368, 64, true, 3]] }] },
    ],
    [
      "a block beyond the pool's end",
      /lies outside the pool/,
      { ...tree, pools: [first, { ...second, blocks: [[4608, 64, true, 3]] }] },
    ],
  ];

  it.each(wrong)("rejects %s", (_, message, shown) => {
    expect(() => check(shown)).toThrow(message);
  });
});
