import {
  Heap,
  LinearMemory,
  MEM,
  OBJ,
  type Profile,
  PyrenaError,
  profileFor,
  RAW,
} from "@pyrena/abi";
import { createRawAllocator } from "@pyrena/raw";
import { debugMallocStats, type FreeListCount, takeSnapshot } from "@pyrena/stats";
import { describe, expect, test } from "vitest";
import {
  createReplayHeap,
  openTrace,
  type ReplayOptions,
  type ReplayResult,
  replay,
  replayOn,
  type TraceHeader,
  TraceWriter,
} from "../../src/index.ts";
import { fragments, jsonTool, plainFragments, printed, versions } from "../support/fixtures.ts";
import { header, rewrite } from "../support/records.ts";

async function replayed(bytes: Uint8Array, options: ReplayOptions = {}): Promise<ReplayResult> {
  return replay(await openTrace(bytes), options);
}

/** A profile with one of pymalloc's rules changed. */
function altered(version: string, change: Partial<Profile["pymalloc"]>): Profile {
  const profile = profileFor(version, "lp64");
  return { ...profile, pymalloc: { ...profile.pymalloc, ...change } };
}

describe("recordings of CPython", () => {
  test.each(versions)("%s: every small address comes out as it was", async (version) => {
    const target = createReplayHeap((await openTrace(fragments(version))).header);
    const result = await replayed(fragments(version), { target });
    expect(result).toMatchObject({
      verified: true,
      wrong: 0,
      firstDifference: null,
      arenasFreedInOrder: true,
      cutOff: false,
      refused: 0,
      unmatchedFrees: 0,
      unmatchedReallocs: 0,
      missingFrees: 0,
      profile: `cpython-${version}-lp64`,
    });
    expect(result.exact).toBe(result.small);
    expect(result.small).toBeGreaterThan(20_000);
    expect(result.arenasFreed).toBeGreaterThan(0);
    expect(result.arenas - result.arenasFreed).toBe(result.arenasLive);
    expect(result.markers).toEqual([
      { record: result.records - 2, label: "sys._debugmallocstats()" },
    ]);
    target.pymalloc?.walker.verify();
    target.raw.walker.verify();
    // Each block that the recording has live at its end is one here.
    const pools = takeSnapshot(target.pymalloc!.walker).totals.liveBlocks;
    const passedOn = readStat(target.pymalloc!.stats, "rawAllocatedBlocks");
    const allocated = readStat(target.pymalloc!.stats, "allocatedBlocks");
    expect(pools + passedOn).toBe(allocated);
    expect(result.liveBlocks).toBeGreaterThanOrEqual(allocated);
  });

  test.each(versions)(
    "%s: the statistics at the end are those that it printed",
    async (version) => {
      const reader = await openTrace(fragments(version));
      const target = createReplayHeap(reader.header);
      await replay(reader, { target });
      const text = debugMallocStats(
        takeSnapshot(target.pymalloc!.walker, { stats: [target.pymalloc!.stats] }),
        {
          profile: target.heap.profile,
          freeLists: freeListsIn(printed(version)),
          arenaMap: target.recordedArenas!.arenaMapNodes(),
        },
      );
      expect(text).toBe(printed(version));
    },
  );

  test("json-tool, 3.13: exact from start to end", async () => {
    const progress: number[] = [];
    const file = jsonTool();
    const result = await replayed(file, {
      onProgress: ({ records, bytesTaken }) => {
        expect(bytesTaken).toBeLessThanOrEqual(file.length);
        progress.push(records);
      },
    });
    expect(result).toMatchObject({
      records: 204_942,
      events: 204_887,
      small: 102_450,
      exact: 102_450,
      wrong: 0,
      firstDifference: null,
      arenas: 4,
      arenasFreed: 0,
      peakArenaBytes: 4 * 2 ** 20,
      arenasFreedInOrder: true,
      cutOff: false,
      rss: { samples: 25, last: 13_389_824, peak: 13_565_952 },
      microseconds: 65_567,
      gc: null,
    });
    expect(progress.length).toBeGreaterThan(3);
    expect(progress.at(-1)).toBe(204_942);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  test("without verification the same calls are made, and nothing is compared", async () => {
    const [with_, without] = [
      await replayed(fragments("3.13")),
      await replayed(fragments("3.13"), { verify: false }),
    ];
    expect(without).toMatchObject({ verified: false, small: 0, exact: 0, wrong: 0 });
    for (const name of [
      "events",
      "liveBlocks",
      "liveBytes",
      "peakLiveBlocks",
      "peakLiveBytes",
    ] as const) {
      expect(without[name]).toBe(with_[name]);
    }
    // Arenas of one's own are aligned to pools, and lose none.
    expect(without.arenas).toBeGreaterThan(0);
    expect(without.arenas).toBeLessThanOrEqual(with_.arenas);
  });
});

describe("the check can fail", () => {
  test("an address in the recording that is off by one block is told with its record", async () => {
    const writer = new TraceWriter(header);
    const arena = 0x7f00_0010_1000;
    writer.arenaAlloc(1 << 20, arena);
    const pool = arena + 0x3000;
    writer.malloc(OBJ, 100, pool + 48);
    writer.malloc(MEM, 100, pool + 48 + 112);
    writer.malloc(OBJ, 100, pool + 48 + 3 * 112);
    const result = await replayed(writer.finish());
    expect(result).toMatchObject({ small: 3, exact: 2, wrong: 1 });
    expect(result.firstDifference).toEqual({
      record: 3,
      op: "malloc",
      domain: "obj",
      size: 100,
      expected: "0x7f0000104180",
      got: "0x7f0000104110",
    });
  });

  test("3.8 with the rule of 3.9, and the other way round, give other arenas back", async () => {
    const later = { profile: altered("3.8", { keepsLastArena: true }) };
    const with39 = await replayed(fragments("3.8"), later);
    expect(with39.wrong).toBeGreaterThan(0);
    expect(with39.firstDifference).not.toBeNull();
    expect(with39.arenasFreedInOrder).toBe(false);
    const earlier = { profile: altered("3.9", { keepsLastArena: false }) };
    expect((await replayed(fragments("3.9"), earlier)).arenasFreedInOrder).toBe(false);
  });

  test("another version's pool size differs nearly everywhere", async () => {
    const result = await replayed(fragments("3.9"), { profile: profileFor("3.13", "lp64") });
    expect(result.wrong).toBeGreaterThan(result.exact);
  });

  test("another threshold differs", async () => {
    const result = await replayed(fragments("3.13"), {
      profile: altered("3.13", { threshold: 256 }),
    });
    expect(result.wrong).toBeGreaterThan(0);
  });

  test("a recording that lacks its first events hardly agrees any more", async () => {
    const reader = await openTrace(fragments("3.13"));
    const writer = new TraceWriter({ ...reader.header, from: "attached" });
    for await (const record of reader.records()) {
      if (record.number < 5000) continue;
      rewrite(writer, record);
    }
    const target = createReplayHeap(reader.header);
    const result = await replayed(writer.finish(), { target });
    expect(result.unmatchedFrees).toBeGreaterThan(0);
    expect(result.exact / result.small).toBeLessThan(0.5);
    target.pymalloc!.walker.verify();
    target.raw.walker.verify();
  });

  test("arenas given back in another order are told, though every address agrees", async () => {
    const reader = await openTrace(fragments("3.9"));
    const writer = new TraceWriter(reader.header);
    let held: { base: number; size: number } | undefined;
    for await (const record of reader.records()) {
      if (record.kind !== "arenaFree") rewrite(writer, record);
      else {
        // The first one changes places with the second.
        if (held === undefined) held = record;
        else {
          writer.arenaFree(record.base, record.size);
          if (held.size > 0) writer.arenaFree(held.base, held.size);
          held = { base: 0, size: 0 };
        }
      }
    }
    const result = await replayed(writer.finish());
    expect(result).toMatchObject({ wrong: 0, arenasFreedInOrder: false });
  });
});

describe("arena records", () => {
  const arena = 0x7f00_0010_1000;
  const first = arena + 0x3000 + 48;

  test("that no allocation claims are something else, whatever their size", async () => {
    const writer = new TraceWriter(header);
    writer.arenaAlloc(16_384, 0x7f00_0900_0000); // a chunk of the data stack
    writer.arenaAlloc(1 << 20, arena);
    writer.malloc(OBJ, 16, first);
    writer.arenaAlloc(1 << 20, 0x7f00_0a00_0000); // a large chunk, of an arena's very size
    writer.malloc(OBJ, 16, first + 16);
    writer.arenaAlloc(1 << 20, 0x7f00_0b00_0000);
    writer.malloc(RAW, 16, 0x5500_0000_0010);
    writer.arenaFree(0x7f00_0900_0000, 16_384);
    writer.free(OBJ, first);
    writer.arenaFree(0x7f00_0b00_0000, 1 << 20);
    writer.malloc(OBJ, 16, first);
    writer.arenaFree(0x7f00_0a00_0000, 1 << 20);
    const result = await replayed(writer.finish());
    expect(result).toMatchObject({
      small: 3,
      exact: 3,
      wrong: 0,
      arenas: 1,
      arenasFreed: 0,
      arenasFreedInOrder: true,
    });
  });

  test("of an arena that could not be had send the request to the raw allocator", async () => {
    const writer = new TraceWriter(header);
    writer.arenaAlloc(1 << 20, 0);
    writer.malloc(OBJ, 16, 0x5500_0000_0010);
    writer.arenaAlloc(1 << 20, 0);
    writer.malloc(OBJ, 16, 0); // and the raw allocator had nothing either
    writer.arenaAlloc(1 << 20, arena);
    writer.malloc(OBJ, 16, first);
    writer.free(OBJ, 0x5500_0000_0010);
    const result = await replayed(writer.finish());
    expect(result).toMatchObject({
      small: 1,
      exact: 1,
      wrong: 0,
      failed: 1,
      arenas: 1,
      liveBlocks: 1,
    });
  });

  test("that pymalloc should have needed and did not are a difference", async () => {
    const writer = new TraceWriter(header);
    writer.arenaAlloc(1 << 20, arena);
    writer.malloc(OBJ, 16, first);
    writer.arenaAlloc(1 << 20, 0x7f00_0020_0000);
    writer.malloc(OBJ, 16, 0x7f00_0020_0030);
    expect(await replayed(writer.finish())).toMatchObject({ exact: 1, wrong: 1 });
  });

  test("that lack where pymalloc needs one are a difference", async () => {
    const writer = new TraceWriter(header);
    writer.malloc(OBJ, 16, 0x5500_0000_0010);
    const result = await replayed(writer.finish());
    expect(result).toMatchObject({ exact: 0, wrong: 1 });
    expect(result.firstDifference?.got).toBe("arena");
  });
});

describe("what is not as it should be", () => {
  const arena = 0x7f00_0010_0000;
  const first = arena + 48;

  test("frees and reallocs of addresses that are not live are counted and skipped", async () => {
    const writer = new TraceWriter(header);
    writer.arenaAlloc(1 << 20, arena);
    writer.malloc(OBJ, 100, first);
    writer.free(OBJ, first + 112); // in the arena, never allocated
    writer.free(OBJ, first + 8);
    writer.free(RAW, 0x5500_0000_0010);
    writer.realloc(MEM, 0x5500_0000_0010, 100, 0x5500_0000_0020);
    writer.free(OBJ, first);
    writer.free(OBJ, first); // twice
    const target = createReplayHeap(header);
    const result = await replayed(writer.finish(), { target });
    expect(result).toMatchObject({
      exact: 1,
      wrong: 0,
      unmatchedFrees: 4,
      unmatchedReallocs: 1,
      liveBlocks: 0,
      liveBytes: 0,
      peakLiveBytes: 100,
    });
    target.pymalloc!.walker.verify();
  });

  test("a block handed out twice has lost its free, which is made up for", async () => {
    for (const verify of [true, false]) {
      const writer = new TraceWriter(header);
      for (let n = 0; n < 50; n++) writer.malloc(RAW, 10_000, 0x5500_0000_0010);
      const target = createReplayHeap(header, { verify });
      const result = await replayed(writer.finish(), { target });
      expect(result).toMatchObject({ missingFrees: 49, liveBlocks: 1, liveBytes: 10_000 });
      expect(takeSnapshot(target.raw.walker).totals.liveBlocks).toBeLessThan(10);
      target.raw.walker.verify();
    }
  });

  test("a block that comes back through another domain goes to the allocator that it came from", async () => {
    for (const verify of [true, false]) {
      const writer = new TraceWriter(header);
      writer.arenaAlloc(1 << 20, arena);
      writer.malloc(OBJ, 100, first);
      writer.malloc(OBJ, 5000, 0x5500_0000_0010);
      writer.malloc(RAW, 5000, 0x5500_0000_2010);
      writer.malloc(RAW, 20, 0x5500_0000_4010);
      writer.malloc(MEM, 100, first + 112);
      writer.free(RAW, first);
      writer.realloc(RAW, 0x5500_0000_0010, 100, 0x5500_0000_0010);
      writer.realloc(MEM, 0x5500_0000_2010, 100, 0x5500_0000_2010);
      writer.free(OBJ, 0x5500_0000_2010);
      writer.free(OBJ, 0x5500_0000_4010);
      writer.free(RAW, 0x5500_0000_0010);
      writer.free(OBJ, first + 112); // MEM and OBJ are one heap
      const target = createReplayHeap(header, { verify });
      const before = takeSnapshot(target.raw.walker).totals.liveBlocks;
      const result = await replayed(writer.finish(), { target });
      expect(result).toMatchObject({
        wrongDomain: 6,
        unmatchedFrees: 0,
        liveBlocks: 0,
        liveBytes: 0,
      });
      expect(takeSnapshot(target.pymalloc!.walker).totals.liveBlocks).toBe(0);
      // All that pymalloc has taken for itself in the meantime is its table of arenas.
      expect(takeSnapshot(target.raw.walker).totals.liveBlocks - before).toBeLessThanOrEqual(2);
      expect(readStat(target.pymalloc!.stats, "rawAllocatedBlocks")).toBe(0);
      target.raw.walker.verify();
    }
  });

  test("requests that failed in the recording are not made, and a failed realloc keeps its block", async () => {
    for (const verify of [true, false]) {
      const writer = new TraceWriter(header);
      writer.malloc(MEM, 2 ** 50, 0);
      writer.calloc(MEM, 2 ** 25, 2 ** 25, 0);
      writer.malloc(MEM, 1000, 0x5500_0000_0010);
      writer.realloc(MEM, 0x5500_0000_0010, 2 ** 50, 0);
      writer.realloc(MEM, 0, 2 ** 50, 0);
      writer.free(MEM, 0x5500_0000_0010);
      const result = await replayed(writer.finish(), { verify });
      expect(result).toMatchObject({ failed: 4, refused: 0, liveBlocks: 0, unmatchedFrees: 0 });
    }
  });

  test("sizes that no memory here can meet are refused, and what follows is replayed", async () => {
    for (const verify of [true, false]) {
      const writer = new TraceWriter(header);
      writer.malloc(MEM, 2 ** 53 - 1, 0x5500_0000_0010);
      writer.calloc(RAW, 2 ** 40, 2 ** 10, 0x5600_0000_0010);
      writer.malloc(RAW, 3000, 0x5700_0000_0010);
      writer.realloc(RAW, 0x5700_0000_0010, 2 ** 45, 0x5800_0000_0010);
      writer.realloc(MEM, 0x5500_0000_0010, 2000, 0x5500_0000_0010);
      writer.free(RAW, 0x5600_0000_0010);
      writer.free(RAW, 0x5800_0000_0010);
      writer.free(MEM, 0x5500_0000_0010);
      const target = createReplayHeap(header, { verify });
      const before = takeSnapshot(target.raw.walker).totals.liveBlocks;
      const result = await replayed(writer.finish(), { target });
      expect(result).toMatchObject({ refused: 3, liveBlocks: 0, liveBytes: 0, unmatchedFrees: 0 });
      expect(takeSnapshot(target.raw.walker).totals.liveBlocks).toBe(before);
      target.raw.walker.verify();
      expect(target.heap.memory.byteLength).toBeLessThan(1 << 24);
    }
  });

  test("a memory that is too small is met with refusals, not with an error", async () => {
    const result = await replayed(fragments("3.9"), {
      memory: { backing: "resizable", bytes: 1 << 20, maxBytes: 3 << 20 },
    });
    expect(result.refused).toBeGreaterThan(0);
    // What does not lie in an arena because there was no room for one is not where it was.
    expect(result.wrong).toBeGreaterThan(1000);
    expect(result.small).toBe((await replayed(fragments("3.9"))).small);
    expect(result.cutOff).toBe(false);
  });

  test("a recording that is cut off is replayed as far as it goes", async () => {
    const whole = plainFragments("3.9");
    for (const length of [30_000, 100_001, whole.length - 5]) {
      const result = await replayed(whole.subarray(0, length));
      expect(result).toMatchObject({ cutOff: true, wrong: 0, arenasFreedInOrder: true });
      expect(result.bytes).toBeLessThanOrEqual(length);
      expect(result.exact).toBe(result.small);
    }
  });

  test("a recording cut between a free and the arena that it gives back is in order", async () => {
    const whole = plainFragments("3.8");
    const reader = await openTrace(whole);
    let last = 0;
    for await (const record of reader.records())
      if (record.kind === "arenaFree") last = record.number;
    // Written again, up to the record before.
    const again = await openTrace(whole);
    const writer = new TraceWriter(again.header);
    for await (const record of again.records()) {
      if (record.number === last) break;
      rewrite(writer, record);
    }
    const bytes = writer.finish();
    const ended = await replayed(bytes);
    expect(ended).toMatchObject({ cutOff: false, arenasFreedInOrder: false });
    const open = await replayed(bytes.subarray(0, bytes.length - 4));
    expect(open).toMatchObject({ cutOff: true, arenasFreedInOrder: true });
  });

  test("an interpreter built with other sizes is refused unless a profile is passed", async () => {
    const other: TraceHeader = {
      ...header,
      pymalloc: { ...header.pymalloc!, poolBytes: 4096, arenaBytes: 1 << 18 },
    };
    const bytes = new TraceWriter(other).finish();
    await expect(replayed(bytes)).rejects.toMatchObject({ code: "bad-trace" });
    await expect(replayed(bytes)).rejects.toThrow("arenaBytes 262144");
    const result = await replayed(bytes, { profile: profileFor("3.9", "lp64") });
    expect(result.profile).toBe("cpython-3.9-lp64");
  });

  test("a version that is not known is refused with a list", async () => {
    const bytes = new TraceWriter({ ...header, python: "3.7.16" }).finish();
    await expect(replayed(bytes)).rejects.toMatchObject({ code: "unknown-profile" });
  });

  test("a process without pymalloc is replayed on the raw allocator", async () => {
    const writer = new TraceWriter({ ...header, pymalloc: null });
    writer.malloc(OBJ, 16, 0x5500_0000_0010);
    writer.malloc(MEM, 16, 0x5500_0000_0020);
    writer.free(OBJ, 0x5500_0000_0010);
    const result = await replayed(writer.finish());
    expect(result).toMatchObject({ verified: false, events: 3, liveBlocks: 1, arenas: 0 });
  });

  test("an abort signal stops the replay with its reason", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const running = replayed(jsonTool(), {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
  });
});

describe("replayOn", () => {
  test("makes every call on the allocators of one's own", async () => {
    const memory = LinearMemory.create({ maxBytes: 1 << 28 });
    const raw = createRawAllocator(Heap.create(memory, profileFor("3.13", "lp64")));
    const result = await replayOn(await openTrace(fragments("3.13")), raw);
    const verified = await replayed(fragments("3.13"));
    expect(result).toMatchObject({ refused: 0, unmatchedFrees: 0, events: verified.events });
    expect(result.liveBlocks).toBe(verified.liveBlocks);
    expect(result.peakLiveBytes).toBe(verified.peakLiveBytes);
    expect(takeSnapshot(raw.walker).totals.liveBlocks).toBe(result.liveBlocks);
    raw.walker.verify();
  });

  test("each domain can have its own; what is not an allocator is refused", async () => {
    const memory = LinearMemory.create({ maxBytes: 1 << 28 });
    const raw = createRawAllocator(Heap.create(memory, profileFor("3.13", "lp64")));
    const calls = { raw: 0, mem: 0, obj: 0 };
    const counting = (name: keyof typeof calls) => ({
      ...raw,
      malloc: (ctx: typeof raw.ctx, size: number) => {
        calls[name]++;
        return raw.malloc(ctx, size);
      },
    });
    const allocators = { raw: counting("raw"), mem: counting("mem"), obj: counting("obj") };
    const result = await replayOn(await openTrace(fragments("3.13")), allocators);
    expect(calls.raw + calls.mem + calls.obj).toBe(result.mallocs);
    expect(Math.min(calls.raw, calls.mem, calls.obj)).toBeGreaterThan(0);
    const broken = { ...allocators, obj: {} as never };
    await expect(replayOn(await openTrace(fragments("3.13")), broken)).rejects.toThrow(PyrenaError);
  });
});

/** The lines about free lists in a text of CPython's. */
function freeListsIn(text: string): FreeListCount[] {
  return [...text.matchAll(/^ *(\d+) free (.+)s \* (\d+) bytes each/gm)].map((match) => ({
    count: Number(match[1]),
    type: match[2]!,
    bytes: Number(match[3]),
  }));
}

function readStat(
  source: { declarations: readonly { name: string }[]; read(n: number): number },
  name: string,
): number {
  const index = source.declarations.findIndex((declaration) => declaration.name === name);
  expect(index).toBeGreaterThanOrEqual(0);
  return source.read(index);
}
