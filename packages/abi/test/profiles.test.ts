/** The profiles against the fact sheet's tables, written down here by hand, and against CPythons of this machine. */
import { spawnSync } from "node:child_process";
import {
  abis,
  arenaMapShape,
  ilp32,
  lp64,
  type Profile,
  PyrenaError,
  poolHeaderBytes,
  profileFor,
  profiles,
  sizeClassBytes,
  sizeClassCount,
} from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import { nativePythons } from "./native-pythons.ts";

const versions = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"];
const minor = (profile: Profile): number => Number(profile.python.split(".")[1]);
const named = profiles.map((profile) => [profile.name, profile] as const);

describe("the data models", () => {
  it("are those of desktop Python and of WebAssembly", () => {
    expect(lp64).toEqual({ name: "lp64", pointerBytes: 8, alignment: 16, ssizeMax: 2 ** 63 });
    expect(ilp32).toEqual({ name: "ilp32", pointerBytes: 4, alignment: 8, ssizeMax: 2 ** 31 - 1 });
    expect(abis).toEqual({ lp64, ilp32 });
    for (const abi of [lp64, ilp32]) expect(Object.isFrozen(abi)).toBe(true);
  });
});

describe("the profiles", () => {
  it("are those of CPython 3.8 to 3.15, each on both data models", () => {
    expect(profiles.map(({ name }) => name)).toEqual(
      versions.flatMap((version) => [`cpython-${version}-lp64`, `cpython-${version}-ilp32`]),
    );
    expect(new Set(profiles.map(({ id }) => id)).size).toBe(profiles.length);
    expect(profiles.every(({ id }) => id > 0 && id >>> 0 === id)).toBe(true);
  });

  it("keep their ids for ever, because saved heaps name them", () => {
    expect(profiles.map(({ id }) => id.toString(16))).toEqual(
      versions.flatMap((version) => {
        const hex = Number(version.split(".")[1]).toString(16).padStart(2, "0");
        return [`3${hex}08`, `3${hex}04`];
      }),
    );
  });

  it("are frozen to the last number", () => {
    for (const profile of profiles) {
      for (const part of [
        profile,
        profile.pymalloc,
        profile.gc,
        profile.headers,
        profile.freeLists,
        profile.smallInts,
      ])
        expect(Object.isFrozen(part), profile.name).toBe(true);
    }
  });
});

describe.each(named)("%s", (_, profile) => {
  const wide = profile.abi === lp64;
  const { pymalloc } = profile;

  it("has the pools and arenas of its version", () => {
    const large = wide && minor(profile) >= 10;
    expect(pymalloc).toMatchObject({
      threshold: 512,
      poolBytes: large ? 16_384 : 4096,
      arenaBytes: large ? 1_048_576 : 262_144,
      initialArenaObjects: 16,
      keepsLastArena: minor(profile) >= 9,
      addressTest: minor(profile) >= 10 ? "radix-tree" : "arena-index",
    });
    expect(pymalloc.arenaBytes / pymalloc.poolBytes).toBe(64);
  });

  it("looks addresses up as its version does", () => {
    const v = minor(profile);
    const shape = wide
      ? { interiorBits: v === 10 ? 10 : 15, bottomBits: v === 10 ? 8 : 14 }
      : { interiorBits: 0, bottomBits: 14 };
    expect(arenaMapShape(profile)).toEqual(v >= 10 ? shape : undefined);
  });

  it("has 32 or 64 size classes up to 512 bytes", () => {
    expect(sizeClassCount(profile)).toBe(wide ? 32 : 64);
    expect(sizeClassBytes(profile, 0)).toBe(wide ? 16 : 8);
    expect(sizeClassBytes(profile, sizeClassCount(profile) - 1)).toBe(512);
    expect(poolHeaderBytes(profile)).toBe(wide ? 48 : 32);
  });

  it("has the headers of its data model", () => {
    expect(profile.headers).toEqual(
      wide ? { object: 16, varObject: 24, gcHead: 16 } : { object: 8, varObject: 12, gcHead: 8 },
    );
  });

  it("collects as its version does", () => {
    const v = minor(profile);
    expect(profile.gc).toEqual({
      policy: v === 14 ? "incremental" : "generational",
      thresholds: v <= 12 ? [700, 10, 10] : v === 14 ? [2000, 10, 0] : [2000, 10, 10],
      counts: v === 14 ? "tracking" : "allocations",
      trigger: v <= 11 ? "at-once" : "deferred",
    });
  });

  it("knows mimalloc from 3.13 on", () => {
    expect(profile.hasMimalloc).toBe(minor(profile) >= 13);
  });

  it("caches the ints of its version", () => {
    expect(profile.smallInts).toEqual(minor(profile) >= 15 ? [-5, 1024] : [-5, 256]);
  });

  it("keeps the free lists of its version", () => {
    const v = minor(profile);
    expect(profile.freeLists).toEqual({
      float: 100,
      int: v >= 14 ? 100 : 0,
      list: 80,
      dict: 80,
      dictKeys: 80,
      tuple: 2000,
      tupleMaxLength: v <= 10 ? 19 : 20,
      frame: v <= 10 ? 200 : 0,
      slice: 1,
      context: 255,
      method: v === 8 ? 256 : v >= 14 ? 20 : 0,
    });
  });
});

