/** Reads the drawing of a structure in a source file's first comment: rows of offset in lp64, in ilp32, field. */
import { readFileSync } from "node:fs";

export interface DrawnRow {
  readonly lp64: number;
  readonly ilp32: number;
  /** Empty in the row that gives the size. */
  readonly field: string;
}

/** The rows that start with two offsets, in order. */
export function drawnRows(source: URL): DrawnRow[] {
  const comment = readFileSync(source, "utf8").split("*/", 1)[0]!;
  const rows: DrawnRow[] = [];
  for (const line of comment.split("\n")) {
    const row = /^ \* {4,}(\d+) +(\d+)(?: {2}(\S+))?/.exec(line);
    if (row !== null) {
      rows.push({ lp64: Number(row[1]), ilp32: Number(row[2]), field: row[3] ?? "" });
    }
  }
  return rows;
}
