/** The smallest program of each package does what the page says that it prints. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pyodideModule from "pyodide";
import { describe, expect, it } from "vitest";
import { blocksOf, expectPrinted, pageText, runCode } from "./run-code.ts";

const root = join(import.meta.dirname, "../../../..");
const names = [
  ...readdirSync(join(root, "packages")).map((folder) => join("packages", folder)),
  "apps/cli",
].map(
  (folder) =>
    (JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as { name: string }).name,
);

const blocks = blocksOf("one-package");
const examples = blocks.flatMap(({ language, code }, n) => {
  if (language !== "js") return [];
  const install = blocks[n - 1]!;
  const printed = blocks[n + 1]!;
  return [
    {
      install: install.code,
      code,
      printed: printed.code,
      name: install.code.trim().split(" ").at(-1)!,
    },
  ];
});

it("has every package, with a line to install it", () => {
  const listed = [...pageText("one-package").matchAll(/^\| .* \| \[([^\]]+)\]\(#\w+\) \|$/gm)].map(
    ([, name]) => name!,
  );
  expect([...listed].sort()).toEqual([...names].sort());
  for (const { install, code } of examples) {
    expect(install).toMatch(/^npm install /);
    const imported = [...code.matchAll(/from "([^"]+)"/g)].map(([, name]) => name!);
    const installed = install
      .trim()
      .split(" ")
      .slice(2)
      .filter((name) => !name.startsWith("--"));
    for (const name of imported) expect(installed).toContain(name);
    // Nothing is asked for that the program does not use, but for the contracts that packages bring with them.
    for (const name of installed) if (name !== "@pyrena/abi") expect(imported).toContain(name);
  }
  expect(examples).toHaveLength(names.length - 1); // the command has none
});

describe("the smallest program", () => {
  it.each(examples)("of $install prints what is shown", async ({ code, printed }) => {
    const ran = await runCode(code, { pyodide: pyodideModule });
    expectPrinted(ran.printed, printed);
  });
});
