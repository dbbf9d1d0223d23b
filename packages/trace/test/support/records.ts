/** Random traces: a plan that fast-check can shrink, what it writes, and the records that must come back. */
import type { Domain } from "@pyrena/abi";
import fc from "fast-check";
import {
  type TraceHeader,
  type TraceRecord,
  TraceWriter,
  type TraceWriterOptions,
} from "../../src/index.ts";

export const header: TraceHeader = {
  python: "3.13.0",
  abi: "lp64",
  pointerBytes: 8,
  pymalloc: { alignment: 16, threshold: 512, arenaBytes: 1 << 20, poolBytes: 1 << 14 },
  command: ["python", "-c", "pass"],
  platform: "linux-x86_64",
  startedAt: "2026-11-21T02:02:20Z",
  from: "start",
};

const domain = fc.constantFrom<Domain>(0, 1, 2);
const address = fc.oneof(
  fc.constantFrom(0, 1, 2 ** 48 - 1, 2 ** 47),
  fc.integer({ min: 0x7f15_5350_0000, max: 0x7f15_5360_0000 }),
  fc.integer({ min: 0, max: 2 ** 48 - 1 }),
);
const number = fc.oneof(
  fc.constantFrom(0, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.nat({ max: 600 }),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
);
const text = fc.oneof(
  fc.constantFrom("", "\ufeffbom", "größe/ñ/蛇.py", "x".repeat(300)),
  fc.string({ unit: "grapheme" }),
);

/** One step of a plan. Ids are taken modulo what is defined at that point. */
export type Step =
  | { op: "malloc"; domain: Domain; size: number; result: number }
  | { op: "calloc"; domain: Domain; nelem: number; elsize: number; result: number }
  | { op: "realloc"; domain: Domain; old: number; size: number; result: number }
  | { op: "free"; domain: Domain; ptr: number }
  | { op: "arenaAlloc"; size: number; base: number }
  | { op: "arenaFree"; base: number; size: number }
  | { op: "string"; text: string }
  | { op: "frame"; parent: number; file: number; function: number; line: number }
  | { op: "site"; frame: number }
  | { op: "clock"; microseconds: number }
  | { op: "rss"; bytes: number }
  | { op: "gcStart"; generation: number }
  | { op: "gcStop"; generation: number; collected: number; uncollectable: number }
  | { op: "marker"; label: number };

const of = <Op extends Step["op"]>(op: Op, fields: object): fc.Arbitrary<Step> =>
  fc.record({ op: fc.constant(op), ...fields }) as unknown as fc.Arbitrary<Step>;

/** A plan of `least` to `most` steps. */
export function plan(most: number, least = 0): fc.Arbitrary<Step[]> {
  const id = fc.nat();
  return fc.array(
    fc.oneof(
      { weight: 4, arbitrary: of("malloc", { domain, size: number, result: address }) },
      of("calloc", { domain, nelem: number, elsize: number, result: address }),
      {
        weight: 2,
        arbitrary: of("realloc", { domain, old: address, size: number, result: address }),
      },
      { weight: 4, arbitrary: of("free", { domain, ptr: address }) },
      of("arenaAlloc", { size: number, base: address }),
      of("arenaFree", { base: address, size: number }),
      of("string", { text }),
      of("frame", { parent: id, file: id, function: id, line: number }),
      of("site", { frame: id }),
      of("clock", { microseconds: number }),
      of("rss", { bytes: number }),
      of("gcStart", { generation: fc.nat({ max: 2 }) }),
      of("gcStop", { generation: fc.nat({ max: 2 }), collected: number, uncollectable: number }),
      of("marker", { label: id }),
    ),
    { minLength: least, maxLength: most },
  );
}

/** Write a plan's records. Returns the trace and the records that a reader must give back. */
export function write(
  steps: readonly Step[],
  options: TraceWriterOptions = {},
): { bytes: Uint8Array; records: TraceRecord[] } {
  const writer = new TraceWriter(header, options);
  const records: TraceRecord[] = [];
  const texts: string[] = [];
  const interned = new Set<string>();
  let frames = 0;
  const expect = (record: object): void => {
    records.push({ ...record, number: records.length } as TraceRecord);
  };
  for (const step of steps) {
    switch (step.op) {
      case "malloc":
        writer.malloc(step.domain, step.size, step.result);
        expect({ kind: "malloc", domain: step.domain, size: step.size, result: step.result });
        break;
      case "calloc":
        writer.calloc(step.domain, step.nelem, step.elsize, step.result);
        expect({
          kind: "calloc",
          domain: step.domain,
          nelem: step.nelem,
          elsize: step.elsize,
          result: step.result,
        });
        break;
      case "realloc":
        writer.realloc(step.domain, step.old, step.size, step.result);
        expect({
          kind: "realloc",
          domain: step.domain,
          old: step.old,
          size: step.size,
          result: step.result,
        });
        break;
      case "free":
        writer.free(step.domain, step.ptr);
        expect({ kind: "free", domain: step.domain, ptr: step.ptr });
        break;
      case "arenaAlloc":
        writer.arenaAlloc(step.size, step.base);
        expect({ kind: "arenaAlloc", size: step.size, base: step.base });
        break;
      case "arenaFree":
        writer.arenaFree(step.base, step.size);
        expect({ kind: "arenaFree", base: step.base, size: step.size });
        break;
      case "string": {
        const id = writer.string(step.text);
        expect({ kind: "string", id, text: step.text });
        texts.push(step.text);
        break;
      }
      case "frame": {
        if (texts.length === 0) break;
        const parent = step.parent % (frames + 1);
        const file = step.file % texts.length;
        const functionName = step.function % texts.length;
        writer.frame(parent - 1, file, functionName, step.line);
        expect({ kind: "frame", parent, file, function: functionName, line: step.line });
        frames++;
        break;
      }
      case "site": {
        const frame = step.frame % (frames + 1);
        writer.site(frame - 1);
        expect({ kind: "site", frame });
        break;
      }
      case "clock":
        writer.clock(step.microseconds);
        expect({ kind: "clock", microseconds: step.microseconds });
        break;
      case "rss":
        writer.rss(step.bytes);
        expect({ kind: "rss", bytes: step.bytes });
        break;
      case "gcStart":
        writer.gcStart(step.generation);
        expect({ kind: "gcStart", generation: step.generation });
        break;
      case "gcStop":
        writer.gcStop(step.generation, step.collected, step.uncollectable);
        expect({
          kind: "gcStop",
          generation: step.generation,
          collected: step.collected,
          uncollectable: step.uncollectable,
        });
        break;
      case "marker": {
        const label = `label ${step.label % 5}`;
        const known = interned.has(label);
        writer.marker(label);
        if (!known) {
          interned.add(label);
          expect({ kind: "string", id: texts.length, text: label });
          texts.push(label);
        }
        expect({ kind: "marker", label: texts.indexOf(label) });
        break;
      }
    }
  }
  const bytes = writer.finish();
  expect({ kind: "end", records: records.length });
  return { bytes, records };
}

/** Write one record of another trace; those about strings, frames and the end are left out. */
export function rewrite(writer: TraceWriter, record: TraceRecord): void {
  switch (record.kind) {
    case "malloc":
      writer.malloc(record.domain, record.size, record.result);
      break;
    case "calloc":
      writer.calloc(record.domain, record.nelem, record.elsize, record.result);
      break;
    case "realloc":
      writer.realloc(record.domain, record.old, record.size, record.result);
      break;
    case "free":
      writer.free(record.domain, record.ptr);
      break;
    case "arenaAlloc":
      writer.arenaAlloc(record.size, record.base);
      break;
    case "arenaFree":
      writer.arenaFree(record.base, record.size);
      break;
  }
}
