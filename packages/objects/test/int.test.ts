import { layoutOf } from "@pyrena/abi";
import { attachObjects } from "@pyrena/objects";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { intStruct } from "../src/types/int.ts";
import { failingHeap } from "./failing.ts";
import { everyProfile, testObjects } from "./heap.ts";

const interesting: readonly bigint[] = [
  ...[0n, 1n, 5n, 6n, 256n, 257n, 1024n, 1025n, 2n ** 15n, 2n ** 30n - 1n, 2n ** 30n, 2n ** 31n],
  ...[2n ** 53n, 2n ** 53n + 1n, 2n ** 60n - 1n, 2n ** 60n, 2n ** 61n - 1n, 2n ** 90n, 10n ** 100n],
].flatMap((value) => [value, -value]);

/** Ints of no, one, two and many digits. */
const anyInt = fc.oneof(
  fc.bigInt({ min: -300n, max: 1100n }),
  fc.bigInt({ min: -(2n ** 31n), max: 2n ** 31n }),
  fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
  fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }),
);

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

const models = {
  add: (a: bigint, b: bigint) => a + b,
  subtract: (a: bigint, b: bigint) => a - b,
  multiply: (a: bigint, b: bigint) => a * b,
  floorDivide,
  remainder: (a: bigint, b: bigint) => a - floorDivide(a, b) * b,
} as const;

const operations = Object.keys(models) as (keyof typeof models)[];

