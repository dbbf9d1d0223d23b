/** The command line's reference against the help that the program prints. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { cliCommands, cliExitCodes } from "../../src/reference/cli/commands.ts";
import { folderOfPackage } from "../../src/reference/shared/built.ts";

const commands = await cliCommands();
const page = readFileSync(
  join(import.meta.dirname, "../../src/content/docs/reference/cli.mdx"),
  "utf8",
);

function help(name: string): string {
  const script = join(folderOfPackage("@pyrena/cli"), "bin/pyrena.js");
  return execFileSync(process.execPath, [script, ...name.split(" ").slice(1), "--help"], {
    encoding: "utf8",
  });
}
const oneLine = (text: string): string => text.replace(/\s+/g, " ");

it("has a part for every command", () => {
  const parts = [
    ...page.matchAll(/^## (pyrena.*)\n(?:(?!^## )[\s\S])*?<Command name="(.*)" \/>/gm),
  ];
  expect(parts.map(([, heading]) => heading)).toEqual(commands.map(({ name }) => name));
  expect(parts.map(([, , name]) => name)).toEqual(commands.map(({ name }) => name));
  expect(commands.length).toBeGreaterThan(3);
});

describe.each(commands.map(({ name }) => name))("%s", (name) => {
  const command = commands.find((one) => one.name === name)!;
  const printed = oneLine(help(name));

  it("shows every option that the help prints, and every line after them", () => {
    const between = printed.slice(printed.indexOf("Options:"));
    for (const { flags, description, initial } of command.options) {
      expect(between).toContain(oneLine(`${flags} ${description}`));
      if (initial !== "") expect(between).toMatch(new RegExp(`default: "?${initial}"?\\)`));
    }
    const listed = help(name)
      .split("\nOptions:\n")[1]!
      .split("\n\n")[0]!
      .match(/^ {2}-.*$/gm)!;
    expect(command.options).toHaveLength(listed.length);
    for (const { title, lines } of command.sections) {
      expect(printed).toContain(oneLine([title && `${title}:`, ...lines].join(" ")).trim());
    }
  });

  it("shows usage and description as the help does", () => {
    expect(printed).toContain(oneLine(`Usage: ${command.usage}`));
    for (const paragraph of command.paragraphs) expect(printed).toContain(oneLine(paragraph));
  });

  it("has an example", () => {
    expect(command.sections.find(({ title }) => title === "Examples")!.lines.join()).toContain(
      "$ pyrena",
    );
  });
});

it("says every exit code but that of a mistake in the program itself", async () => {
  const told = commands
    .flatMap(({ sections }) => sections.filter(({ title }) => title === "Exit codes"))
    .flatMap(({ lines }) => lines.map((line) => Number.parseInt(line, 10)));
  const { internal, ...others } = await cliExitCodes();
  expect(internal).toBeGreaterThan(2);
  expect(Object.values(others).every((code) => told.includes(code))).toBe(true);
});

it("accepts Python's switches without a line of their own", () => {
  const run = commands.find(({ name }) => name === "pyrena run")!;
  const text = run.sections.flatMap(({ lines }) => lines).join(" ");
  expect(run.hiddenFlags.length).toBeGreaterThan(5);
  for (const flags of run.hiddenFlags) expect(text).toContain(flags.split(" ")[0]);
});
