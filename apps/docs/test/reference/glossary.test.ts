/** The glossary: every word leads somewhere, and the words of the code are in it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../../../..");
const page = readFileSync(
  join(import.meta.dirname, "../../src/content/docs/reference/glossary.mdx"),
  "utf8",
);
const sections = page.split(/^## /m).slice(1);
const entries = sections.flatMap((section) =>
  section.split("\n\n").filter((paragraph) => paragraph.startsWith("**")),
);
const words = entries.map((entry) => /^\*\*(.*?)\*\*: /.exec(entry)![1]!);

it("has each word once, in order, with a way to the page that shows it", () => {
  expect(words.length).toBeGreaterThan(40);
  expect(new Set(words).size).toBe(words.length);
  for (const entry of entries) expect(entry).toMatch(/\]\(\/(learn|reference)\//);
  for (const section of sections) {
    const own = [...section.matchAll(/^\*\*(.*?)\*\*: /gm)].map(([, word]) => word!);
    expect(own).toEqual(own.toSorted((a, b) => a.localeCompare(b, "en")));
  }
});

it("has the words of the code's own glossaries", () => {
  const abi = readFileSync(join(root, "packages/abi/src/index.ts"), "utf8");
  const architecture = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
  const table = architecture.split("## Words")[1]!.split("\n## ")[0]!;
  const theirs = [
    ...[...abi.matchAll(/^ \* - \*\*(.*?)\*\*:/gm)].map(([, word]) => word!),
    ...[...table.matchAll(/^\| ([a-z ]+) \|/gm)].map(([, word]) => word!),
  ].filter((word) => word !== "word");
  expect(theirs.length).toBeGreaterThan(12);
  expect(theirs.filter((word) => !words.includes(word))).toEqual([]);
});
