/**
 * The laws of `StatSource`, whose docstring is in `@pyrena/abi`:
 *
 * - T1 Declarations are complete: names in camelCase, each once; a unit and a kind of the contract; a sentence of help.
 * - T2 `read` gives a whole number, 0 or more, for each declaration.
 * - T3 Totals and peaks never fall.
 * - T4 Reading changes nothing: read again, the numbers are the same.
 */
import type { StatKind, StatSource, StatUnit } from "@pyrena/abi";
import { type Law, lawBroken, messageOf } from "./law.ts";

/** A layer that counts, and something for it to count. */
export interface StatsSubject {
  readonly stats: StatSource;
  /** Makes the layer work a little; called several times. For an allocator: run a random program on it. */
  readonly exercise: (round: number) => void;
}

const units: readonly StatUnit[] = [
  "bytes",
  "blocks",
  "pools",
  "arenas",
  "segments",
  "calls",
  "objects",
  "collections",
];
const kinds: readonly StatKind[] = ["current", "peak", "total"];

function checkDeclarations(make: () => StatsSubject): void {
  const { layer, declarations } = make().stats;
  if (typeof layer !== "string" || !/^[a-z][a-z0-9-]*$/.test(layer))
    lawBroken("T1", `the layer's name is '${String(layer)}', not a word in lower case`);
  if (declarations.length === 0) lawBroken("T1", `the layer '${layer}' declares nothing`);
  const names = new Set<string>();
  for (const { name, unit, kind, help } of declarations) {
    if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) lawBroken("T1", `'${name}' is not in camelCase`);
    if (names.has(name)) lawBroken("T1", `'${name}' is declared twice`);
    names.add(name);
    if (!units.includes(unit)) lawBroken("T1", `'${name}' has the unknown unit '${unit}'`);
    if (!kinds.includes(kind)) lawBroken("T1", `'${name}' has the unknown kind '${kind}'`);
    if (typeof help !== "string" || help.trim().length < 8)
      lawBroken("T1", `'${name}' has no sentence of help`);
  }
}

function readAll({ stats }: StatsSubject, law: string): number[] {
  return stats.declarations.map(({ name }, index) => {
    let value: number;
    try {
      value = stats.read(index);
    } catch (cause) {
      return lawBroken(law, `reading '${name}' threw ${messageOf(cause)}`, { cause });
    }
    if (!Number.isSafeInteger(value) || value < 0)
      lawBroken("T2", `'${name}' is ${value}, not a whole number from 0`);
    return value;
  });
}

function checkValues(make: () => StatsSubject): void {
  const subject = make();
  readAll(subject, "T2");
  for (let round = 0; round < 4; round++) {
    subject.exercise(round);
    readAll(subject, "T2");
  }
}

function checkMonotony(make: () => StatsSubject): void {
  const subject = make();
  const { declarations } = subject.stats;
  const first = readAll(subject, "T3");
  let before = first;
  for (let round = 0; round < 6; round++) {
    subject.exercise(round);
    const now = readAll(subject, "T3");
    declarations.forEach(({ name, kind }, index) => {
      if (kind !== "current" && now[index] < before[index])
        lawBroken("T3", `the ${kind} '${name}' fell from ${before[index]} to ${now[index]}`);
    });
    before = now;
  }
  if (declarations.every((_, index) => before[index] === first[index]))
    lawBroken("T3", "the layer was made to work, and none of its numbers moved");
}

function checkPassive(make: () => StatsSubject): void {
  const subject = make();
  for (let round = 0; round < 3; round++) {
    const once = readAll(subject, "T4");
    const again = readAll(subject, "T4");
    subject.stats.declarations.forEach(({ name }, index) => {
      if (once[index] !== again[index])
        lawBroken("T4", `'${name}' was ${once[index]} and, read again, ${again[index]}`);
    });
    subject.exercise(round);
  }
}

/** The laws of a layer's statistics. */
export const statsLaws: readonly Law<StatsSubject>[] = Object.freeze([
  { id: "T1", name: "T1 every statistic is declared in full", check: checkDeclarations },
  { id: "T2", name: "T2 every statistic is a whole number from 0", check: checkValues },
  { id: "T3", name: "T3 totals and peaks never fall", check: checkMonotony },
  { id: "T4", name: "T4 reading changes nothing", check: checkPassive },
]);
