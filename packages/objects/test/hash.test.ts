import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

/** `hash(object)` as one whole number. */
function hashOf(core: ReturnType<typeof testObjects>, object: number): bigint {
  const low = core.protocol.hash(object);
  if (!core.wide) return BigInt(low);
  return BigInt.asIntN(64, (BigInt(core.hashHigh) << 32n) | BigInt.asUintN(32, BigInt(low)));
}

/** The rule for whole numbers and fractions, on bigints. */
function numericHash(numerator: bigint, exponent: number, wide: boolean): bigint {
  const bits = wide ? 61 : 31;
  const modulus = (1n << BigInt(bits)) - 1n;
  const size = numerator < 0n ? -numerator : numerator;
  const rotate = ((exponent % bits) + bits) % bits;
  let hash = ((size % modulus) << BigInt(rotate)) % modulus;
  if (numerator < 0n) hash = -hash;
  return hash === -1n ? -2n : hash;
}

/** A finite double as whole number times a power of two. */
function split(value: number): [bigint, number] {
  const bits = new BigUint64Array(new Float64Array([Math.abs(value)]).buffer)[0];
  const biased = Number(bits >> 52n);
  const mantissa = (bits & 0xfffffffffffffn) | (biased === 0 ? 0n : 1n << 52n);
  return [value < 0 ? -mantissa : mantissa, (biased || 1) - 1075];
}

describe.each(everyProfile)("hashes in %s %s", (version, abi) => {
  const core = testObjects(version, abi);
  const { int, float, complex, str, bytes, refs, wide } = core;
  const drop = (object: number): bigint => {
    const hash = hashOf(core, object);
    refs.decref(object);
    return hash;
  };

  // [value, native 3.13, Pyodide 3.13]
  it.each<[bigint, bigint, bigint]>([
    [-1n, -2n, -2n],
    [2n ** 30n, 1073741824n, 1073741824n],
    [-(2n ** 31n), -2147483648n, -2n],
    [2n ** 61n - 1n, 0n, 1073741823n],
    [2n ** 61n, 1n, 1073741824n],
    [2n ** 63n, 4n, 2n],
    [10n ** 20n, 848750603811160107n, 983481456n],
    [-(2n ** 100n), -549755813888n, -128n],
  ])("of the int %d are CPython's", (value, native, pyodide) => {
    expect(drop(int.from(value))).toBe(wide ? native : pyodide);
  });

  it.each<[number, bigint, bigint]>([
    [0.5, 1152921504606846976n, 1073741824n],
    [1e10, 10000000000n, 1410065412n],
    [-0.1, -230584300921369408n, -1932735308n],
    [-1, -2n, -2n],
    [Number.POSITIVE_INFINITY, 314159n, 314159n],
    [Number.NEGATIVE_INFINITY, -314159n, -314159n],
  ])("of the float %d are CPython's", (value, native, pyodide) => {
    expect(drop(float.from(value))).toBe(wide ? native : pyodide);
  });

  it("of complex numbers combine those of the parts", () => {
    expect(drop(complex.from(1, 2))).toBe(2000007n);
    expect(drop(complex.from(0, -1))).toBe(-2000006n);
    expect(drop(complex.from(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY))).toBe(
      wide ? 314160256636n : 627644028n,
    );
  });

  it("of any int and any float follow the rule", () => {
    const ints = fc.bigInt({ min: -(2n ** 400n), max: 2n ** 400n });
    fc.assert(
      fc.property(fc.oneof(ints, fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })), (value) => {
        expect(drop(int.from(value))).toBe(numericHash(value, 0, wide));
      }),
      { numRuns: 300 },
    );
    const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(doubles, (value) => {
        expect(drop(float.from(value))).toBe(numericHash(...split(value), wide));
      }),
      { numRuns: 300 },
    );
  });

  it("are equal where an int and a float are", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 300 }), (mantissa, exponent) => {
        const value = mantissa * 2 ** exponent;
        expect(drop(int.from(BigInt(value)))).toBe(drop(float.from(value)));
      }),
    );
  });

  it("of NaN, of objects without a value, and of None before 3.12 are made of the address", () => {
    const ofAddress = (object: number): bigint =>
      BigInt.asIntN(
        wide ? 64 : 32,
        BigInt(object >>> 4) | (BigInt(object & 15) << (wide ? 60n : 28n)),
      );
    const nan = float.from(Number.NaN);
    expect(hashOf(core, nan)).toBe(ofAddress(nan));
    refs.decref(nan);
    const { none, ellipsis } = core.constants;
    expect(hashOf(core, ellipsis)).toBe(ofAddress(ellipsis));
    const constant = wide ? 4238894112n : -56073184n;
    expect(hashOf(core, none)).toBe(version === "3.11" ? ofAddress(none) : constant);
  });

  const texts = ["", "a", "abc", "hello world, how are you?", "é", "€uro", "😀"];
  // [seed, native 3.13, Pyodide 3.13], of the texts and of eight zero bytes
  it.each<[number, bigint[], bigint[]]>([
    [
      0,
      [
        0n,
        4644417185603328019n,
        -4594863902769663758n,
        -5833995084611553059n,
        6047309291227476195n,
        7542247858446192590n,
        -3536540696076613844n,
        -4800647303603446203n,
      ],
      [0n, -468864544n, -1600925533n, -2021502175n, -240681624n, 1491272979n, -1364810771n, 8n],
    ],
    [
      42,
      [
        0n,
        -123207753977932514n,
        3869580338025362921n,
        -2232095708594275953n,
        5653850369683463245n,
        6573934580854229043n,
        6601963133753205906n,
        -35990544404223871n,
      ],
      [0n, 260982270n, -206076799n, -509875193n, 1026005366n, -749822663n, 658381249n, 221932806n],
    ],
    [
      4294967295,
      [
        0n,
        -5989683813037840249n,
        -6122489556238538401n,
        6284826029574037248n,
        -5741392403324874290n,
        3860009611542885751n,
        -5273353973323107289n,
        1715767735013568818n,
      ],
      [
        0n,
        -784597115n,
        1004185090n,
        264228892n,
        -404901107n,
        -532740838n,
        -222448198n,
        -1228596803n,
      ],
    ],
  ])("of text with the seed %d are CPython's", (hashSeed, native, pyodide) => {
    const seeded = testObjects(version, abi, { hashSeed });
    const hashes = texts.map((text) => hashOf(seeded, seeded.str.from(text)));
    hashes.push(hashOf(seeded, seeded.bytes.from(new Uint8Array(8))));
    expect(hashes).toEqual(wide ? native : pyodide);
  });

  it("of str and of bytes with the same characters are the same, and stay", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
        const s = str.from(text);
        const b = bytes.from(new TextEncoder().encode(text));
        const hash = hashOf(core, s);
        expect(hashOf(core, b)).toBe(hash);
        expect(hashOf(core, s)).toBe(hash);
        expect(hash).not.toBe(-1n);
        refs.decref(s);
        refs.decref(b);
      }),
    );
  });
});
