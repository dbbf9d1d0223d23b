/** What the page on compatibility claims: it is in the recorded run, and the recordings replay exactly. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  comparedLines,
  leftOut,
  newestAgreement,
  replayRecordings,
  spellings,
} from "../../src/reference/agreement/data.ts";
import { AGREEMENT_VERSION } from "../../src/reference/agreement/result.ts";

const root = join(import.meta.dirname, "../../../..");
const page = readFileSync(
  join(import.meta.dirname, "../../src/content/docs/reference/compatibility.mdx"),
  "utf8",
);
const { path, result } = newestAgreement();

it("shows a run of random programs on several CPythons, with its date and commit", () => {
  expect(path).toMatch(/^agree\/\d{4}-\d\d-\d\d-\d\d-\d\d\.json$/);
  expect(result.version).toBe(AGREEMENT_VERSION);
  expect(Number.isNaN(Date.parse(result.startedAt))).toBe(false);
  expect(result.commit).toMatch(/^[\da-f]{10}$/);
  expect(new Set(result.oracles.map(({ id }) => id)).size).toBe(result.oracles.length);
  for (const { id, python, abi, programs, differing } of result.oracles) {
    expect(id).toBe(`${python}-${abi}`);
    expect(programs).toBeGreaterThanOrEqual(1000);
    expect(differing).toBeLessThanOrEqual(programs);
  }
});

it("counts each program once, whatever it does with the collector", () => {
  const programs = result.oracles.reduce((sum, one) => sum + one.programs, 0);
  const { collecting } = result.counts;
  expect(Object.values(collecting).reduce((sum, times) => sum + times, 0)).toBe(programs);
});

it("counts all kinds of things, each under a name that the generator has, and shows all counts", async () => {
  const known = await spellings();
  for (const name of Object.keys(result.counts.operations))
    expect(known.has(name), name).toBe(true);
  expect(Object.keys(result.counts.operations).length).toBeGreaterThan(50);
  expect(Object.keys(result.counts.values).length).toBeGreaterThan(10);
  const shown = [...page.matchAll(/<CountsOf of="(\w+)" \/>/g)].map(([, of]) => of);
  expect(shown.toSorted()).toEqual(Object.keys(result.counts).toSorted());
});

it("says what is compared, and what is left out, as agree's own documents do", () => {
  const readme = readFileSync(join(root, "agree/README.md"), "utf8");
  const lines = comparedLines();
  expect(lines.length).toBeGreaterThan(15);
  for (const [names, meaning] of lines) {
    expect(readme).toContain(names);
    expect(readme).toContain(meaning);
  }
  const text = readFileSync(join(root, "agree/LEFT-OUT.md"), "utf8");
  const left = leftOut();
  expect(left).toHaveLength(text.match(/^- /gm)!.length);
  for (const { what, why } of left) {
    expect(what).not.toBe("");
    expect(text).toContain(`- **${what}**${why}`);
  }
});

it("replays every recording with every address exact", async () => {
  const replayed = await replayRecordings();
  expect(replayed.length).toBeGreaterThanOrEqual(7);
  expect(replayed[0]!.python).toMatch(/^3\.8\./);
  for (const { name, small, exact, inOrder } of replayed) {
    expect(small, name).toBeGreaterThan(30_000);
    expect(exact, name).toBe(small);
    expect(inOrder, name).toBe(true);
  }
}, 30_000);
