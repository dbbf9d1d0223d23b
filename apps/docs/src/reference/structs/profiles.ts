/** The profiles whose objects Pyrena builds, and how a set of them is named in a few words. */
import { type AbiName, type Profile, profiles } from "@pyrena/abi";

/** CPython 3.11 to 3.15, on both data models: those that have objects. */
export const objectProfiles: readonly Profile[] = profiles.filter(
  ({ python }) => Number(python.split(".")[1]) >= 11,
);

/** Versions of Python in order: `3.11`. */
export const pythons: readonly string[] = [...new Set(objectProfiles.map(({ python }) => python))];

/** What people call the data models. */
export const abiTitles: Readonly<Record<AbiName, string>> = {
  lp64: "64-bit pointers (lp64)",
  ilp32: "32-bit pointers (ilp32)",
};

/** `3.11 to 3.13`, `3.14`, `3.11, 3.13 to 3.15`. */
export function nameVersions(versions: readonly string[]): string {
  const runs: string[][] = [];
  for (const version of pythons) {
    if (!versions.includes(version)) continue;
    const last = runs.at(-1);
    const next = pythons[pythons.indexOf(last?.at(-1) ?? "") + 1];
    if (last !== undefined && next === version) last.push(version);
    else runs.push([version]);
  }
  return runs.map((run) => (run.length === 1 ? run[0] : `${run[0]} to ${run.at(-1)}`)).join(", ");
}