describe.each(everyProfile)("int in %s %s", (version, abi) => {
  const core = testObjects(version, abi);
  const { int, refs, protocol, memory, profile } = core;
  const { ob_size: SIZE, ob_digit: DIGITS } = layoutOf(intStruct, profile.abi).at;
  const [first, last] = profile.smallInts;
  const isSmall = (value: bigint): boolean => value >= first && value <= last;

  afterAll(() => core.inspect.verify());

  it("keeps any value", () => {
    for (const value of interesting) {
      const object = int.from(value);
      expect(BigInt(int.value(object))).toBe(value);
      expect(protocol.repr(object)).toBe(String(value));
      expect(protocol.isTrue(object)).toBe(value !== 0n);
      expect(int.isNegative(object)).toBe(value < 0n);
      const size = value < 0n ? -value : value;
      expect(int.bitLength(object)).toBe(value === 0n ? 0 : size.toString(2).length);
      if (Number.isSafeInteger(Number(value))) {
        const same = int.from(Number(value));
        expect(protocol.equal(object, same)).toBe(1);
        refs.decref(same);
      }
      refs.decref(object);
    }
  });

  it("has a size of 4 bytes a digit, one at least", () => {
    for (const [value, digits] of [
      [0n, 1],
      [-1n, 1],
      [2n ** 30n - 1n, 1],
      [2n ** 30n, 2],
      [-(2n ** 60n), 3],
      [2n ** 100n, 4],
    ] as const) {
      const object = int.from(value);
      expect(protocol.getsizeof(object)).toBe(DIGITS + 4 * digits);
      refs.decref(object);
    }
    expect(protocol.getsizeof(int.true)).toBe(DIGITS + 4);
  });

  it("stores sign and number of digits as CPython does", () => {
    const word = (value: bigint): number => {
      const object = int.from(value);
      const stored = memory.u32[(object + SIZE) >>> 2];
      if (core.wide)
        expect(memory.i32[(object + SIZE + 4) >>> 2]).toBe(
          version === "3.11" && value < 0n ? -1 : 0,
        );
      refs.decref(object);
      return stored;
    };
    const stored = [5n, -5n, 0n, 2n ** 30n, -(2n ** 30n), 5000n, -5000n].map(word);
    if (version === "3.11")
      expect(stored.map((each) => each | 0)).toEqual([1, -1, 0, 2, -2, 1, -1]);
    else if (version === "3.12" || version === "3.13")
      expect(stored).toEqual([8, 10, 1, 16, 18, 8, 10]);
    else expect(stored).toEqual([12, 14, 5, 16, 18, 8, 10]);
    const booleans = [int.true, int.false].map((each) => memory.u32[(each + SIZE) >>> 2]);
    expect(booleans).toEqual(version === "3.11" ? [1, 0] : [8, 1]);
  });

  it("shares the small ones", () => {
    for (const value of [first, 0, 1, last]) {
      const object = int.from(value);
      expect(int.from(value)).toBe(object);
      expect(refs.isImmortal(object)).toBe(version !== "3.11");
      refs.decref(object);
      refs.decref(object);
    }
    for (const value of [first - 1, last + 1]) {
      const one = int.from(value);
      const other = int.from(value);
      expect(other).not.toBe(one);
      expect(refs.refcount(one)).toBe(1);
      refs.decref(one);
      refs.decref(other);
    }
  });

  it("keeps dead ints of one digit for reuse from 3.14 on", () => {
    const kept = core.alloc.freeLists.find((list) => list.name === "int");
    kept?.clear();
    const ints = Array.from({ length: 103 }, (_, n) => int.from(2000 + n));
    const long = int.from(2n ** 40n);
    refs.decref(long);
    for (const each of ints) refs.decref(each);
    expect(kept?.count()).toBe(version === "3.14" || version === "3.15" ? 100 : 0);
    const next = int.from(-77);
    const lastKept = version === "3.14" || version === "3.15" ? ints[99] : ints[102];
    expect(next).toBe(lastKept);
    expect(int.value(next)).toBe(-77);
    refs.decref(next);
  });

  it("knows bool as its subclass", () => {
    expect(protocol.repr(int.true)).toBe("True");
    expect(protocol.repr(int.false)).toBe("False");
    expect(int.fromBoolean(true)).toBe(int.true);
    expect(core.types.isSubtype(int.boolType, int.type)).toBe(true);
    const one = int.from(1);
    expect(protocol.equal(int.true, one)).toBe(1);
    expect(protocol.less(int.false, one)).toBe(1);
    expect(protocol.hash(int.true)).toBe(1);
    const two = int.add(int.true, int.true);
    expect(int.value(two)).toBe(2);
    refs.decref(one);
    refs.decref(two);
  });

  it.each(operations)("computes %s", (name) => {
    fc.assert(
      fc.property(anyInt, anyInt, (x, y) => {
        if (y === 0n && (name === "floorDivide" || name === "remainder")) return;
        const a = int.from(x);
        const b = int.from(y);
        const result = int[name](a, b);
        const expected = models[name](x, y);
        expect(BigInt(int.value(result))).toBe(expected);
        if (isSmall(expected)) {
          const cached = int.from(expected);
          expect(result).toBe(cached);
          refs.decref(cached);
        }
        for (const each of [a, b, result]) refs.decref(each);
      }),
      { numRuns: 200 },
    );
  });

  it("negates, and orders, any two", () => {
    fc.assert(
      fc.property(anyInt, anyInt, (x, y) => {
        const a = int.from(x);
        const b = int.from(y);
        const minus = int.negate(a);
        expect(BigInt(int.value(minus))).toBe(-x);
        expect(protocol.less(a, b)).toBe(x < y ? 1 : 0);
        expect(protocol.equal(a, b)).toBe(x === y ? 1 : 0);
        for (const each of [a, b, minus]) refs.decref(each);
      }),
      { numRuns: 200 },
    );
  });

  it("refuses what is not whole", () => {
    expect(() => int.from(1.5)).toThrow(/whole number/);
    expect(() => int.from(Number.NaN)).toThrow(/whole number/);
    expect(() => int.from("5" as never)).toThrow(/not string/);
    expect(() => int.from(null as never)).toThrow(/not null/);
    expect(() => core.str.from(5 as never)).toThrow(/not number/);
  });

  it("raises ZeroDivisionError", () => {
    const one = int.from(1);
    const zero = int.from(0);
    expect(int.floorDivide(one, zero)).toBe(0);
    expect(core.errors.matches("ZeroDivisionError")).toBe(true);
    core.errors.clear();
    refs.decref(one);
    refs.decref(zero);
  });

  it("is found again in a heap that is opened again", () => {
    const big = int.from(10n ** 30n);
    const again = attachObjects(core.heap, core.options);
    expect(again.int.type).toBe(int.type);
    expect(again.int.true).toBe(int.true);
    expect(again.int.value(big)).toBe(10n ** 30n);
    const small = again.int.from(7);
    expect(small).toBe(int.from(7));
    refs.decref(small);
    refs.decref(small);
    again.refs.decref(big);
  });
});

