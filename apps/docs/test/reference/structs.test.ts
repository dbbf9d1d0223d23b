/** The drawings of the heap's layouts: all of them, and with the numbers that the code has. */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { boxesOf, spoken, variantsOf } from "../../src/reference/structs/drawing.ts";
import { nameVersions, objectProfiles } from "../../src/reference/structs/profiles.ts";
import { builtinTypes, structs } from "../../src/reference/structs/structs.ts";
import { nativePythons } from "../learn/native-pythons.ts";

const root = join(import.meta.dirname, "../../../..");
const page = ["structs", "structs-code", "structs-state"]
  .map((name) =>
    readFileSync(join(import.meta.dirname, `../../src/content/docs/reference/${name}.mdx`), "utf8"),
  )
  .join("\n");

it("has a place on a page for each structure, under a heading of its own", () => {
  const ids = [...page.matchAll(/<Struct id="(.*)" \/>/g)].map(([, id]) => id);
  expect(ids).toEqual(structs.map(({ id }) => id));
  const parts = page.match(/^###? [^#]*?<Struct/gm);
  expect(parts).toHaveLength(structs.length);
});

it("draws every structure that a package defines", () => {
  const defined = globSync("packages/*/src/**/*.ts", { cwd: root }).flatMap((path) => {
    const text = readFileSync(join(root, path), "utf8");
    return [...text.matchAll(/\bdefineStruct\(\s*"([^"]+)"/g)].map(([, name]) => name!);
  });
  expect(new Set(defined).size).toBeGreaterThan(30);
  const drawn = new Set(
    structs.flatMap(({ layout }) => objectProfiles.map((profile) => layout(profile).name)),
  );
  expect([...new Set(defined)].filter((name) => !drawn.has(name))).toEqual([]);
});

describe.each(structs.map(({ id }) => id))("%s", (id) => {
  const drawn = structs.find((one) => one.id === id)!;

  it("shows each field where the table has it, and nothing overlaps or is left out", () => {
    for (const profile of objectProfiles) {
      const layout = drawn.layout(profile);
      const boxes = boxesOf(drawn, profile);
      const word = profile.abi.pointerBytes;
      const fields = boxes.filter(({ kind }) => !["padding", "before", "tail"].includes(kind));
      expect(fields.map(({ name, offset, bytes }) => ({ name, offset, bytes }))).toEqual(
        layout.fields
          .filter(({ bytes }) => bytes > 0)
          .map(({ name, offset, bytes }) => ({ name, offset, bytes })),
      );
      // From the first byte to the last, without a hole.
      let end = boxes[0]!.offset;
      for (const box of boxes) {
        expect(box.offset).toBe(end);
        end += box.bytes;
      }
      expect(end).toBe(layout.bytes);
      // In the drawing, what begins later stands lower, or in the same row further right.
      for (const [n, box] of boxes.entries()) {
        const last = boxes[n - 1];
        if (last === undefined) continue;
        const within = box.offset % word !== 0;
        expect(box.row).toBe(within ? last.row : last.row + Math.max(last.rows, rowsBeside(n)));
      }
      /** Rows of all boxes that share their first row with the one before number `n`. */
      function rowsBeside(n: number): number {
        const row = boxes[n - 1]!.row;
        return Math.max(...boxes.filter((box) => box.row === row).map(({ rows }) => rows));
      }
    }
  });

  it("is shown for every version and both data models, once", () => {
    for (const abi of ["lp64", "ilp32"] as const) {
      const variants = variantsOf(drawn, abi);
      const shown = variants.flatMap(({ profiles }) => profiles.map(({ name }) => name));
      expect(shown.toSorted()).toEqual(
        objectProfiles
          .filter((profile) => profile.abi.name === abi)
          .map(({ name }) => name)
          .toSorted(),
      );
      for (const variant of variants) {
        expect(spoken(variant)).toContain(`${variant.layout.bytes} bytes`);
        for (const { name } of variant.layout.fields) {
          if (name !== "address_map") expect(spoken(variant)).toContain(name);
        }
      }
    }
  });
});

/** What `tp_basicsize` says of a structure: where its items begin, if some of them are among its fields. */
function basicsizeOf(id: string, layout: { bytes: number; at: Record<string, number> }): number {
  if (id === "PyLongObject") return layout.at["ob_digit"]!;
  if (id === "PyBytesObject") return layout.at["ob_sval"]! + 1;
  return layout.bytes;
}

it("has the sizes of a real heap's types", () => {
  let compared = 0;
  for (const { id, type, layout } of structs) {
    if (type === undefined) continue;
    for (const profile of objectProfiles) {
      const facts = builtinTypes.get(profile.name)!.get(type);
      expect(facts, `${type} in ${profile.name}`).toBeDefined();
      expect(basicsizeOf(id, layout(profile)), `${id} in ${profile.name}`).toBe(facts!.basicsize);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(200);
});

const natives = nativePythons().filter(({ version }) =>
  objectProfiles.some(({ python }) => python === version),
);
if (natives.length === 0) console.warn("Skipped: no CPython 3.11 or later to compare sizes with");

it.skipIf(natives.length === 0)("has the sizes that CPython says", () => {
  const script = `
import types, weakref, json, sys
t = dict(object=object, int=int, float=float, complex=complex, str=str, bytes=bytes, bytearray=bytearray,
  tuple=tuple, list=list, dict=dict, set=set, range=range, slice=slice, function=types.FunctionType,
  method=types.MethodType, cell=types.CellType, traceback=types.TracebackType, BaseException=BaseException,
  ReferenceType=weakref.ReferenceType, module=types.ModuleType)
print(json.dumps({name: cls.__basicsize__ for name, cls in t.items()}))
`;
  for (const { version, path } of natives) {
    const { stdout } = spawnSync(path, ["-I", "-S", "-c", script], { encoding: "utf8" });
    const sizes = JSON.parse(stdout) as Record<string, number>;
    const profile = objectProfiles.find(
      ({ python, abi }) => python === version && abi.name === "lp64",
    )!;
    for (const [name, bytes] of Object.entries(sizes)) {
      const drawn = structs.find(({ type }) => type === name)!;
      expect(basicsizeOf(drawn.id, drawn.layout(profile)), `${name} in ${version}`).toBe(bytes);
    }
  }
});

it("names sets of versions in few words", () => {
  expect(nameVersions(["3.11", "3.12", "3.13", "3.14", "3.15"])).toBe("3.11 to 3.15");
  expect(nameVersions(["3.13", "3.11"])).toBe("3.11, 3.13");
  expect(nameVersions(["3.15", "3.11", "3.12"])).toBe("3.11 to 3.12, 3.15");
});
