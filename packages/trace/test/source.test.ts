import { constants, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { PyrenaError } from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openTrace, type TraceSource, TraceWriter } from "../src/index.ts";
import { inPieces, readAll } from "./support/read.ts";
import { header, plan, write } from "./support/records.ts";

const { bytes, records } = write(fc.sample(plan(400, 300), { numRuns: 1, seed: 11 })[0]!);
const gzip = new Uint8Array(gzipSync(bytes));

/** A trace whose compressed form is many pieces long. */
function longTrace(): Uint8Array {
  const writer = new TraceWriter(header);
  let state = 1;
  for (let n = 0; n < 150_000; n++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    writer.malloc(2, state >>> 20, 0x7f00_0000_0000 + (state >>> 4));
  }
  return writer.finish();
}

describe("sources", () => {
  test("an array, a web stream, an iterable and an async iterable read the same", async () => {
    const sources: TraceSource[] = [
      bytes,
      Buffer.from(bytes),
      new Blob([bytes as Uint8Array<ArrayBuffer>]).stream(),
      [bytes.subarray(0, 100), bytes.subarray(100)],
      inPieces(bytes, [1000]),
    ];
    for (const source of sources) expect((await readAll(source)).records).toEqual(records);
  });

  test("a web stream that is not async iterable, as in some browsers, is read too", async () => {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
    const source = { getReader: () => stream.getReader() } as ReadableStream<Uint8Array>;
    expect((await readAll(source)).records).toEqual(records);
  });

  test("anything else is refused", async () => {
    for (const source of ["a.pyrt", 5, null, undefined, {}, ["PYRTRACE"]]) {
      const opening = openTrace(source as unknown as TraceSource);
      await expect(opening).rejects.toThrow(PyrenaError);
      await expect(opening).rejects.toHaveProperty("code", "bad-argument");
    }
  });

  test("a source's own error comes through as it is, after the records before it", async () => {
    const broken = new Error("the disk is gone");
    async function* source(): AsyncGenerator<Uint8Array, void, void> {
      yield bytes.subarray(0, 4000);
      throw broken;
    }
    const reader = await openTrace(source());
    let seen = 0;
    await expect(reader.read((batch) => void (seen += batch.count))).rejects.toBe(broken);
    expect(seen).toBeGreaterThan(20);
  });

  test("a reader that is left early lets go of its source", async () => {
    for (const whole of [bytes, gzip]) {
      let released = false;
      async function* source(): AsyncGenerator<Uint8Array, void, void> {
        try {
          for (let at = 0; at < whole.length; at += 512) yield whole.subarray(at, at + 512);
        } finally {
          released = true;
        }
      }
      const reader = await openTrace(source());
      for await (const record of reader.records()) if (record.number === 3) break;
      await expect.poll(() => released).toBe(true);
    }
  });

  test("records are read once; the second time is refused", async () => {
    const reader = await openTrace(bytes);
    await reader.read(() => {});
    await expect(reader.read(() => {})).rejects.toHaveProperty("code", "bad-argument");
  });

  test("bytesTaken counts what was taken from the source, compressed where it is", async () => {
    const reader = await openTrace(inPieces(gzip, [512]));
    expect(reader.bytesTaken).toBeGreaterThan(0);
    await reader.read(() => {});
    expect(reader.bytesTaken).toBe(gzip.length);
  });
});

