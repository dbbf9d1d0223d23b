import { gzipSync, zstdCompressSync } from "node:zlib";
import { PyrenaError } from "@pyrena/abi";
import { takeSnapshot } from "@pyrena/stats";
import { beforeAll, describe, expect, test } from "vitest";
import { createReplayHeap, openTrace, replay, TraceWriter } from "../src/index.ts";
import { fragments } from "./support/fixtures.ts";
import { header, rewrite } from "./support/records.ts";

/**
 * A small trace that has everything: the first thousand records of a real one that lie in arenas, and one of each
 * other kind.
 */
let small: Uint8Array;
/** The shortest trace with one record of each kind. */
let tiny: Uint8Array;
let tinyHeader: number;

beforeAll(async () => {
  const everything = (writer: TraceWriter): void => {
    const file = writer.string("spam.py");
    const frame = writer.frame(-1, file, writer.string("eggs"), 300);
    writer.site(writer.frame(frame, file, file, 7));
    writer.clock(12_345);
    writer.rss(5_754_880);
    writer.gcStart(2);
    writer.gcStop(2, 345, 0);
    writer.marker("ham");
  };
  const reader = await openTrace(fragments("3.9"));
  const writer = new TraceWriter(reader.header);
  let taken = 0;
  for await (const record of reader.records()) {
    const inPymalloc = "domain" in record ? record.domain > 0 : record.kind.startsWith("arena");
    if (!inPymalloc) continue;
    rewrite(writer, record);
    if (++taken === 500) everything(writer);
    if (taken === 1000) break;
  }
  small = writer.finish();

  const shortest = new TraceWriter({ ...header, command: [], startedAt: "", platform: "" });
  shortest.arenaAlloc(1 << 20, 0x7f00_0010_0000);
  shortest.malloc(2, 30, 0x7f00_0010_0030);
  shortest.calloc(1, 2, 300, 0x5500_0000_0010);
  shortest.realloc(2, 0x7f00_0010_0030, 100, 0x7f00_0010_4030);
  everything(shortest);
  shortest.free(1, 0x5500_0000_0010);
  shortest.arenaFree(0x7f00_0010_0000, 1 << 20);
  tiny = shortest.finish();
  const decoded = await openTrace(tiny);
  tinyHeader = decoded.headerBytes;
}, 60_000);

/** Read and replay; an error must be the one promised, with its place. Returns whether there was one. */
async function survives(bytes: Uint8Array, most = bytes.length): Promise<boolean> {
  try {
    const reader = await openTrace(bytes);
    let records = 0;
    const ending = await reader.read((batch) => void (records += batch.count));
    expect(records).toBe(ending.records);
    expect(ending.bytes).toBeLessThanOrEqual(most);
  } catch (error) {
    expect(error).toBeInstanceOf(PyrenaError);
    const { code, offset, record } = error as PyrenaError;
    expect(code).toBe("bad-trace");
    expect(offset).toBeGreaterThanOrEqual(0);
    expect(offset).toBeLessThanOrEqual(most);
    expect(record).toBeGreaterThanOrEqual(0);
    return true;
  }
  return false;
}

/** Replay, on heaps that may grow to 16 MiB; the layers must be whole afterwards, whatever was read. */
async function replays(bytes: Uint8Array, verify: boolean): Promise<void> {
  const memory = { backing: "resizable", bytes: 1 << 18, maxBytes: 1 << 24 } as const;
  let reader: Awaited<ReturnType<typeof openTrace>>;
  let target: ReturnType<typeof createReplayHeap>;
  try {
    reader = await openTrace(bytes);
    target = createReplayHeap(reader.header, { memory, verify });
  } catch (error) {
    expect((error as PyrenaError).code).toMatch(/^(bad-trace|unknown-profile)$/);
    return;
  }
  try {
    const result = await replay(reader, { target });
    expect(result.exact + result.wrong).toBe(result.small);
  } catch (error) {
    expect(error).toHaveProperty("code", "bad-trace");
  }
  target.pymalloc?.walker.verify();
  target.raw.walker.verify();
  if (target.pymalloc)
    expect(takeSnapshot(target.pymalloc.walker).totals.blockOverheadBytes).toBe(0);
}

