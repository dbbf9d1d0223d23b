import { expect, test } from "vitest";
import { checkDocs } from "../check-docs.ts";
import { tree } from "./tree.ts";

/** What the rules say of a document at docs/page.md, in a repository without packages. */
function broken(page: string): string[] {
  const root = tree({
    "README.md": "# Pyrena\n\n## Two words, & more\n\n## Two words, & more\n",
    "docs/page.md": page,
    "docs/other.ts": "",
  });
  return checkDocs(root, ["docs/page.md"]).map(({ where, what }) => `${where} ${what}`);
}

test("links to files, folders, headings and other sites are right", () => {
  expect(
    broken(
      [
        "# A `page`",
        "[a](other.ts) [b](../README.md) [c](../docs/) [d](#a-page) [e](https://example.org/x)",
        "[f](../README.md#two-words--more) [g](../README.md#two-words--more-1) ![h](other.ts 'i')",
        "[j]: ./other.ts",
      ].join("\n"),
    ),
  ).toEqual([]);
});

test.each([
  ["[a](missing.md)", "missing.md is not there"],
  ["![a](img/missing.png)", "img/missing.png is not there"],
  ["[a]: missing.md", "missing.md is not there"],
  ['<img src="missing.png">', "missing.png is not there"],
  ["[a](../README.md#three-words)", "README.md has no heading #three-words"],
  ["[a](#nowhere)", "docs/page.md has no heading #nowhere"],
  ["[a](../../elsewhere.md)", "../../elsewhere.md leaves the repository"],
])("%s is refused, with its line", (link, what) => {
  expect(broken(`# Page\n\n\`\`\`\n# code\n\`\`\`\n${link}\n`)).toEqual([`docs/page.md:6 ${what}`]);
});

test("brackets in code are no links", () => {
  expect(
    broken("```ts\na[0](missing);\n```\nand `a[0](missing)` and <!-- [a](missing) -->"),
  ).toEqual([]);
});

test("a public package needs a README, and a row in both lists; a private one doesn't", () => {
  const files = {
    "README.md": "| package | |\n|---|---|\n| [`raw`](packages/raw) | x |\n",
    "ARCHITECTURE.md": "See [raw](packages/raw).",
    "packages/raw/package.json": { name: "@pyrena/raw" },
    "bench/package.json": { name: "@pyrena/bench", private: true },
  };
  expect(checkDocs(tree(files), []).map(({ rule, where }) => `${rule} ${where}`)).toEqual([
    "README present packages/raw",
    "packages listed ARCHITECTURE.md",
  ]);
});
