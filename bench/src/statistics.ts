/** Middle and spread of measured numbers. */

/** Five numbers about many. */
export interface Spread {
  readonly median: number;
  /** A quarter of the values are below. */
  readonly low: number;
  /** A quarter of the values are above. */
  readonly high: number;
  readonly count: number;
}

/** The value below which the fraction `q` of the sorted values lies, interpolated. */
export function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (at - below);
}

/** Median and quartiles. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, 0.25),
    high: quantile(sorted, 0.75),
    count: sorted.length,
  };
}

/**
 * Ratios of two peers, round by round. The two were measured within moments of each other in each round, so what
 * disturbed the machine then disturbed both; the median of these ratios is steadier than the ratio of the medians.
 */
export function ratios(
  values: readonly (number | null)[],
  reference: readonly (number | null)[],
): Spread {
  const both: number[] = [];
  for (let n = 0; n < Math.min(values.length, reference.length); n++) {
    const value = values[n];
    const base = reference[n];
    if (value != null && base != null) both.push(value / base);
  }
  return spread(both);
}
