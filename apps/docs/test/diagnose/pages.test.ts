/**
 * The pages about diagnosing: each command that they show is run, and has to print what they show. With
 * UPDATE_CONSOLE=1 the pages and the recorded runs are written anew (`biome format --write` puts the latter into shape).
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, describe, expect, it } from "vitest";
import { type RecordedRun, recordedRun, totalsOf } from "../../src/live/recorded/model.ts";
import { alike, refreshed, shownOn, Workplace } from "./console.ts";

const root = join(import.meta.dirname, "../../../..");
const folder = join(import.meta.dirname, "../../src/content/docs/diagnose");
const pages = readdirSync(folder)
  .filter((name) => name.endsWith(".mdx"))
  .map((name) => ({
    name,
    path: join(folder, name),
    text: readFileSync(join(folder, name), "utf8"),
  }));
const programs = new Map(
  readdirSync(join(root, "examples/diagnose")).map((name) => [
    name,
    readFileSync(join(root, "examples/diagnose", name), "utf8"),
  ]),
);

/** The runs that pages show as pictures. */
const runsFolder = join(import.meta.dirname, "../../src/live/recorded/runs");
const recorded: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sessions: { "as written": "sessions.py", mended: "sessions.py --mended" },
  orders: { "as written": "orders.py", mended: "orders.py --mended" },
};

const workplace = new Workplace();
afterAll(() => workplace.close());

it.each(Object.keys(recorded))("the runs of %s are what pyrena run tells", (name) => {
  const runs = Object.fromEntries(
    Object.entries(recorded[name]!).map(([label, program]) => {
      return [label, recordedRun(`pyrena run ${program}`, workplace.report(program))];
    }),
  );
  const path = join(runsFolder, `${name}.json`);
  if (process.env["UPDATE_CONSOLE"] !== undefined) {
    writeFileSync(path, `${JSON.stringify(runs, undefined, 2)}\n`);
  }
  const kept = JSON.parse(readFileSync(path, "utf8")) as Record<string, RecordedRun>;
  expect(Object.keys(kept)).toEqual(Object.keys(runs));
  for (const [label, run] of Object.entries(kept)) {
    const { command, python, arenaBytes, poolBytes } = runs[label]!;
    expect(run).toMatchObject({ command, python, arenaBytes, poolBytes });
    const [shown, made] = [totalsOf(run), totalsOf(runs[label]!)];
    expect(Math.abs(shown.heldBytes - made.heldBytes)).toBeLessThanOrEqual(arenaBytes);
    expect(Math.abs(shown.liveBytes - made.liveBytes)).toBeLessThan(made.liveBytes / 50);
    expect(Math.abs(shown.nearlyEmpty - made.nearlyEmpty)).toBeLessThanOrEqual(1);
    expect(run.sizeClasses[0]!.blockBytes).toBe(runs[label]!.sizeClasses[0]!.blockBytes);
  }
});

describe.each(pages.filter(({ text }) => shownOn(text).length > 0))("$name", ({ path, text }) => {
  it.each(shownOn(text))("prints what it shows: $command", (shown) => {
    const lines = refreshed(shown, workplace.run(shown.command));
    if (process.env["UPDATE_CONSOLE"] === undefined) return;
    const block = (below: readonly string[]): string =>
      ["", `$ ${shown.command}`, ...below, ""].join("\n");
    const page = readFileSync(path, "utf8");
    writeFileSync(
      path,
      page.replace(block(shown.lines), () => block(lines)),
    );
  });

  it("speaks of figures that it shows", () => {
    const consoles = shownOn(text)
      .flatMap(({ lines }) => lines)
      .join("\n")
      .replace(/\s+/g, " ");
    const prose = text.replace(/```.*?```/gs, "").replace(/\s+/g, " ");
    const spoken = [...prose.matchAll(/\*\*(.+?)\*\*/g)]
      .map(([, words]) => words!.replace(/[.:]$/, ""))
      .filter((words) => /^[^"“].*\d|^\d/.test(words));
    for (const words of spoken) expect(consoles).toContain(words);
  });
});

it("shows code that is in the programs", () => {
  for (const { text } of pages) {
    for (const [, name, code] of text.matchAll(/```(?:python|js) title="([^"]*)"\n(.*?)\n```/gs)) {
      const program = programs.get(name!);
      expect(program, name).toBeDefined();
      for (const part of code!.split(/\n *# …\n|\n *\/\/ …\n/)) {
        expect(unindented(program!), name).toContain(unindented(part).trim());
      }
    }
  }
});

/** Without the blanks that begin lines: parts of programs may stand further left on a page. */
function unindented(code: string): string {
  return code.replace(/^[ \t]+/gm, "");
}

describe("the comparison", () => {
  it("takes other times, and counts that differ a little", () => {
    expect(alike("done after 0.45 s, 1,252 blocks", "done after 12.3 ms, 1,249 blocks")).toBe(true);
    expect(alike("1 more is empty", "2 more are empty")).toBe(true);
  });

  it("takes neither other words nor other counts", () => {
    expect(alike("24.0 MiB at the peak", "22.0 MiB at the peak")).toBe(false);
    expect(alike("90 of 96 arenas", "80 of 96 arenas")).toBe(false);
    expect(alike("objects of A", "objects of B")).toBe(false);
    expect(alike("dict at 0x102e80", "dict at 0x102e90")).toBe(false);
    const shown = { command: "x", lines: ["a", "…", "d"] };
    expect(refreshed(shown, ["a", "b", "c", "d"])).toEqual(["a", "…", "d"]);
    expect(() => refreshed(shown, ["a", "d", "e"])).toThrow("prints more");
    expect(() => refreshed(shown, ["b", "d"])).toThrow("does not print: a");
  });
});