describe("gzip", () => {
  test("is recognised by its first bytes, in pieces of any size", async () => {
    for (const sizes of [[1], [3, 1], [100], [1 << 20]]) {
      const reader = await openTrace(inPieces(gzip, sizes));
      expect(reader.compression).toBe("gzip");
      expect(reader.header).toEqual(header);
    }
    expect((await readAll(inPieces(gzip, [7]))).records).toEqual(records);
  });

  test("a file that breaks off gives every record that its bytes hold", async () => {
    const long = longTrace();
    const whole = new Uint8Array(gzipSync(long, { level: 6 }));
    expect(whole.length).toBeGreaterThan(400_000);
    for (let length = 5000; length < whole.length; length += 52_345) {
      const cut = whole.subarray(0, length);
      // What zlib itself makes of these bytes, and how many records that holds.
      const held = gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH });
      const expected = await count(held);
      for (const source of [cut, inPieces(cut, [10_000]), inPieces(cut, [200_000])]) {
        expect(await count(source)).toEqual(expected);
      }
      expect(expected.cutOff).toBe(true);
    }
  });

  test("damage is an error, after the records before it", async () => {
    const whole = new Uint8Array(gzipSync(longTrace()));
    const damaged = whole.slice();
    damaged[whole.length - 8]! ^= 1; // the checksum
    const reader = await openTrace(damaged);
    let seen = 0;
    const reading = reader.read((batch) => void (seen += batch.count));
    await expect(reading).rejects.toMatchObject({ code: "bad-trace" });
    await expect(reading).rejects.toThrow("the gzip data is damaged");
    expect(seen).toBeGreaterThan(100_000);
    const header = gzip.slice();
    header[2] = 99; // the method
    await expect(openTrace(header)).rejects.toThrow("the gzip data is damaged");
  });

  test("a trace without its end, compressed whole, is cut off", async () => {
    const read = await readAll(gzipSync(bytes.subarray(0, bytes.length - 3)));
    expect(read.ending.cutOff).toBe(true);
    expect(read.records).toEqual(records.slice(0, -1));
  });
});

describe("zstd", () => {
  const long = longTrace();
  const zstd = new Uint8Array(zstdCompressSync(long));

  test("is recognised by its first bytes, in pieces of any size", async () => {
    const small = new Uint8Array(zstdCompressSync(bytes));
    for (const sizes of [[1], [100], [5000], [1 << 20]]) {
      const reader = await openTrace(inPieces(small, sizes));
      expect(reader.compression).toBe("zstd");
      expect((await readAll(inPieces(small, sizes))).records).toEqual(records);
    }
    expect(await count(zstd)).toEqual({ records: 150_001, cutOff: false });
  });

  test("a file that breaks off gives the blocks that are whole", async () => {
    let before = 0;
    for (let length = 20_000; length < zstd.length - 4; length += 97_001) {
      const cut = zstd.subarray(0, length);
      const opened = await openTrace(cut).catch((error: unknown) => error);
      if (opened instanceof Error) {
        expect(opened.message).toMatch(/the trace is empty/);
        continue;
      }
      const { records, cutOff } = await count(cut);
      expect(await count(inPieces(cut, [10_000]))).toEqual({ records, cutOff });
      expect(cutOff).toBe(true);
      expect(records).toBeGreaterThanOrEqual(before);
      before = records;
    }
    expect(before).toBeGreaterThan(75_000);
  });

  test("several frames, as `cat` makes them, are one stream", async () => {
    const half = Math.floor(long.length / 2);
    const frames = [long.subarray(0, half), long.subarray(half)].map((part) =>
      zstdCompressSync(part, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
    );
    expect(await count(Buffer.concat(frames))).toEqual({ records: 150_001, cutOff: false });
  });

  test("damage is an error", async () => {
    const damaged = zstd.slice();
    damaged.fill(0xff, 1000, 1100);
    await expect(openTrace(damaged)).rejects.toMatchObject({ code: "bad-trace" });
  });

  test("a frame that asks for a huge window is refused before memory is taken for it", async () => {
    const frame = zstd.slice();
    frame[4]! &= ~0x20;
    frame[5] = 0xa8; // 2^(10 + 21) bytes
    const before = process.memoryUsage().arrayBuffers;
    await expect(openTrace(frame)).rejects.toThrow(/window of 2147483648 bytes/);
    await expect(openTrace(frame.subarray(0, 10))).rejects.toThrow(/window of 2147483648 bytes/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 24);
  });
});

/** How many records a trace has, and whether it is cut off. */
async function count(source: TraceSource): Promise<{ records: number; cutOff: boolean }> {
  const reader = await openTrace(source);
  const { records, cutOff } = await reader.read(() => {});
  return { records, cutOff };
}