describe("a damaged trace is an error or a correct read, never a crash or a hang", () => {
  test("every byte of a small trace in turn, all its bits flipped", async () => {
    let errors = 0;
    const damaged = small.slice();
    for (let at = 0; at < small.length; at++) {
      damaged[at] = ~small[at]! & 0xff;
      if (await survives(damaged)) errors++;
      damaged[at] = small[at]!;
    }
    expect(errors).toBeGreaterThan(small.length / 4);
    expect(await survives(damaged)).toBe(false);
  }, 60_000);

  test("every bit of the shortest trace in turn, replayed too", async () => {
    const damaged = tiny.slice();
    for (let bit = tinyHeader * 8; bit < tiny.length * 8; bit++) {
      damaged[bit >>> 3]! ^= 1 << (bit & 7);
      await survives(damaged);
      await replays(damaged, true);
      await replays(damaged, false);
      damaged[bit >>> 3]! ^= 1 << (bit & 7);
    }
    for (let bit = 0; bit < tinyHeader * 8; bit++) {
      damaged[bit >>> 3]! ^= 1 << (bit & 7);
      await survives(damaged);
      damaged[bit >>> 3]! ^= 1 << (bit & 7);
    }
    expect(Buffer.from(damaged)).toEqual(Buffer.from(tiny));
  }, 60_000);

  test("every byte of the shortest trace set to each of the ends of its range", async () => {
    const damaged = tiny.slice();
    for (let at = 0; at < tiny.length; at++) {
      for (const value of [0x00, 0x7f, 0x80, 0xff]) {
        damaged[at] = value;
        await survives(damaged);
        await replays(damaged, true);
      }
      damaged[at] = tiny[at]!;
    }
  }, 60_000);

  test("a byte flipped here and there in a small trace, replayed", async () => {
    const damaged = small.slice();
    for (let at = tinyHeader; at < small.length; at += 37) {
      damaged[at]! ^= 1 << (at & 7);
      await replays(damaged, at % 2 === 0);
      damaged[at] = small[at]!;
    }
  }, 60_000);

  test("cut off at every offset", async () => {
    for (let length = 0; length <= small.length; length++) {
      await survives(small.subarray(0, length));
    }
    for (let length = 0; length <= tiny.length; length++) {
      await replays(tiny.subarray(0, length), true);
    }
  }, 60_000);

  test("every byte of a compressed trace in turn", async () => {
    for (const whole of [gzipSync(tiny), zstdCompressSync(tiny), zstdCompressSync(small)]) {
      let errors = 0;
      const damaged = Uint8Array.from(whole);
      for (let at = 0; at < whole.length; at += whole.length > 1000 ? 5 : 1) {
        damaged[at] = ~whole[at]! & 0xff;
        if (await survives(damaged, whole.length * 10)) errors++;
        damaged[at] = whole[at]!;
      }
      expect(errors).toBeGreaterThan(10);
      expect(await survives(damaged, whole.length * 10)).toBe(false);
    }
  }, 60_000);

  test("random bytes after a valid header", async () => {
    let state = 12_345;
    const random = (): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    };
    for (let run = 0; run < 1500; run++) {
      const noise = Uint8Array.from({ length: 400 }, random);
      // Small tags are the valid ones: with them a run of records lasts longer.
      if (run % 2 === 0) for (let n = 0; n < noise.length; n++) noise[n]! %= 0x30;
      await survives(Buffer.concat([tiny.subarray(0, tinyHeader), noise]));
    }
  }, 60_000);

  test("memory stays bounded whatever sizes are claimed", async () => {
    const writer = new TraceWriter(header);
    for (let n = 0; n < 2000; n++) {
      writer.arenaAlloc(2 ** 53 - 1, 0x7f00_0000_0000 + n * 4096);
      writer.malloc(2, 2 ** 53 - 1, 0x6000_0000_0000 + n * 16);
      writer.calloc(1, 2 ** 53 - 1, 2 ** 53 - 1, 0x6100_0000_0000 + n * 16);
      writer.realloc(0, 0x6000_0000_0000 + n * 16, 2 ** 40, 0x6200_0000_0000 + n * 16);
    }
    const bytes = writer.finish();
    const before = process.memoryUsage();
    const target = createReplayHeap(header);
    const result = await replay(await openTrace(bytes), { target });
    expect(result.refused).toBe(6000);
    expect(target.heap.memory.byteLength).toBeLessThan(1 << 24);
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(1 << 25);
  });
});
