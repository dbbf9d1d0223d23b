/** Where the boxes of a structure's drawing lie: one row a word, as wide as a pointer. Pure; the view makes SVG of it. */
import type { Profile, StructLayout } from "@pyrena/abi";
import { nameVersions, objectProfiles } from "./profiles.ts";
import { type Drawn, preBytesOf } from "./structs.ts";

/** What a box stands for. */
export type BoxKind = "head" | "pointer" | "number" | "padding" | "before" | "tail";

/** A field, padding, or what stands before or behind. */
export interface Box {
  readonly kind: BoxKind;
  readonly name: string;
  /** `ptr`, `u32`, `16 × size`. */
  readonly type: string;
  /** From the structure's address, in bytes; negative for what lies before it. */
  readonly offset: number;
  /** 0: as many as there are. */
  readonly bytes: number;
  readonly help: string;
  /** First row and how many, from the top of the drawing. */
  readonly row: number;
  readonly rows: number;
}

/** One way in which a structure lies in memory, and the versions in which it does. */
export interface Variant {
  readonly versions: string;
  readonly profiles: readonly Profile[];
  readonly layout: StructLayout;
  readonly boxes: readonly Box[];
  readonly rows: number;
}

/** Rows that a field of many words gets. */
const MOST_ROWS = 2;

/** What all objects' first fields mean. */
const common: Readonly<Record<string, string>> = {
  ob_refcnt: "reference count",
  ob_type: "its type",
  ob_size: "number of items",
};
const heads = new Set(Object.keys(common));

/** The layouts of a structure on one data model, those that are equal taken together, oldest first. */
export function variantsOf(drawn: Drawn, abi: Profile["abi"]["name"]): Variant[] {
  const groups = Map.groupBy(
    objectProfiles.filter((profile) => profile.abi.name === abi),
    (profile) => JSON.stringify(boxesOf(drawn, profile)),
  );
  return [...groups.values()].map((profiles) => {
    const boxes = boxesOf(drawn, profiles[0]!);
    return {
      versions: nameVersions(profiles.map(({ python }) => python)),
      profiles,
      layout: drawn.layout(profiles[0]!),
      boxes,
      rows: Math.max(...boxes.map(({ row, rows }) => row + rows)),
    };
  });
}

/** The boxes from top to bottom. */
export function boxesOf(drawn: Drawn, profile: Profile): Box[] {
  const { fields, bytes } = drawn.layout(profile);
  const word = profile.abi.pointerBytes;
  const boxes: Box[] = [];
  let row = 0;
  let shown = 0;
  const add = (box: Omit<Box, "row" | "rows">): void => {
    // What begins within a word goes on in its row; the next word begins the next one.
    const within = ((box.offset % word) + word) % word;
    if (within === 0 && boxes.length > 0) row += shown;
    const rows = Math.max(1, Math.min(MOST_ROWS, Math.ceil((within + box.bytes) / word)));
    shown = within === 0 ? rows : Math.max(shown, rows);
    boxes.push({ ...box, row, rows });
  };
  const pre = preBytesOf(drawn, profile);
  if (pre === 2 * word) {
    const help = ["the collector's list: next", "the collector's list: previous"];
    for (const [n, name] of ["_gc_next", "_gc_prev"].entries()) {
      add({
        kind: "before",
        name,
        type: "ptr",
        offset: -pre + n * word,
        bytes: word,
        help: help[n]!,
      });
    }
  }
  let end = 0;
  const pad = (to: number): void => {
    if (to > end) {
      add({ kind: "padding", name: "", type: "", offset: end, bytes: to - end, help: "padding" });
    }
  };
  for (const field of fields) {
    if (field.bytes === 0) continue;
    pad(field.offset);
    add({
      kind: heads.has(field.name) ? "head" : field.type === "ptr" ? "pointer" : "number",
      name: field.name,
      type: field.count === 1 ? field.type : `${field.count} × ${field.type}`,
      offset: field.offset,
      bytes: field.bytes,
      help: field.help || (common[field.name] ?? ""),
    });
    end = field.offset + field.bytes;
  }
  pad(bytes);
  const tail = drawn.tail?.(profile);
  if (tail !== undefined) {
    add({ kind: "tail", name: tail, type: "", offset: bytes, bytes: 0, help: "" });
    const last = boxes.at(-1)!;
    // It has a row of its own, wherever the last field ended.
    boxes[boxes.length - 1] = { ...last, row: Math.max(last.row, row + (shown - last.rows)) };
  }
  return boxes;
}

/** What somebody hears who cannot see the drawing. */
export function spoken({ layout, boxes }: Variant): string {
  const parts = boxes
    .filter(({ kind }) => kind !== "padding")
    .map(({ name, offset, bytes }) =>
      bytes === 0 ? name : `${name} at ${offset}, ${bytes} bytes`,
    );
  return `${layout.name}, ${layout.bytes} bytes: ${parts.join("; ")}`;
}
