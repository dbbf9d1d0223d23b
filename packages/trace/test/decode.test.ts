import { PyrenaError } from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  encodeHeader,
  openTrace,
  TraceDecoder,
  TraceWriter,
  tagOf,
  traceOps,
} from "../src/index.ts";
import { inPieces, readAll } from "./support/read.ts";
import { header, plan, write } from "./support/records.ts";

/** A trace made of a valid header and the given bytes. */
function traceOf(...records: number[]): Uint8Array {
  return Uint8Array.from([...encodeHeader(header), ...records]);
}

/** The error that reading gives. */
async function failure(bytes: Uint8Array): Promise<PyrenaError> {
  const error = await readAll(bytes).then(
    ({ ending }) => new Error(`no error, but ${JSON.stringify(ending)}`),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(PyrenaError);
  expect(error).toHaveProperty("code", "bad-trace");
  return error as PyrenaError;
}

const start = encodeHeader(header).length;

describe("pieces", () => {
  test("records come out the same however the stream is cut into pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        plan(60),
        fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 8 }),
        async (steps, sizes) => {
          const { bytes, records } = write(steps);
          const read = await readAll(inPieces(bytes, sizes));
          expect(read.records).toEqual(records);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("batches are full or end with a piece, and number their records", () => {
    const writer = new TraceWriter(header);
    for (let n = 0; n < 5000; n++) writer.malloc(2, n, n * 16);
    const bytes = writer.finish();
    const sizes: number[] = [];
    let next = 0;
    const decoder = new TraceDecoder((batch) => {
      expect(batch.firstRecord).toBe(next);
      for (let n = 0; n < batch.count && next + n < 5000; n++) {
        expect(batch.tags[n]).toBe(tagOf(traceOps.malloc, 2));
        expect(batch.fields[4 * n]).toBe(next + n);
        expect(batch.fields[4 * n + 1]).toBe((next + n) * 16);
      }
      next += batch.count;
      sizes.push(batch.count);
    }, start);
    decoder.push(bytes.subarray(start));
    expect(decoder.finish()).toEqual({ records: 5001, bytes: bytes.length, cutOff: false });
    expect(sizes).toEqual([1024, 1024, 1024, 1024, 905]);
  });

  test("many long texts come in several batches, each complete", () => {
    const writer = new TraceWriter(header);
    const long = "é".repeat(200_000);
    for (let n = 0; n < 8; n++) writer.string(`${n}${long}`);
    const bytes = writer.finish();
    const texts: string[] = [];
    let batches = 0;
    const decoder = new TraceDecoder((batch) => {
      batches++;
      texts.push(...batch.texts);
    }, start);
    for (let at = start; at < bytes.length; at += 70_001) {
      decoder.push(bytes.subarray(at, at + 70_001));
    }
    decoder.finish();
    expect(batches).toBeGreaterThan(2);
    expect(texts).toEqual(Array.from({ length: 8 }, (_, n) => `${n}${long}`));
  });
});

describe("a stream that is cut off", () => {
  test("gives every record up to the last complete one, wherever it is cut", async () => {
    const { bytes, records } = write(fc.sample(plan(60, 50), { numRuns: 1, seed: 7 })[0]!);
    expect(records.length).toBeGreaterThan(20);
    let before = 0;
    for (let length = start; length < bytes.length; length++) {
      const read = await readAll(bytes.subarray(0, length));
      expect(read.ending.cutOff).toBe(true);
      expect(read.ending.records).toBe(read.records.length);
      expect(read.records).toEqual(records.slice(0, read.records.length));
      expect(read.records.length - before).toBeLessThanOrEqual(1);
      expect(read.ending.bytes).toBeLessThanOrEqual(length);
      before = read.records.length;
    }
    expect(before).toBe(records.length - 1);
  });

  test("within the header gives an error that says so", async () => {
    for (let length = 0; length < start; length++) {
      const error = await failure(traceOf().subarray(0, length));
      expect(error.message).toMatch(length === 0 ? /empty/ : /ends within its header/);
      expect(error.offset).toBe(length);
    }
  });

  test("a text whose claimed length never comes takes no memory for it, and is a cut", async () => {
    // 2^49 bytes, of which three come.
    const claimed = traceOf(0x07, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x61, 0x62, 0x63);
    const before = process.memoryUsage().arrayBuffers;
    const { records, ending } = await readAll(inPieces(claimed, [5]));
    expect(records).toEqual([]);
    expect(ending).toEqual({ records: 0, bytes: start, cutOff: true });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });
});

describe("a damaged stream", () => {
  test("every tag that the format does not have is told with its place", async () => {
    const known = new Set<number>();
    for (let op = 1; op <= 15; op++) {
      for (let domain = 0; domain < (op <= 4 ? 3 : 1); domain++) known.add(tagOf(op, domain));
    }
    expect(known.size).toBe(23);
    for (let tag = 0; tag < 256; tag++) {
      if (known.has(tag)) continue;
      const error = await failure(traceOf(0x0a, 0x01, tag));
      expect(error.message).toContain(`unknown tag 0x${tag.toString(16).padStart(2, "0")}`);
      expect(error.offset).toBe(start + 2);
      expect(error.record).toBe(1);
      expect(error.message).toContain(`byte ${start + 2}, record 1`);
    }
  });

  test("records before the fault are handed on", async () => {
    const reader = await openTrace(traceOf(0x0a, 0x01, 0x0a, 0x02, 0x00));
    const seen: number[] = [];
    await expect(
      reader.read((batch) => {
        for (let n = 0; n < batch.count; n++) seen.push(batch.fields[4 * n]!);
      }),
    ).rejects.toThrow("unknown tag");
    expect(seen).toEqual([1, 2]);
  });

  test("numbers over 2^53 - 1, and numbers that go on for ever, are errors", async () => {
    const most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
    const { records } = await readAll(traceOf(0x0b, ...most));
    expect(records).toMatchObject([{ kind: "rss", bytes: Number.MAX_SAFE_INTEGER }]);
    const padding = Array.from({ length: 40 }, () => 0);
    for (const more of [[], padding]) {
      const over = await failure(traceOf(0x0b, ...most.slice(0, 7), 0x10, ...more));
      expect(over.message).toContain("larger than 2^53 - 1");
      expect(over.record).toBe(0);
      const endless = await failure(traceOf(0x0b, ...most.map(() => 0x80), ...more));
      expect(endless.message).toContain("larger than 2^53 - 1");
      const text = await failure(traceOf(0x07, ...most.slice(0, 7), 0x10, ...more));
      expect(text.message).toContain("larger than 2^53 - 1");
    }
  });

  test("a number may be written longer than it need be", async () => {
    const { records } = await readAll(
      traceOf(0x0b, 0x85, 0x80, 0x80, 0x80, 0x80, 0x00, 0x0f, 0x01),
    );
    expect(records).toMatchObject([
      { kind: "rss", bytes: 5 },
      { kind: "end", records: 1 },
    ]);
  });

  test("addresses outside 48 bits are errors", async () => {
    // free(-1); then 2^48 - 1, which is allowed, and 2^48.
    expect((await failure(traceOf(0x04, 0x01))).message).toContain("48 bits");
    const twice = (value: number): number[] => {
      const bytes: number[] = [];
      let rest = value * 2;
      for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
      return [...bytes, rest];
    };
    expect((await readAll(traceOf(0x04, ...twice(2 ** 48 - 1)))).records).toHaveLength(1);
    expect((await failure(traceOf(0x04, ...twice(2 ** 48)))).message).toContain("48 bits");
  });

  test("ids that are not defined yet are errors", async () => {
    const string = [0x07, 0x01, 0x61];
    const frame = [0x08, 0x00, 0x00, 0x00, 0x05];
    for (const [bytes, message] of [
      [[0x0e, 0x00], "string 0 is not defined"],
      [[...string, 0x0e, 0x01], "string 1 is not defined"],
      [[0x09, 0x01], "frame 0 is not defined"],
      [[...string, 0x08, 0x01, 0x00, 0x00, 0x05], "frame 0 is not defined"],
      [[...string, 0x08, 0x00, 0x01, 0x00, 0x05], "string 1 is not defined"],
      [[...string, 0x08, 0x00, 0x00, 0x01, 0x05], "string 1 is not defined"],
      [[...string, ...frame, 0x09, 0x02], "frame 1 is not defined"],
    ] as const) {
      expect((await failure(traceOf(...bytes))).message).toContain(message);
    }
    const { records } = await readAll(
      traceOf(...string, ...frame, 0x08, 0x01, 0, 0, 9, 0x09, 0x02),
    );
    expect(records).toHaveLength(4);
  });

  test("an end record with a wrong count, and bytes after the end, are errors", async () => {
    expect((await failure(traceOf(0x0a, 0x01, 0x0f, 0x02))).message).toContain(
      "counts 2 records before it, and there are 1",
    );
    const after = await failure(traceOf(0x0a, 0x01, 0x0f, 0x01, 0x0a, 0x01));
    expect(after.message).toContain("after the end record");
    expect(after.offset).toBe(start + 4);
    expect(after.record).toBe(2);
    const pieces = readAll(inPieces(traceOf(0x0f, 0x00, 0x00), [start + 2, 1]));
    await expect(pieces).rejects.toThrow("after the end record");
  });

  test("text that is no UTF-8 is read with replacement characters", async () => {
    const { records } = await readAll(traceOf(0x07, 0x03, 0x61, 0xff, 0x62));
    expect(records).toMatchObject([{ kind: "string", text: "a\ufffdb" }]);
  });
});
