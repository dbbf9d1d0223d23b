/** Texts that CPython printed, and heaps that look like what they tell of. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type HeapWalker,
  type Profile,
  poolHeaderBytes,
  profileFor,
  type StatSource,
} from "@pyrena/abi";
import type { ArenaMapNodes, FreeListCount } from "../../src/index.ts";

/** Versions of which there is a text. */
export const versions = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"] as const;

/** What `sys._debugmallocstats()` printed, and a heap in that state. */
export interface Printed {
  readonly text: string;
  readonly profile: Profile;
  readonly walker: HeapWalker;
  readonly stats: StatSource;
  readonly freeLists: readonly FreeListCount[];
  readonly arenaMap: ArenaMapNodes | undefined;
}

/** The text of a version, taken apart. */
export function printedBy(version: string): Printed {
  const text = readFileSync(
    join(import.meta.dirname, `../fixtures/debugmallocstats-${version}.txt`),
    "utf8",
  );
  const figure = (label: string): number => {
    const found = new RegExp(`^${label.replace(/[*/]/g, "\\$&")} += +([\\d,]+)$`, "m").exec(text);
    if (found === null) throw new Error(`no line "${label}" in the text of ${version}`);
    return Number(found[1]!.replaceAll(",", ""));
  };
  const profile = profileFor(version, "lp64");
  const { poolBytes, arenaBytes } = profile.pymalloc;
  const header = poolHeaderBytes(profile);
  const classes = [...text.matchAll(/^ +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$/gm)].map((row) => {
    const [sizeClass, blockBytes, pools, live, free] = row.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
      number,
    ];
    return { sizeClass, blockBytes, pools, live, capacity: (live + free) / pools };
  });
  const arenas = figure("# arenas allocated current");
  const unusedPools = Number(/^(\d+) unused pools/m.exec(text)![1]);
  const misaligned = figure("# bytes lost to arena alignment") / poolBytes;
  const counters = {
    arenasAllocatedTotal: figure("# arenas allocated total"),
    arenasHighwater: figure("# arenas highwater mark"),
  };
  return {
    text,
    profile,
    walker: {
      name: "pymalloc",
      walk(visitor) {
        for (let n = 0; n < arenas; n++) {
          visitor.region?.(
            (n + 1) * arenaBytes,
            arenaBytes,
            "arena",
            n === 0 ? unusedPools : 0,
            poolBytes,
            n < misaligned ? poolBytes : 0,
          );
          if (n > 0) continue;
          // All pools in the first arena: the text does not tell where they are.
          for (const { sizeClass, blockBytes, pools, live, capacity } of classes) {
            for (let pool = 0; pool < pools; pool++) {
              const inUse =
                Math.floor((live * (pool + 1)) / pools) - Math.floor((live * pool) / pools);
              visitor.pool?.(0, poolBytes, sizeClass, blockBytes, inUse, capacity, header);
            }
          }
        }
      },
      owns: () => false,
      usableSize: () => 0,
      verify() {},
    },
    stats: {
      layer: "pymalloc",
      declarations: Object.keys(counters).map((name) => ({
        name,
        unit: "arenas",
        kind: "total",
        help: name,
      })),
      read: (index) => Object.values(counters)[index]!,
    },
    freeLists: [...text.matchAll(/^ *(\d+) free (.+)s \* (\d+) bytes each/gm)].map((line) => ({
      count: Number(line[1]),
      type: line[2]!,
      bytes: Number(line[3]),
    })),
    arenaMap: text.includes("arena map")
      ? { mid: figure("# arena map mid nodes"), bottom: figure("# arena map bot nodes") }
      : undefined,
  };
}
