import { PyrenaError } from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openTrace, TraceWriter } from "../src/index.ts";
import { readAll } from "./support/read.ts";
import { header, plan, write } from "./support/records.ts";

describe("TraceWriter", () => {
  test("what is written reads back the same", async () => {
    await fc.assert(
      fc.asyncProperty(plan(60), async (steps) => {
        const { bytes, records } = write(steps);
        const read = await readAll(bytes);
        expect(read.records).toEqual(records);
        expect(read.ending).toEqual({
          records: records.length,
          bytes: bytes.length,
          cutOff: false,
        });
      }),
      { numRuns: 300 },
    );
  });

  test("pieces handed to flush make up the same trace, and can be kept", () => {
    fc.assert(
      fc.property(plan(200), fc.integer({ min: 1, max: 500 }), (steps, pieceBytes) => {
        const pieces: Uint8Array[] = [];
        const rest = write(steps, { flush: (piece) => pieces.push(piece), pieceBytes }).bytes;
        expect(rest.length).toBe(0);
        expect(Buffer.concat(pieces)).toEqual(Buffer.from(write(steps).bytes));
      }),
      { numRuns: 100 },
    );
  });

  test("the header reads back the same, keys that are not known included", async () => {
    const wider = { ...header, pymalloc: null, extra: { note: "ü" } };
    const reader = await openTrace(new TraceWriter(wider).finish());
    expect(reader.header).toEqual(wider);
  });

  test("the bytes are those that the format's description asks for", () => {
    const writer = new TraceWriter(header);
    const start = writer.records;
    writer.malloc(2, 300, 0x1000);
    writer.free(1, 0x0fff);
    writer.site(-1);
    const bytes = writer.finish();
    expect(start).toBe(0);
    expect([...bytes.slice(0, 9)]).toEqual([...Buffer.from("PYRTRACE"), 1]);
    // malloc OBJ 300 → 0x1000: zigzag(4096) = 8192; then -1: zigzag 1.
    expect([...bytes.slice(-10)]).toEqual(
      [0x21, 0xac, 0x02, 0x80, 0x40, 0x14, 0x01, 0x09, 0x00, 0x0f, 0x03].slice(-10),
    );
    expect(bytes.at(-11)).toBe(0x21);
  });

  test("refuses what the format can't hold, and stays usable", async () => {
    const writer = new TraceWriter(header);
    const refused = (call: () => void): void => expect(call).toThrow(PyrenaError);
    refused(() => writer.malloc(0, -1, 16));
    refused(() => writer.malloc(0, 1.5, 16));
    refused(() => writer.malloc(0, Number.NaN, 16));
    refused(() => writer.malloc(0, 2 ** 53, 16));
    refused(() => writer.malloc(0, 1, 2 ** 48));
    refused(() => writer.malloc(0, 1, -16));
    refused(() => writer.malloc(3 as 0, 1, 16));
    refused(() => writer.realloc(1, 2 ** 48, 1, 16));
    refused(() => writer.frame(-1, 0, 0, 1));
    refused(() => writer.frame(0, 0, 0, 1));
    refused(() => writer.frame(-2, 0, 0, 1));
    refused(() => writer.site(0));
    refused(() => writer.clock(-1));
    writer.malloc(0, 2 ** 53 - 1, 2 ** 48 - 1);
    const bytes = writer.finish();
    refused(() => writer.clock(1));
    refused(() => writer.marker("late"));
    refused(() => writer.finish());
    const { records } = await readAll(bytes);
    expect(records.map(({ kind }) => kind)).toEqual(["malloc", "end"]);
  });
});
