/** The scale of the plots: logarithmic, the same for all. */

/** Ratios that have a line. */
export const TICKS: readonly number[] = [0.25, 0.5, 1, 2, 4, 8];

const LEAST = 0.1;
const MOST = 12;

/** Where a ratio lies between the left edge (0) and the right edge (1); what lies beyond is at the edge. */
export function place(ratio: number): number {
  const within = Math.min(MOST, Math.max(LEAST, ratio));
  return Math.log(within / LEAST) / Math.log(MOST / LEAST);
}
