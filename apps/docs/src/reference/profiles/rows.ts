/**
 * Profiles side by side: the rows of the tables, made from the profiles themselves. What a row means is what the
 * docstring of its field says.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Profile, poolHeaderBytes, profiles, sizeClassCount } from "@pyrena/abi";
import { builtModule, folderOfPackage } from "../shared/built.ts";
import { objectProfiles } from "../structs/profiles.ts";

/** A fact of all profiles. */
export interface FactRow {
  /** As the code calls it: `pymalloc.arenaBytes`. */
  readonly name: string;
  /** Markdown: what it means. */
  readonly help: string;
  readonly cells: readonly FactCell[];
}

/** A fact of one version: on both data models, if they differ. */
export interface FactCell {
  readonly lp64: string;
  readonly ilp32: string;
  /** Whether it differs from the version before. */
  readonly changed: boolean;
}

/** A table: versions and rows. */
export interface FactTable {
  readonly versions: readonly string[];
  readonly rows: readonly FactRow[];
}

type Facts = Readonly<Record<string, unknown>>;
type FactsOf = (profile: Profile) => Facts;

const { objectFacts } = (await builtModule("@pyrena/objects", "facts")) as {
  objectFacts: FactsOf;
};
const { gcFacts } = (await builtModule("@pyrena/gc", "facts")) as { gcFacts: FactsOf };

/** What the docstrings of an interface's fields say. */
function helpOf(packageName: string, file: string, interfaceName: string): Map<string, string> {
  const text = readFileSync(join(folderOfPackage(packageName), "src", file), "utf8");
  const start = text.indexOf(`export interface ${interfaceName} {`);
  if (start < 0) throw new Error(`${file} of ${packageName} has no ${interfaceName}`);
  const body = text.slice(start, text.indexOf("\n}", start));
  const docs = body.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\w+)\??:/g);
  return new Map(
    [...docs].map(([, doc, name]) => [name!, doc!.replace(/\s*\n\s*\* ?/g, " ").trim()]),
  );
}

const BYTES = /Bytes$/;

/** A value as people read it. */
export function show(name: string, value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map((item) => show("", item)).join(", ");
  if (value === undefined) return "–";
  if (value === Number.POSITIVE_INFINITY) return "none";
  if (typeof value !== "number") return String(value);
  if (BYTES.test(name) && value >= 1024 && value % 1024 === 0) {
    return value % 2 ** 20 === 0 ? `${value / 2 ** 20} MiB` : `${value / 1024} KiB`;
  }
  return value >= 2 ** 24 ? `${value} (0x${value.toString(16)})` : String(value);
}

function tableOf(
  among: readonly Profile[],
  factsOf: FactsOf,
  help: ReadonlyMap<string, string>,
  prefix = "",
): FactTable {
  const versions = [...new Set(among.map(({ python }) => python))];
  const flat = new Map(among.map((profile) => [profile.name, flatten(factsOf(profile))]));
  const names = [...new Set([...flat.values()].flatMap((facts) => [...facts.keys()]))];
  const shownOf = (python: string, abi: string, name: string): string =>
    show(name, flat.get(`cpython-${python}-${abi}`)?.get(name));
  return {
    versions,
    rows: names.map((name) => ({
      name: prefix + name,
      help: help.get(name) ?? help.get(name.split(".")[0]!) ?? "",
      cells: versions.map((python, n) => {
        const cell = { lp64: shownOf(python, "lp64", name), ilp32: shownOf(python, "ilp32", name) };
        const earlier = versions[n - 1];
        const changed =
          earlier !== undefined &&
          (shownOf(earlier, "lp64", name) !== cell.lp64 ||
            shownOf(earlier, "ilp32", name) !== cell.ilp32);
        return { ...cell, changed };
      }),
    })),
  };
}

/** Nested facts by names with a dot. */
function flatten(facts: Facts): Map<string, unknown> {
  return new Map(
    Object.entries(facts).flatMap(([name, value]): [string, unknown][] =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([inner, item]) => [`${name}.${inner}`, item])
        : [[name, value]],
    ),
  );
}

const abi = (name: string): Map<string, string> => helpOf("@pyrena/abi", "profile.ts", name);
const own = (facts: object): Facts => facts as Facts;

/** All tables, by what they are about. */
export const factTables = {
  pymalloc: tableOf(
    profiles,
    (profile) => ({
      ...own(profile.pymalloc),
      alignment: profile.abi.alignment,
      sizeClasses: sizeClassCount(profile),
      poolHeaderBytes: poolHeaderBytes(profile),
      poolsPerArena: profile.pymalloc.arenaBytes / profile.pymalloc.poolBytes,
    }),
    new Map([
      ...abi("PymallocProfile"),
      ["alignment", "Blocks are multiples of it, and lie at multiples of it."],
      ["sizeClasses", "Number of size classes: the threshold divided by the alignment."],
      ["poolHeaderBytes", "A pool's header, rounded up to the alignment."],
      ["poolsPerArena", "Pools in an arena that is aligned to their size."],
    ]),
  ),
  gc: tableOf(profiles, (profile) => own(profile.gc), abi("GcProfile")),
  collector: tableOf(
    objectProfiles,
    (profile) => {
      const { trigger: _, ...facts } = gcFacts(profile);
      return facts;
    },
    helpOf("@pyrena/gc", "facts.ts", "GcFacts"),
  ),
  headers: tableOf(profiles, (profile) => own(profile.headers), abi("HeaderProfile")),
  freeLists: tableOf(profiles, (profile) => own(profile.freeLists), abi("FreeListProfile")),
  other: tableOf(
    profiles,
    ({ smallInts, hasMimalloc }) => ({ smallInts, hasMimalloc }),
    abi("Profile"),
  ),
  refcount: tableOf(
    objectProfiles,
    (profile) => {
      const { hasImmortals, internsForever, refcount } = objectFacts(profile);
      return { hasImmortals, internsForever, ...own(refcount as object) };
    },
    new Map([
      ...helpOf("@pyrena/objects", "facts.ts", "ObjectFacts"),
      ...helpOf("@pyrena/objects", "facts.ts", "RefcountFacts"),
    ]),
  ),
  objects: tableOf(
    objectProfiles,
    (profile) => {
      const { hasImmortals: _, internsForever: __, refcount: ___, ...facts } = objectFacts(profile);
      return facts;
    },
    helpOf("@pyrena/objects", "facts.ts", "ObjectFacts"),
  ),
} satisfies Readonly<Record<string, FactTable>>;
