/** What a saved heap holds as text, for a person who asks: what is in there, and what of it is needed? */
import { hex } from "@pyrena/abi";
import { formatBytes, formatCount } from "@pyrena/stats";
import { INDENT, indented, wrapped } from "../paragraphs.ts";
import { keptArenas, sizeClasses } from "../report/arena-text.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";
import { count } from "../units.ts";
import type { Cycle } from "./cycles.ts";
import type { HeapReport, ObjectsReport, TypeRow } from "./heap-report.ts";

/** How the text is laid out. */
export interface HeapTextOptions {
  /** Rows of each list. */
  readonly top: number;
  /** Width of the terminal; lines are broken or cut to it. */
  readonly columns?: number | undefined;
}

/** The text, ending in a newline. */
export function renderHeap(
  report: HeapReport,
  colors: Colors,
  { top, columns = 100 }: HeapTextOptions,
): string {
  const width = Math.min(columns, 100);
  const sections = [
    heading(report, colors),
    memory(report, colors),
    layers(report, colors),
    ...arenas(report, colors, width),
    types(report, colors, top, width),
    collector(report, colors, width),
    garbage(report, colors, top, width),
    largest(report, colors, width),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function heading({ image, collector }: HeapReport, { bold, dim }: Colors): string[] {
  const { path, bytes, python, abi, allocators, debugHooks } = image;
  const { raw, mem, obj } = allocators;
  const hooks = debugHooks ? " in debug hooks" : "";
  return [
    `${bold(`pyrena: ${path}`)} is a heap of Python ${python} on ${abi}, saved in ${formatBytes(bytes)}`,
    dim(`allocators ${raw}, ${mem}, ${obj} (RAW, MEM, OBJ)${hooks} · collector ${collector.name}`),
  ];
}

/** In order of what lies where in a fresh heap. */
const regionOrder = [
  "header",
  "static data",
  "raw blocks",
  "data stack",
  "object heap",
  "free",
] as const;

function memory({ regions, image }: HeapReport, { bold }: Colors): string[] {
  const rows = regionOrder.flatMap((name) => {
    const pieces = regions.filter((region) => region.name === name);
    if (pieces.length === 0) return [];
    const sum = (key: "bytes" | "used"): string =>
      formatCount(pieces.reduce((all, piece) => all + piece[key], 0));
    return [[name, formatCount(pieces.length), sum("bytes"), name === "free" ? "" : sum("used")]];
  });
  const whole = regions.reduce((all, { bytes }) => all + bytes, 0);
  const used = regions.reduce((all, one) => all + one.used, 0);
  return [
    bold(`Memory: ${formatBytes(whole)}, which can grow to ${formatBytes(image.maxMemoryBytes)}`),
    ...indented(
      formatTable(
        [
          ["", "pieces", "bytes", "in use"],
          ...rows,
          ["whole", formatCount(regions.length), formatCount(whole), formatCount(used)],
        ],
        ["left", "right", "right", "right"],
      ),
    ),
  ];
}

function layers(report: HeapReport, { bold }: Colors): string[] {
  const rows = report.layers.map(({ name, address, bytes }) => [
    name,
    hex(address),
    formatCount(bytes),
  ]);
  return [
    bold("Layers: what each remembers"),
    ...indented(formatTable([["", "at", "bytes"], ...rows], ["left", "right", "right"])),
  ];
}

function arenas({ arenas }: HeapReport, colors: Colors, width: number): string[][] {
  if (arenas === null) return [];
  const rows = [
    ["arenas", "memory", "in use", "free", "overhead"],
    [
      formatCount(arenas.arenas),
      formatBytes(arenas.heldBytes),
      formatBytes(arenas.liveBytes),
      formatBytes(arenas.freeBytes),
      formatBytes(arenas.lostBytes),
    ],
  ];
  return [
    [
      colors.bold("Memory for small objects, up to 512 bytes each"),
      ...indented(formatTable(rows, ["right", "right", "right", "right", "right"])),
    ],
    keptArenas(arenas, "What keeps the arenas", colors, width),
    sizeClasses(arenas, "Block sizes that hold most memory", colors),
  ];
}

function types(
  { objects }: HeapReport,
  { bold, dim }: Colors,
  top: number,
  width: number,
): string[] {
  const { static: fixed, unknownTypes, handles, frames } = objects;
  const shown = objects.types.slice(0, top);
  const hasGarbage = objects.types.some(({ garbage }) => garbage > 0);
  const cells = ({ type, count: n, bytes, garbage }: TypeRow): string[] => [
    type,
    formatCount(n),
    formatBytes(bytes),
    ...(hasGarbage ? [garbage === 0 ? "" : formatCount(garbage)] : []),
  ];
  const rows = [
    ["type", "objects", "size", ...(hasGarbage ? ["garbage"] : [])],
    ...shown.map(cells),
  ];
  const left = objects.types.slice(top);
  const sum = (key: "count" | "bytes"): number => left.reduce((all, row) => all + row[key], 0);
  return [
    bold(`Objects: ${formatCount(objects.count)}, ${formatBytes(objects.bytes)}`),
    ...indented(shown.length === 0 ? [] : formatTable(rows, ["left", "right", "right", "right"])),
    ...indented(
      [
        ...(left.length === 0
          ? []
          : [
              `and ${count(left.length, "type")} more: ${count(sum("count"), "object")}, ${formatBytes(sum("bytes"))}`,
            ]),
        `Besides, ${count(fixed.count, "object")} (${formatBytes(fixed.bytes)}) in static data: built-in types, None, small numbers. JavaScript held ${count(handles, "handle")}; ${count(frames, "frame")} ${frames === 1 ? "was" : "were"} running.`,
        ...(unknownTypes.length === 0 ? [] : [describeUnknown(unknownTypes)]),
      ]
        .flatMap((text) => wrapped(text, width - INDENT.length))
        .map(dim),
    ),
  ];
}

/** JavaScript that the program brought along and the image has not. */
function describeUnknown(types: ObjectsReport["unknownTypes"]): string {
  const names = types.map(({ name }) => name).join(", ");
  const hidden = types.filter(({ hasLayout }) => !hasLayout).map(({ name }) => name);
  const finalizers = `Defined in JavaScript, which the image does not have: ${names}; whether objects of these have finalizers is not known.`;
  if (hidden.length === 0) return finalizers;
  return `${finalizers} Nor is what ${hidden.join(", ")} refers to: that counts as alive.`;
}

function collector({ collector }: HeapReport, { bold }: Colors, width: number): string[] {
  const { name, tracked, frozen, enabled, counts, thresholds } = collector;
  const generations = tracked.map(
    (n, generation) => `${formatCount(n)} in generation ${generation}`,
  );
  const switches =
    enabled === null || counts === null || thresholds === null
      ? []
      : [
          `It ${enabled ? "runs" : "does not run"} by itself: counts ${counts.join(", ")}, thresholds ${thresholds.join(", ")}.`,
        ];
  const sum = tracked.reduce((all, n) => all + n, frozen);
  const text = [
    `It tracks ${count(sum, "object")}: ${generations.join(", ")}, ${formatCount(frozen)} frozen.`,
    ...switches,
  ].join(" ");
  return [bold(`Collector: ${name}`), ...indented(wrapped(text, width - INDENT.length))];
}

function garbage({ garbage }: HeapReport, colors: Colors, top: number, width: number): string[] {
  const { count: found, bytes, dependants, uncollectable, finalizers, cycles } = garbage;
  if (found === 0)
    return [colors.bold("Garbage: none"), ...indented(["A full collection would find nothing."])];
  const sentences = [
    `A full collection would find ${count(found, "object")} (${formatBytes(bytes)}) that nothing alive refers to.`,
    ...(dependants.count === 0
      ? []
      : [
          `With them ${goes(dependants.count)} ${count(dependants.count, "object")} (${formatBytes(dependants.bytes)}) that no collector tracks.`,
        ]),
    ...(uncollectable === 0
      ? []
      : [
          `It could not free ${formatCount(uncollectable)} of them, because of finalizers of the old kind.`,
        ]),
    ...(finalizers === 0
      ? []
      : [
          `${count(finalizers, "object")} ${finalizers === 1 ? "has a finalizer" : "have finalizers"} that might bring some back.`,
        ]),
  ].join(" ");
  const shown = cycles.slice(0, top);
  return [
    colors.bold(`Garbage: ${formatBytes(bytes + dependants.bytes)}`),
    ...indented(wrapped(sentences, width - INDENT.length).map(colors.yellow)),
    ...shown.flatMap((group) => {
      const text = `${count(group.knots, "cycle")} of ${count(group.objects, "object")}, ${formatBytes(group.bytes)}`;
      return indented([
        group.knots === 1 ? `${text}:` : `${text}, such as:`,
        ...indented(cycleLines(group.example, width - 2 * INDENT.length)),
      ]);
    }),
    ...indented(
      cycles.length > top
        ? [colors.dim(`and ${count(cycles.length - top, "kind")} of cycles more`)]
        : [],
    ),
  ];
}

function goes(n: number): string {
  return n === 1 ? "goes" : "go";
}

/** `Node at 0x…50 .next → list at 0x…90 [0] → back to the first`. */
export function cycleLines({ length, steps }: Cycle, width: number): string[] {
  const texts = steps.map(({ type, address, how }) =>
    `${type} at ${hex(address)} ${how}`.trimEnd(),
  );
  const end =
    length > steps.length
      ? `${formatCount(length - steps.length)} more → back to the first`
      : "back to the first";
  return wrappedWay([...texts, end], width);
}

/** Steps with arrows between them, broken before an arrow. */
export function wrappedWay(steps: readonly string[], width: number): string[] {
  const lines = [""];
  steps.forEach((step, n) => {
    const text = n === 0 ? step : `→ ${step}`;
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = text;
    else if (line.length + 1 + text.length <= width) lines[lines.length - 1] = `${line} ${text}`;
    else lines.push(text);
  });
  return lines;
}

function largest({ largest }: HeapReport, { bold }: Colors, width: number): string[] {
  if (largest.length === 0) return [];
  const rows = [
    ["at", "size", "type", ""],
    ...largest.map(({ address, bytes, type, line, garbage }) => [
      hex(address),
      formatBytes(bytes),
      type,
      garbage ? `${line} (garbage)` : line,
    ]),
  ];
  return [
    bold("Largest objects"),
    ...indented(
      formatTable(rows, ["right", "right", "left", "left"]).map((line) =>
        cut(line, width - INDENT.length),
      ),
    ),
  ];
}

/** A line of at most `width` characters. */
export function cut(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}
