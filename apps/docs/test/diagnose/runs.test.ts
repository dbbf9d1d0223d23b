/**
 * The recorded runs that pages show, made again. With UPDATE_CONSOLE=1 the files are written anew (`biome format --write`
 * puts them into shape).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, expect, it } from "vitest";
import { type RecordedRun, recordedRun, totalsOf } from "../../src/live/recorded/model.ts";
import { Workplace } from "./console.ts";

const folder = join(import.meta.dirname, "../../src/live/recorded/runs");
const recorded: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sessions: { "as written": "sessions.py", mended: "sessions.py --mended" },
  orders: { "as written": "orders.py", mended: "orders.py --mended" },
};

const workplace = new Workplace();
afterAll(() => workplace.close());

it.each(Object.keys(recorded))("the runs of %s are what pyrena run tells", (name) => {
  const runs = Object.fromEntries(
    Object.entries(recorded[name]!).map(([label, program]) => {
      const text = workplace.run(`pyrena run -q --json run.json ${program} > output; cat run.json`);
      return [label, recordedRun(`pyrena run ${program}`, text.join("\n"))];
    }),
  );
  const path = join(folder, `${name}.json`);
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
