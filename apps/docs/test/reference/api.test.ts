/** The packages' reference: nothing that they export is missing, and all of it leads somewhere. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type Extract, extractApi } from "../../src/reference/api/extract.ts";
import { type ApiPage, apiPages } from "../../src/reference/api/markdown.ts";
import { API_ROOT, anchorsOf } from "../../src/reference/api/model.ts";
import { folderOf, listedPackages } from "../../src/reference/api/packages.ts";

const root = join(import.meta.dirname, "../../../..");

let api: Extract;
let pages: ApiPage[];
beforeAll(async () => {
  api = await extractApi(root);
  pages = apiPages(api.packages);
}, 60_000);

const textOf = (path: string): string => pages.find((page) => page.path === path)!.text;

/** What an index.ts exports, read as text: a second opinion. */
function exportedBy(folder: string): string[] {
  const text = readFileSync(join(root, "packages", folder, "src/index.ts"), "utf8");
  return [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) =>
    names!
      .split(",")
      .map((name) => name.trim().replace(/^type /, ""))
      .filter((name) => name !== ""),
  );
}

describe.each(listedPackages.map(({ name }) => name))("%s", (name) => {
  const folder = folderOf(name);

  it("has an entry for every name that it exports, and no other", () => {
    const one = api.packages.find((candidate) => candidate.name === name)!;
    const found = [
      ...one.concepts.flatMap(({ entries }) => entries.map((entry) => entry.name)),
      ...one.reexports.map((reexport) => reexport.name),
    ];
    expect(found.length).toBeGreaterThan(0);
    expect(found.toSorted()).toEqual(exportedBy(folder).toSorted());
  });

  it("shows each of them, with its declaration, and says what it is for", () => {
    const one = api.packages.find((candidate) => candidate.name === name)!;
    for (const { slug, entries } of one.concepts) {
      const text = textOf(`${folder}/${slug}.md`);
      for (const entry of entries) {
        expect(text).toContain(`\n## ${entry.name}\n`);
        expect(entry.signature, entry.name).toContain(entry.name);
        for (const member of entry.members) {
          expect(text, `${entry.name}.${member.name}`).toContain(
            member.name === "constructor" ? `new ${entry.name}` : member.name,
          );
        }
      }
    }
  });
});

it("reads all docstrings without a complaint of TypeDoc's", () => {
  expect(api.warnings).toEqual([]);
});

it("leads only to pages and headings that are there", () => {
  const anchors = new Map(
    pages.map(({ path, text }) => [
      `${API_ROOT}${path.replace(/(index)?\.md$/, "").replace(/([^/])$/, "$1/")}`,
      new Set(anchorsOf([...text.matchAll(/^##+ (.+)$/gm)].map(([, heading]) => heading!))),
    ]),
  );
  let links = 0;
  for (const { path, text } of pages) {
    for (const [, address] of text.matchAll(/(?:\]\(|href=")(\/reference\/api\/[^)"]*)/g)) {
      const [page, anchor] = address!.split("#");
      expect(anchors.has(page!), `${path} → ${address}`).toBe(true);
      if (anchor !== undefined) {
        expect(anchors.get(page!)!.has(anchor), `${path} → ${address}`).toBe(true);
      }
      links++;
    }
  }
  expect(links).toBeGreaterThan(1500);
});

it("leads to the right one of two names that differ in capitals only", () => {
  const text = textOf("debug/index.md");
  expect(text).toContain("[`FenceLayout`](/reference/api/debug/fence-layout/#fencelayout)");
  expect(text).toContain("[`fenceLayout`](/reference/api/debug/fence-layout/#fencelayout-1)");
});

it("puts createRuntime first of the first package", () => {
  const [first] = api.packages;
  expect(first!.name).toBe("pyrena");
  expect(first!.concepts[0]!.title).toBe("createRuntime");
  const text = textOf("pyrena/create.md");
  expect(text).toContain("function createRuntime(options: ");
  expect(text).toContain(`<a href="${API_ROOT}pyrena/options/#runtimeoptions">RuntimeOptions</a>`);
  expect(text).toContain(
    `**Throws** [\`PyrenaError\`](${API_ROOT}abi/errors/#pyrenaerror) \`unknown-profile\``,
  );
  // The source of a behaviour stays.
  expect(textOf("objects/allocation.md")).toContain("_PyObject_GC_New");
});

it("shows what calls the reader, not what the compiler needs", () => {
  for (const { path, text } of pages) {
    const code = [...text.matchAll(/<(?:pre|code) class="api">([\s\S]*?)<\/(?:pre|code)>/g)];
    for (const [, shown] of code) {
      expect(shown, path).not.toMatch(/\bthis: void|\bdeclare |\bexport |\boverride /);
    }
  }
});
