/** One object of a saved heap as text: what it is, what it refers to, who refers to it, and why it lives. */
import { hex } from "@pyrena/abi";
import { formatCount } from "@pyrena/stats";
import { INDENT, indented, wrapped } from "../paragraphs.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";
import { count } from "../units.ts";
import type { Neighbour, ObjectReport } from "./object-report.ts";
import { cut, type HeapTextOptions } from "./render-heap.ts";

/** The text, ending in a newline. */
export function renderObject(
  report: ObjectReport,
  colors: Colors,
  { top, columns = 100 }: HeapTextOptions,
): string {
  const width = Math.min(columns, 100);
  const sections = [
    heading(report, colors, width),
    neighbours("Refers to", report.referents, colors, top, width),
    neighbours("Referred to by", report.referrers, colors, top, width),
    why(report, colors, top, width),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function heading(report: ObjectReport, { bold }: Colors, width: number): string[] {
  const { address, type, line, bytes, refcount, weakrefs } = report;
  const references = refcount === null ? "any number: it is immortal" : formatCount(refcount);
  const rows = [
    ["is", line],
    ["type", `${type.name} at ${hex(type.address)}`],
    ["size", `${formatCount(bytes)} bytes`],
    [
      "references",
      weakrefs === 0 ? references : `${references}, and ${count(weakrefs, "weak one")}`,
    ],
    ["collector", tracking(report)],
    ...place(report),
  ];
  return [
    bold(`${type.name} at ${hex(address)}`),
    ...indented(
      formatTable(rows, ["left", "left"]).map((text) => cut(text, width - INDENT.length)),
    ),
  ];
}

function tracking({ collectable, generation, finalized }: ObjectReport): string {
  if (!collectable) return "never tracks it";
  const tracked =
    generation === null
      ? "does not track it"
      : generation === "frozen"
        ? "has it set aside (frozen)"
        : `tracks it in generation ${generation}`;
  return finalized ? `${tracked}; its finalizer has been called` : tracked;
}

function place({ region, pool, block }: ObjectReport): string[][] {
  return [
    ...(block === null
      ? []
      : [["block", `${formatCount(block.bytes)} bytes at ${hex(block.address)}`]]),
    ...(pool === null
      ? []
      : [
          [
            "pool",
            `at ${hex(pool.base)}: ${pool.inUse} of ${pool.capacity} blocks of ${pool.blockBytes} bytes in use`,
          ],
        ]),
    ...(region === null ? [] : [["region", `${region.name} at ${hex(region.base)}`]]),
  ];
}

function neighbours(
  title: string,
  all: readonly Neighbour[],
  { bold, dim }: Colors,
  top: number,
  width: number,
): string[] {
  const rows = all
    .slice(0, top)
    .map(({ address, type, how, line }) =>
      address === 0 ? [how, "", ""] : [`${type} at ${hex(address)}`, how, line],
    );
  const more = all.length - rows.length;
  return [
    bold(`${title}: ${all.length === 0 ? "nothing" : formatCount(all.length)}`),
    ...indented(
      formatTable(rows, ["left", "left", "left"]).map((text) => cut(text, width - INDENT.length)),
    ),
    ...indented(more === 0 ? [] : [dim(`and ${formatCount(more)} more`)]),
  ];
}

/** As `explain` puts it; of ways that are longer than a list, the beginning and the end. */
function why(
  { why, isStatic }: ObjectReport,
  { bold, yellow }: Colors,
  top: number,
  width: number,
): string[] {
  if (isStatic) return [bold("Why it lives"), ...indented(["It is part of the interpreter."])];
  const isAlive = ["reachable", "held", "immortal"].includes(why.fate);
  const lines: string[] = [];
  let steps = 0;
  const texts = why.text.split("\n");
  texts.forEach((text, n) => {
    const isStep = text.startsWith(INDENT);
    steps = isStep ? steps + 1 : 0;
    const isLast = texts[n + 1]?.startsWith(INDENT) !== true;
    if (steps <= top || isLast) {
      if (steps > top + 1) lines.push(`${INDENT}(${count(steps - top - 1, "step")} left out)`);
      lines.push(...wrappedStep(text, width - INDENT.length));
    }
  });
  return [
    bold(isAlive ? "Why it lives" : "Why it is garbage"),
    ...indented(
      isAlive ? lines : lines.map((line) => (line.startsWith(INDENT) ? line : yellow(line))),
    ),
  ];
}

/** A line broken to a width; what is indented stays so. */
function wrappedStep(text: string, width: number): string[] {
  if (!text.startsWith(INDENT)) return wrapped(text, width);
  return wrapped(text.slice(INDENT.length), width - INDENT.length).map((line) => INDENT + line);
}