describe.each(everyProfile)("memory of ints in %s %s", (version, abi) => {
  it("has room for the digits that CPython's operations may need", () => {
    const sizes = new Map<number, number>();
    const { int, heap } = testObjects(version, abi, {
      wrapAllocator: (inner) => ({
        ...inner,
        malloc: (ctx, size) => {
          const block = inner.malloc(ctx as never, size);
          sizes.set(block, size);
          return block;
        },
      }),
    });
    const { ob_digit: DIGITS } = layoutOf(intStruct, heap.abi).at;
    /** Digits that the result's block was asked for. */
    const room = (x: bigint, y: bigint, name: keyof typeof models): number => {
      const result = int[name](int.from(x), int.from(y));
      return ((sizes.get(result) as number) - DIGITS) / 4;
    };
    const A = 2n ** 30n;
    // A sum may carry, a difference is as long as the first digit that differs, a product has all digits.
    expect(room(A, A, "add")).toBe(3);
    expect(room(A, A * 2n ** 60n, "subtract")).toBe(4);
    expect(room(A * A + 5n * A, A * A + 7n, "subtract")).toBe(2);
    expect(room(A + 1n, A + 1n, "multiply")).toBe(4);
    expect(room(A - 1n, A - 1n, "multiply")).toBe(2);
    expect(room(A - 1n, A - 1n, "add")).toBe(2);
    // Asked of CPython 3.11 to 3.13 with tracemalloc: a quotient is as long as the dividend, or as the difference of
    // both lengths allows; a remainder is the divisor's copy. Rounding towards minus infinity is a further operation.
    const aligned = heap.abi.pointerBytes === 8 ? 2 : 1;
    expect(room(310882448689696890n, 699057100n, "floorDivide")).toBe(2);
    expect(room(310882448689696890n, 699057100n, "remainder")).toBe(aligned);
    expect(room(585827578525191609n, -1410n, "floorDivide")).toBe(3);
    expect(room(369838041558770641030091208207480544n, -870571264n, "floorDivide")).toBe(4);
    expect(room(7n ** 80n, 7n ** 50n + 1n, "floorDivide")).toBe(3);
    expect(room(7n ** 80n, 7n ** 50n + 1n, "remainder")).toBe(5);
  });

  it("lets every operation fail without a leak", () => {
    const heap = failingHeap(version, abi);
    const { int } = heap.core;
    const pair = (): number[] => [int.from(7n ** 40n), int.from(-(10n ** 20n))];
    const failures = [
      heap.everyFailureOf(pair, () => ({ object: int.from(5000) })),
      heap.everyFailureOf(pair, () => ({ object: int.from(2 ** 40) })),
      heap.everyFailureOf(pair, () => ({ object: int.from(2n ** 100n) })),
      ...operations.map((name) =>
        heap.everyFailureOf(pair, (_, [a, b]) => ({ object: int[name](a, b) })),
      ),
      heap.everyFailureOf(pair, (_, [a]) => ({ object: int.negate(a) })),
      heap.everyFailureOf(pair, () => ({ object: heap.core.float.from(0.5) })),
      heap.everyFailureOf(pair, () => ({ object: heap.core.complex.from(1, 2) })),
    ];
    expect(failures.every((count) => count >= 1)).toBe(true);
  });
});
