/**
 * Recordings of native CPython processes, from start to exit, replayed: each result of a small request is compared, and
 * each arena must be obtained and given back where the process did so. The recordings are the trace package's; what
 * reads them here shares no code with it.
 */
import { readFileSync } from "node:fs";
import { type Profile, profileFor } from "@pyrena/abi";
import { describe, expect, test } from "vitest";
import { openRecording } from "./support/recording.ts";
import { replay } from "./support/replay.ts";

const fixtures = new URL("../../trace/test/fixtures/", import.meta.url);

const recordings = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"].map((python) => ({
  python,
  recording: openRecording(new URL(`fragments-${python}.pyrt.gz`, fixtures)),
}));

describe.each(recordings)("CPython $python", ({ python, recording }) => {
  const { abi } = recording.header;
  const profile = profileFor(recording.header.python, abi);

  test("every address and every arena is as recorded", () => {
    const { small, wrong, firstDifference, arenasAllocated, arenasFreed, arenasInOrder, pymalloc } =
      replay(recording, profile);
    expect({ wrong, firstDifference, arenasInOrder }).toEqual({
      wrong: 0,
      firstDifference: undefined,
      arenasInOrder: true,
    });
    expect(small).toBeGreaterThan(20_000);
    expect(arenasAllocated).toBeGreaterThan(5);
    expect(arenasFreed).toBeGreaterThan(0);
    pymalloc.walker.verify();
  });

  test("the figures at the end are those that the process itself printed", () => {
    const { pymalloc } = replay(recording, profile);
    const text = readFileSync(new URL(`fragments-${python}.txt`, fixtures), "utf8");
    const rows: number[][] = [];
    for (const line of text.split("\n")) {
      const row = /^ *(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$/.exec(line);
      if (row !== null) rows.push(row.slice(1).map(Number));
    }
    const classes = new Map<number, number[]>();
    pymalloc.walker.walk({
      pool(_base, _bytes, sizeClass, blockBytes, inUse, capacity) {
        const row = classes.get(sizeClass) ?? [sizeClass, blockBytes, 0, 0, 0];
        row[2]! += 1;
        row[3]! += inUse;
        row[4]! += capacity - inUse;
        classes.set(sizeClass, row);
      },
    });
    expect([...classes.values()].sort(([a], [b]) => a! - b!)).toEqual(rows);
    const figure = (label: string): number =>
      Number(new RegExp(`^# ${label} += +([\\d,]+)$`, "m").exec(text)![1]!.replaceAll(",", ""));
    expect([0, 1, 2, 3].map((index) => pymalloc.stats.read(index))).toEqual(
      [
        "arenas allocated total",
        "arenas reclaimed",
        "arenas highwater mark",
        "arenas allocated current",
      ].map(figure),
    );
  });
});

describe("the comparison can fail:", () => {
  const { recording } = recordings[0]!;
  const right = profileFor("3.8", "lp64");

  test.each([
    ["the last free arena kept, as 3.9 does", { keepsLastArena: true }],
    ["pools of 16 KiB, as 3.10 has them", { poolBytes: 16_384 }],
  ] as const)("3.8 replayed with %s", (_, change) => {
    const profile: Profile = { ...right, pymalloc: { ...right.pymalloc, ...change } };
    let different: boolean;
    try {
      const { wrong, arenasInOrder } = replay(recording, profile);
      different = wrong > 0 || !arenasInOrder;
    } catch (error) {
      // It may go so far astray that an arena is not asked for, or a block is freed where none is live.
      different = /arena|no block of its pool is live/.test(String(error));
    }
    expect(different).toBe(true);
  });
});