describe("blocks per pool of 16 KiB in lp64", () => {
  // The fact sheet's list, read from live pools of 3.13.
  it.each([
    [16, 1021],
    [32, 510],
    [48, 340],
    [64, 255],
    [80, 204],
    [96, 170],
    [112, 145],
    [128, 127],
    [144, 113],
    [160, 102],
    [448, 36],
    [512, 31],
  ])("of %i bytes are %i", (bytes, blocks) => {
    const profile = profileFor("3.13", "lp64");
    const sizeClass = bytes / 16 - 1;
    expect(sizeClassBytes(profile, sizeClass)).toBe(bytes);
    expect(Math.floor((profile.pymalloc.poolBytes - poolHeaderBytes(profile)) / bytes)).toBe(
      blocks,
    );
  });
});

describe("profileFor", () => {
  it("takes a minor version or a full one", () => {
    for (const python of ["3.13", "3.13.0", "3.13.2", "3.13.0rc1", "3.13+"])
      expect(profileFor(python, "lp64").name).toBe("cpython-3.13-lp64");
    expect(profileFor("3.15.0a2", "ilp32").name).toBe("cpython-3.15-ilp32");
  });

  it.each(["3.7", "3.16", "3.1", "3", "2.7.18", "", "python3.13", "3.131"])(
    "does not know '%s', and lists what it knows",
    (python) => {
      expect(() => profileFor(python, "lp64")).toThrow(PyrenaError);
      expect(() => profileFor(python, "lp64")).toThrow(
        /known are 3\.8, 3\.9, 3\.10, 3\.11, 3\.12, 3\.13, 3\.14, 3\.15$/,
      );
    },
  );

  it("does not know other data models", () => {
    expect(() => profileFor("3.13", "llp64" as "lp64")).toThrow(
      /no profile of Python '3.13' on 'llp64'/,
    );
  });
});

/** Asks an interpreter for everything about it that a profile states and that it can tell. */
const QUESTIONS = `
import gc, json, sys
def identical(n):
    return int(str(n)) is int(str(n))
lo = -1
while identical(lo): lo -= 1
hi = 0
while identical(hi): hi += 1
def head(o):
    return sys.getsizeof(o) - o.__sizeof__()
print(json.dumps({
    "thresholds": gc.get_threshold(),
    "smallInts": [lo + 1, hi - 1],
    "object": object.__basicsize__,
    # A bytes object is a PyVarObject, a hash of one word and the closing NUL.
    "varObject": bytes.__basicsize__ - tuple.__itemsize__ - 1,
    "gcHead": head([]),
    "pointer": tuple.__itemsize__,
}))
sys.stderr.flush()
sys._debugmallocstats()
`;

describe("native CPythons", () => {
  const found = nativePythons().filter(({ version }) => versions.includes(version));

  it("say the same of themselves as their profiles", (context) => {
    if (found.length === 0)
      return context.skip("no native CPython of a known version on this machine");
    for (const { version, path } of found) {
      const profile = profileFor(version, "lp64");
      const { stdout, stderr } = spawnSync(path, ["-S", "-c", QUESTIONS], {
        encoding: "utf8",
        env: { ...process.env, PYTHONMALLOC: "" },
      });
      expect(JSON.parse(stdout), version).toEqual({
        thresholds: [...profile.gc.thresholds],
        smallInts: [...profile.smallInts],
        ...profile.headers,
        pointer: 8,
      });
      const { threshold, poolBytes, arenaBytes, addressTest } = profile.pymalloc;
      expect(stderr).toContain(
        `Small block threshold = ${threshold}, in ${sizeClassCount(profile)} size classes.`,
      );
      expect(stderr).toMatch(new RegExp(`arenas \\* ${arenaBytes} bytes/arena`));
      expect(stderr).toMatch(new RegExp(`unused pools \\* ${poolBytes} bytes`));
      expect(stderr.includes("arena map counts")).toBe(addressTest === "radix-tree");
      const map = arenaMapShape(profile);
      if (map !== undefined) {
        const root = (2 ** map.interiorBits * 8).toLocaleString("en-US");
        expect(stderr).toMatch(new RegExp(`bytes lost to arena map root += +${root}\n`));
        const bottom = /arena map bot nodes += +(\d+)\n/.exec(stderr)?.[1];
        const bytes = (Number(bottom) * 2 ** map.bottomBits * 8).toLocaleString("en-US");
        expect(stderr).toMatch(new RegExp(`bytes lost to arena map bot += +${bytes}\n`));
      }
      // The lengths of tuples that have a free list, and whether frames have one.
      const { tupleMaxLength, frame } = profile.freeLists;
      expect(stderr).toContain(`free ${tupleMaxLength}-sized PyTupleObjects`);
      expect(stderr).not.toContain(`free ${tupleMaxLength + 1}-sized PyTupleObjects`);
      expect(stderr.includes("PyFrameObjects")).toBe(frame > 0);
    }
  });

  it("keep as many freed objects as their profiles say", (context) => {
    if (found.length === 0)
      return context.skip("no native CPython of a known version on this machine");
    const fill = `
import sys
floats = [float(n) for n in range(5000)]; lists = [[] for n in range(5000)]
dicts = [{n: n} for n in range(5000)]; tuples = [(n, n, n) for n in range(9000)]
del floats, lists, dicts, tuples
sys._debugmallocstats()
`;
    for (const { version, path } of found) {
      const { float, list, dict, tuple } = profileFor(version, "lp64").freeLists;
      const { stderr } = spawnSync(path, ["-S", "-c", fill], { encoding: "utf8" });
      const kept = (name: string): number =>
        Number(new RegExp(`(\\d+) free ${name}`).exec(stderr)?.[1]);
      expect(kept("PyFloatObject"), version).toBe(float);
      expect(kept("PyListObject"), version).toBe(list);
      expect(kept("PyDictObject"), version).toBe(dict);
      expect(kept("3-sized PyTupleObject"), version).toBe(tuple);
    }
  });
});
