/** Numbers for people. */

const STEPS: readonly string[] = ["KiB", "MiB", "GiB", "TiB", "PiB"];

/**
 * Bytes for people, in powers of 1024: `512 bytes`, `1.50 KiB`, `63.0 MiB`, `1.00 GiB`. Three digits, which are enough
 * to compare two figures; use the plain number where every byte counts.
 */
export function formatBytes(bytes: number): string {
  const sign = bytes < 0 ? "-" : "";
  const magnitude = Math.abs(bytes);
  // 1023.6 bytes would round to 1024.
  if (Math.round(magnitude) < 1024) {
    const whole = Math.round(magnitude);
    return `${sign}${whole} ${whole === 1 ? "byte" : "bytes"}`;
  }
  let value = magnitude / 1024;
  let step = 0;
  // 1023.7 KiB would be shown as 1024 KiB.
  while (Math.round(value) >= 1024 && step < STEPS.length - 1) {
    value /= 1024;
    step++;
  }
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${sign}${value.toFixed(digits)} ${STEPS[step]}`;
}

/** A whole number with commas between the thousands, as CPython prints them: `1,490,208`. */
export function formatCount(count: number): string {
  const digits = String(Math.abs(count)).replace(/\B(?=(?:\d{3})+$)/g, ",");
  return count < 0 ? `-${digits}` : digits;
}

/** A share of 1 as a percentage with one decimal: `87.5 %`. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
