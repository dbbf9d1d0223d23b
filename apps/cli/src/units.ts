/** Figures as people read them. */

const UNITS = ["KiB", "MiB", "GiB"] as const;

/** `212 bytes`, `18.4 KiB`, `256 KiB`: one decimal where the figure is not whole. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return count(bytes, "byte");
  let value = bytes / 1024;
  let unit = 0;
  // 1023.95 would be shown as 1024.0.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number.isInteger(value) ? formatCount(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `1,234,567`. */
export function formatCount(n: number): string {
  return n.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** `1 block`, `1,422 blocks`. */
export function count(n: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(n)} ${n === 1 ? one : many}`;
}

/** `4.1 ms`, `0.84 s`, `2 min 05 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.0995) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 99.995) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** `62 %`; a part that is neither nothing nor everything is never shown as 0 % or 100 %. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return "0 %";
  const share = (100 * part) / whole;
  if (part > 0 && share < 1) return "under 1 %";
  if (part < whole && share > 99) return "over 99 %";
  return `${Math.round(share)} %`;
}
