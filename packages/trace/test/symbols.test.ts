import { PyrenaError } from "@pyrena/abi";
import { describe, expect, test } from "vitest";
import { openTrace, TraceSymbols, TraceWriter } from "../src/index.ts";
import { header } from "./support/records.ts";

describe("TraceSymbols", () => {
  test("resolves strings, frames and stacks of a trace of many batches", async () => {
    const writer = new TraceWriter(header);
    const file = writer.intern("spam.py");
    let frame = -1;
    for (let depth = 0; depth < 700; depth++) {
      frame = writer.frame(frame, file, writer.intern(`f${depth % 10}`), depth);
      for (let n = 0; n < 5; n++) writer.clock(n);
    }
    writer.frame(-1, writer.intern("eggs.py"), file, 9);
    const symbols = new TraceSymbols();
    await (await openTrace(writer.finish())).read((batch) => symbols.add(batch));
    expect(symbols.stringCount).toBe(12);
    expect(symbols.frameCount).toBe(701);
    expect(symbols.string(0)).toBe("spam.py");
    const stack = symbols.stack(frame);
    expect(stack.length).toBe(700);
    expect(stack[0]).toEqual({ id: 699, parent: 698, file: "spam.py", function: "f9", line: 699 });
    expect(stack.at(-1)).toMatchObject({ parent: -1, function: "f0", line: 0 });
    expect(symbols.frame(700)).toMatchObject({ file: "eggs.py", function: "spam.py" });
    for (const id of [-1, 701, 0.5]) expect(() => symbols.frame(id)).toThrow(PyrenaError);
    expect(() => symbols.string(12)).toThrow("12 are defined so far");
  });
});
