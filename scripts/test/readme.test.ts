import { expect, test } from "vitest";
import { apiNames, codeBlocks, consoleExamples, firstMissing } from "../readme.ts";

test("fenced blocks are found with language and line, nested fences included", () => {
  const markdown =
    "# A\n\n```ts\nconst a = `x`;\n```\n\n````md\n```\ninner\n```\n````\n```\nplain\n```";
  expect(codeBlocks(markdown)).toEqual([
    { language: "ts", code: "const a = `x`;\n", line: 3 },
    { language: "md", code: "```\ninner\n```\n", line: 7 },
    { language: "", code: "plain\n", line: 12 },
  ]);
});

test("API tables name what their first cells begin with", () => {
  const markdown = [
    "| `before` | not in the section |",
    "## API",
    "| name | meaning |",
    "|---|---|",
    "| `createRaw(heap, { a })` | makes `other` |",
    "| `new Heap()`, `type Walk` | |",
    "| `.grow(n)` | a method |",
    "| plain | |",
    "### Details",
    "| `Deep` | |",
    "## Guarantees",
    "| `after` | |",
  ].join("\n");
  expect(apiNames(markdown)).toEqual(["createRaw", "Heap", "Walk", "Deep"]);
});

test("console blocks give commands and what they print", () => {
  const [first, second] = consoleExamples("$ a --b\none\n…\n\nthree … ms\n$ c\n");
  expect(first).toEqual({ command: "a --b", output: ["one", "…", "three … ms"] });
  expect(second).toEqual({ command: "c", output: [] });
  expect(firstMissing(first!.output, "one\ntwo\nthree 3.5 ms\n")).toBeUndefined();
  expect(firstMissing(first!.output, "three 3.5 ms\none\n")).toBe("three … ms");
  expect(firstMissing(["a.b"], "aXb")).toBe("a.b");
});
