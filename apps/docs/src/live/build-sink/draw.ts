/** Live blocks by size class as a picture: a bar for each class, as SVG text. */
import type { Counts } from "./by-class.ts";

const WIDTH = 640;
const HEIGHT = 160;

export function bars(counts: Counts): string {
  const wide = WIDTH / counts.length;
  const most = Math.max(1, ...counts);
  const drawn = [...counts].map((count, n) => {
    const tall = count === 0 ? 0 : Math.max(2, (count / most) * HEIGHT);
    const size = n < 32 ? `up to ${16 * (n + 1)} bytes` : "over 512 bytes";
    return (
      `<rect x="${n * wide}" y="${HEIGHT - tall}" width="${wide - 2}" height="${tall}">` +
      `<title>${size}: ${count} blocks</title></rect>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" ` +
    `aria-label="Live blocks by size class">${drawn.join("")}</svg>`
  );
}
