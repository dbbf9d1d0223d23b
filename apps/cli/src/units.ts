/** Figures as people read them, beside those of `@pyrena/stats`. */
import { formatCount } from "@pyrena/stats";

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
