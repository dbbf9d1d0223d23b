/** Arenas in words: how full they are, and what keeps them. */
import { formatBytes, formatCount } from "@pyrena/stats";
import { INDENT, indented, wrapped } from "../paragraphs.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";
import { count } from "../units.ts";
import type { ArenaGroup, Fullness, HeldArenas } from "./arenas.ts";

/** Size classes shown in the table. */
const CLASSES_SHOWN = 5;

/** Which arenas could not be given back, and what keeps them; nothing where there is no more to be had. */
export function keptArenas(
  held: HeldArenas,
  title: string,
  colors: Colors,
  width: number,
): string[] {
  const { arenas, heldBytes, arenaBytes, poolBytes, groups, packedArenas } = held;
  const loose = groups.filter(({ fullness }) => isLoose(fullness));
  if (loose.length === 0 || packedArenas === arenas) return [];
  const [first, ...others] = [...loose, ...groups.filter(({ fullness }) => !isLoose(fullness))];
  const sentences = (texts: readonly string[], style = (line: string) => line): string[] =>
    texts.flatMap((text) => indented(wrapped(text, width - INDENT.length).map(style)));
  return [
    colors.bold(title),
    ...sentences([
      `Python takes this memory in arenas of ${wholeBytes(arenaBytes)} and gives an arena back only when nothing in it is in use any more: one small string is enough to keep it.`,
      "",
    ]),
    ...sentences(
      [
        `${formatCount(first.arenas)} of ${count(arenas, "arena")} ${is(first.arenas)} ${looseness[first.fullness]}, but kept by ${describeContents(first)}.`,
      ],
      colors.yellow,
    ),
    ...sentences([
      ...describeScattered(held),
      ...others.map((group) => describeOthers(group)),
      `Laid side by side, all that is in use would fit in ${count(packedArenas, "arena")}: ${formatBytes(packedArenas * arenaBytes)}, not ${formatBytes(heldBytes)}.`,
    ]),
    ...sentences(
      [
        `A block holds one object. A pool is ${wholeBytes(poolBytes)} of an arena, cut into blocks of one size.`,
      ],
      colors.dim,
    ),
  ];
}

const looseness: { readonly [fullness in Fullness]: string } = {
  nearlyEmpty: "nearly empty",
  partlyUsed: "less than half in use",
  wellUsed: "at least half in use",
  empty: "empty",
};

function isLoose(fullness: Fullness): boolean {
  return fullness === "nearlyEmpty" || fullness === "partlyUsed";
}

/** `212 blocks in 34 pools, 18 KiB in all`. */
function describeContents(group: ArenaGroup): string {
  return `${count(group.liveBlocks, "block")} in ${count(group.pools, "pool")}, ${formatBytes(group.liveBytes)} in all`;
}

/** The size whose blocks fill the most pools in vain: what the survivors are, in all likelihood. */
function describeScattered({ sizeClasses }: HeldArenas): string[] {
  const [worst] = sizeClasses.toSorted(
    (a, b) => b.pools - b.packedPools - (a.pools - a.packedPools),
  );
  if (worst === undefined || worst.pools === worst.packedPools) return [];
  return [
    `Blocks of ${worst.blockBytes} bytes are scattered most: ${formatCount(worst.liveBlocks)} in ${count(worst.pools, "pool")}, where ${formatCount(worst.packedPools)} would do.`,
  ];
}

function describeOthers(group: ArenaGroup): string {
  const subject = `${formatCount(group.arenas)} more ${is(group.arenas)}`;
  if (group.fullness === "empty") return `${subject} empty: Python keeps it for what comes next.`;
  return `${subject} ${looseness[group.fullness]}: ${describeContents(group)}.`;
}

function is(n: number): string {
  return n === 1 ? "is" : "are";
}

/** The size classes that hold most. */
export function sizeClasses(
  arenas: Pick<HeldArenas, "sizeClasses">,
  title: string,
  { bold }: Colors,
): string[] {
  const shown = arenas.sizeClasses.slice(0, CLASSES_SHOWN);
  if (shown.length === 0) return [];
  const rows = [
    ["block size", "blocks in use", "bytes in use", "pools", "bytes held", "pools needed"],
    ...shown.map((size) => [
      `${size.blockBytes} bytes`,
      formatCount(size.liveBlocks),
      formatBytes(size.liveBytes),
      formatCount(size.pools),
      formatBytes(size.heldBytes),
      formatCount(size.packedPools),
    ]),
  ];
  return [
    bold(title),
    ...indented(formatTable(rows, ["right", "right", "right", "right", "right", "right"])),
  ];
}

/** Sizes that are whole by design: `256 KiB`, `4 KiB`. */
function wholeBytes(bytes: number): string {
  return formatBytes(bytes).replace(/\.0+ /, " ");
}
