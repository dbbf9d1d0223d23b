/** The trace format's page: its example is read by a second reader, and its code runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openTrace, recordFormats, type TraceRecord } from "@pyrena/trace";
import { expect, it } from "vitest";
import { dissect, exampleTrace } from "../../src/reference/trace/example.ts";

const page = readFileSync(
  join(import.meta.dirname, "../../src/content/docs/reference/trace-format.mdx"),
  "utf8",
);

it("takes a recording apart without leaving a byte out", () => {
  const bytes = exampleTrace();
  const pieces = dissect(bytes);
  expect(pieces.flatMap((piece) => [...piece.bytes])).toEqual([...bytes]);
  let offset = 0;
  for (const piece of pieces) {
    expect(piece.offset).toBe(offset);
    offset += piece.bytes.length;
  }
});

it("reads each record as the package's own reader does", async () => {
  const bytes = exampleTrace();
  const records: TraceRecord[] = [];
  for await (const record of (await openTrace(bytes)).records()) records.push(record);
  const pieces = dissect(bytes);
  const mine: { kind: string; values: string[] }[] = [];
  for (const { what, meaning } of pieces.slice(4)) {
    if (what === "tag") mine.push({ kind: meaning.split(",")[0]!, values: [] });
    else mine.at(-1)!.values.push(meaning);
  }
  expect(mine.map(({ kind }) => kind)).toEqual(records.map(({ kind }) => kind));
  const numbers = records.map((record) =>
    recordFormats
      .find(({ name }) => name === record.kind)!
      .fields.map(({ name }) => (record as unknown as Record<string, number | string>)[name]),
  );
  const read = mine.map(({ values }) =>
    values.map((value) => {
      const [, address] = /→ (0x[\da-f]+)$/.exec(value) ?? [];
      const [, text] = /^\d+ bytes: (.*)$/.exec(value) ?? [];
      return text ?? Number(address ?? value);
    }),
  );
  expect(read).toEqual(numbers);
});

it("is the same recording each time that the page is built", () => {
  expect(exampleTrace()).toEqual(exampleTrace());
});

it("explains every type of field", () => {
  const types = new Set(recordFormats.flatMap(({ fields }) => fields.map(({ type }) => type)));
  for (const type of types) expect(page).toContain(`| \`${type}\` |`);
});

it("shows code that runs", async () => {
  const blocks = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code!);
  expect(blocks).toHaveLength(1);
  const body = blocks[0]!.replace(/^import .*$/m, "").replace("export ", "");
  const largest = new Function("openTrace", `${body}; return largest;`)(openTrace);
  expect(await largest(exampleTrace())).toEqual({ python: "3.13", most: 500 });
});
