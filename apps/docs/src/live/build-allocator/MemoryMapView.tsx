/** A memory map on a canvas: cells in rows, each filled as far as it is held, and as far as it lives. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { MemoryMap } from "./ledger.ts";

const COLUMNS = 32;
/** Of a cell, in pixels. */
const HEIGHT = 10;

export function MemoryMapView({
  map,
  label,
  cell,
}: {
  readonly map: MemoryMap;
  readonly label: string;
  /** What a cell stands for. */
  readonly cell: string;
}): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(320);
  const [theme, setTheme] = useState("");
  const rows = Math.max(1, Math.ceil(map.held.length / COLUMNS));

  useEffect(() => {
    const element = canvas.current!;
    const sized = new ResizeObserver(() => setWidth(element.clientWidth || 320));
    sized.observe(element);
    const root = document.documentElement;
    const themed = new MutationObserver(() => setTheme(root.dataset["theme"] ?? ""));
    themed.observe(root, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      sized.disconnect();
      themed.disconnect();
    };
  }, []);

  useEffect(() => {
    const element = canvas.current!;
    const scale = window.devicePixelRatio || 1;
    element.width = Math.round(width * scale);
    element.height = Math.round(rows * HEIGHT * scale);
    const ink = element.getContext("2d")!;
    const style = getComputedStyle(element);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    ink.scale(scale, scale);
    ink.clearRect(0, 0, width, rows * HEIGHT);
    const wide = width / COLUMNS;
    map.held.forEach((held, n) => {
      const x = (n % COLUMNS) * wide;
      const bottom = (Math.floor(n / COLUMNS) + 1) * HEIGHT - 1;
      const fill = (name: string, share: number): void => {
        if (share === 0) return;
        const tall = Math.max(1, (share / 255) * (HEIGHT - 1));
        ink.fillStyle = colour(name);
        ink.fillRect(x, bottom - tall, Math.max(1, wide - 1), tall);
      };
      fill("--free", held);
      fill("--live", map.live[n]!);
    });
  }, [map, width, theme]);

  return (
    <figure style={{ margin: 0 }}>
      <canvas ref={canvas} style={{ height: `${rows * HEIGHT}px` }} role="img" aria-label={label} />
      <figcaption>{cell}</figcaption>
    </figure>
  );
}
