/** Profiles side by side: every fact of every profile, as it is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { profileFor, profiles } from "@pyrena/abi";
import { expect, it } from "vitest";
import { type FactTable, factTables, show } from "../../src/reference/profiles/rows.ts";
import { builtModule } from "../../src/reference/shared/built.ts";
import { objectProfiles } from "../../src/reference/structs/profiles.ts";

const page = readFileSync(
  join(import.meta.dirname, "../../src/content/docs/reference/profiles.mdx"),
  "utf8",
);
const tables: readonly [string, FactTable][] = Object.entries(factTables);
const rowOf = (table: FactTable, name: string) => table.rows.find((row) => row.name === name)!;

it("shows every table", () => {
  const shown = [...page.matchAll(/<Facts of="(\w+)"/g)].map(([, of]) => of);
  expect(shown.toSorted()).toEqual(Object.keys(factTables).toSorted());
});

it("has every fact of every profile, for both data models", () => {
  const parts = {
    pymalloc: "pymalloc",
    gc: "gc",
    headers: "headers",
    freeLists: "freeLists",
  } as const;
  for (const profile of profiles) {
    for (const [table, part] of Object.entries(parts)) {
      const { versions, rows } = factTables[table as keyof typeof parts];
      const column = versions.indexOf(profile.python);
      const facts = profile[part as keyof typeof parts];
      for (const [name, value] of Object.entries(facts)) {
        const row = rows.find((one) => one.name === name)!;
        expect(row.cells[column]![profile.abi.name], `${profile.name} ${name}`).toBe(
          show(name, value),
        );
      }
    }
    const column = factTables.other.versions.indexOf(profile.python);
    const { lp64 } = rowOf(factTables.other, "smallInts").cells[column]!;
    expect(lp64).toBe(profile.smallInts.join(", "));
  }
});

it("has every fact of objects", async () => {
  const { objectFacts } = await builtModule("@pyrena/objects", "facts");
  const shown = new Set(
    [...factTables.objects.rows, ...factTables.refcount.rows].map(({ name }) => name.split(".")[0]),
  );
  for (const profile of objectProfiles) {
    const facts = (objectFacts as (of: unknown) => Record<string, unknown>)(profile);
    const { refcount, ...others } = facts;
    for (const name of [...Object.keys(refcount as object), ...Object.keys(others)]) {
      expect(shown.has(name), name).toBe(true);
    }
  }
});

it("says of each fact what it means", () => {
  const silent = tables.flatMap(([of, { rows }]) =>
    rows.filter(({ help }) => help === "").map(({ name }) => `${of}: ${name}`),
  );
  // What a header or a free list of a type is, its name says.
  expect(silent.filter((name) => !/^(freeLists|gc): /.test(name))).toEqual([]);
});

it("marks what differs from the version before, and nothing else", () => {
  for (const [, { rows, versions }] of tables) {
    for (const { cells, name } of rows) {
      expect(cells).toHaveLength(versions.length);
      for (const [n, cell] of cells.entries()) {
        const before = cells[n - 1];
        const differs =
          before !== undefined && (before.lp64 !== cell.lp64 || before.ilp32 !== cell.ilp32);
        expect(cell.changed, name).toBe(differs);
      }
    }
  }
  const arenas = rowOf(factTables.pymalloc, "arenaBytes");
  expect(arenas.cells.map(({ changed }) => changed).indexOf(true)).toBe(
    factTables.pymalloc.versions.indexOf("3.10"),
  );
  expect(arenas.cells.at(-1)).toMatchObject({ lp64: "1 MiB", ilp32: "256 KiB" });
});

it("derives the number of classes and pools as the code does", () => {
  const { pymalloc, abi } = profileFor("3.13", "ilp32");
  const column = factTables.pymalloc.versions.indexOf("3.13");
  expect(rowOf(factTables.pymalloc, "sizeClasses").cells[column]!.ilp32).toBe(
    String(pymalloc.threshold / abi.alignment),
  );
  expect(rowOf(factTables.pymalloc, "poolsPerArena").cells[column]!.ilp32).toBe("64");
});
