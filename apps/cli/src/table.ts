/** Text in columns. */

/** How a column stands: words to the left, figures to the right. */
export type Alignment = "left" | "right";

/** Rows as lines, columns two spaces apart. Cells hold plain text: colour a line afterwards. */
export function formatTable(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[],
): string[] {
  const widths = alignments.map((_, column) =>
    Math.max(0, ...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    alignments
      .map((alignment, column) => {
        const cell = row[column] ?? "";
        return alignment === "left" ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
      })
      .join("  ")
      .trimEnd(),
  );
}
