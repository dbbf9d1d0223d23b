/**
 * Arenas as a map: a cell for each pool, filled as far as its blocks are in use. Drawn on a canvas, because a heap can
 * have tens of thousands of pools; the arrow keys walk over the cells, and a table says the same in words.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type ArenaCell, hexOf, type PoolCell } from "./heap-map.ts";
import { Key } from "./LivePart.tsx";
import { useTexts } from "./language.ts";
import { Scroll } from "./Scroll.tsx";
import { arenaMap } from "./texts.ts";
import { useWidth } from "./width.ts";

export interface ArenaMapProps {
  readonly arenas: readonly ArenaCell[];
  /** Base of the pool that is chosen. */
  readonly chosen?: number | undefined;
  onChoose?(base: number): void;
}

/** Rows of the table: more than this nobody reads. */
const MOST_ROWS = 100;

/** Where things are drawn: arenas side by side, each a rectangle of cells, four rows high or two. */
interface Grid {
  readonly rows: number;
  readonly perLine: number;
  readonly cell: number;
  readonly columns: number;
  readonly gap: number;
  readonly height: number;
}

function gridFor(width: number, arenas: readonly ArenaCell[]): Grid {
  const rows = width > 800 && arenas.length <= 2 ? 2 : 4;
  const columns = Math.ceil((arenas[0]?.pools ?? 64) / rows);
  const gap = 8;
  const wanted = arenas.length <= 2 ? 1 : arenas.length <= 8 ? 2 : arenas.length <= 24 ? 3 : 4;
  const perLine = Math.max(1, Math.min(wanted, Math.floor(width / (columns * 7))));
  const cell = Math.max(
    4,
    Math.min(36, Math.floor((width - gap * (perLine - 1)) / perLine / columns)),
  );
  const lines = Math.max(1, Math.ceil(arenas.length / perLine));
  return { rows, perLine, cell, columns, gap, height: lines * (rows * cell + gap) - gap };
}

export function ArenaMap({ arenas, chosen, onChoose }: ArenaMapProps): JSX.Element {
  const texts = useTexts(arenaMap);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(canvas, 640);
  const [theme, setTheme] = useState("");
  const grid = gridFor(width, arenas);

  useEffect(() => {
    const root = document.documentElement;
    const themed = new MutationObserver(() => setTheme(root.dataset["theme"] ?? ""));
    themed.observe(root, { attributes: true, attributeFilter: ["data-theme"] });
    return () => themed.disconnect();
  }, []);

  useEffect(() => {
    draw(canvas.current!, arenas, grid, width, chosen, texts.none);
  }, [arenas, width, theme, chosen]);

  const flat = arenas.flatMap((arena) =>
    Array.from({ length: arena.pools }, (_, n) => arena.base + n * arena.poolBytes),
  );

  function poolAt(event: MouseEvent): number | undefined {
    const box = canvas.current!.getBoundingClientRect();
    const arenaWidth = grid.columns * grid.cell + grid.gap;
    const arenaHeight = grid.rows * grid.cell + grid.gap;
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const line = Math.floor(x / arenaWidth);
    if (line >= grid.perLine) return undefined;
    const arena = arenas[Math.floor(y / arenaHeight) * grid.perLine + line];
    const column = Math.floor((x % arenaWidth) / grid.cell);
    const row = Math.floor((y % arenaHeight) / grid.cell);
    const index = row * grid.columns + column;
    if (arena === undefined || column >= grid.columns || row >= grid.rows || index >= arena.pools)
      return;
    return arena.base + index * arena.poolBytes;
  }

  function onKey(event: KeyboardEvent): void {
    const step = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: grid.columns,
      ArrowUp: -grid.columns,
      Home: -flat.length,
      End: flat.length,
    }[event.key];
    if (step === undefined || flat.length === 0) return;
    event.preventDefault();
    const now = chosen === undefined ? -1 : flat.indexOf(chosen);
    const next = now < 0 ? 0 : Math.max(0, Math.min(flat.length - 1, now + step));
    onChoose?.(flat[next]!);
  }

  const used = arenas.flatMap((arena) => arena.used);
  return (
    <div class="live-stack">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a canvas that the arrow keys move in has no element of its own. */}
      <canvas
        ref={canvas}
        style={{ height: `${Math.max(grid.height, 24)}px` }}
        tabIndex={0}
        role="application"
        aria-label={texts.map(describeAll(arenas, texts))}
        onClick={(event) => {
          const base = poolAt(event);
          if (base !== undefined) onChoose?.(base);
        }}
        onKeyDown={onKey}
      />
      <Key
        of={[
          ["var(--live)", texts.inUse],
          ["var(--free)", texts.freeBlocks],
          ["transparent", texts.freePool],
        ]}
      />
      <p class="live-status" role="status">
        {chosen === undefined ? describeAll(arenas, texts) : describePool(arenas, chosen, texts)}
      </p>
      <details>
        <summary>{texts.table}</summary>
        <Scroll label={texts.tableLabel}>
          <table>
            <thead>
              <tr>
                {texts.columns.map((column) => (
                  <th key={column}>{column}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {used.slice(0, MOST_ROWS).map((pool) => (
                <tr key={pool.base}>
                  <td>{hexOf(pool.base)}</td>
                  <td>{pool.blockBytes}</td>
                  <td>{pool.inUse}</td>
                  <td>{pool.capacity}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
        {used.length > MOST_ROWS && <p>{texts.morePools(used.length - MOST_ROWS)}</p>}
      </details>
    </div>
  );
}

type Texts = (typeof arenaMap)["en"];

function describeAll(arenas: readonly ArenaCell[], texts: Texts): string {
  const pools = arenas.reduce((sum, arena) => sum + arena.used.length, 0);
  const all = arenas.reduce((sum, arena) => sum + arena.pools, 0);
  return arenas.length === 0 ? texts.none : texts.summary(arenas.length, pools, all);
}

function describePool(arenas: readonly ArenaCell[], base: number, texts: Texts): string {
  const n = arenas.findIndex((arena) => base >= arena.base && base < arena.base + arena.bytes);
  const arena = arenas[n];
  if (arena === undefined) return texts.gone;
  const pool = arena.used.find((one) => one.base === base);
  const index = Math.floor((base - arena.base) / arena.poolBytes);
  const where = { arena: n, pool: index, address: hexOf(base) };
  return pool === undefined
    ? texts.poolFree(where)
    : texts.pool(where, pool.blockBytes, pool.inUse, pool.capacity);
}

function draw(
  canvas: HTMLCanvasElement,
  arenas: readonly ArenaCell[],
  grid: Grid,
  width: number,
  chosen: number | undefined,
  none: string,
): void {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(Math.max(grid.height, 24) * scale);
  const ink = canvas.getContext("2d")!;
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const [live, free, line, text, mark] = [
    colour("--live"),
    colour("--free"),
    colour("--sl-color-gray-4"),
    colour("--sl-color-gray-3"),
    colour("--sl-color-text-accent"),
  ] as const;
  ink.scale(scale, scale);
  ink.clearRect(0, 0, width, grid.height);
  ink.font = `12px ${style.fontFamily}`;
  if (arenas.length === 0) {
    ink.fillStyle = text;
    ink.fillText(none, 4, 16);
  }
  const { cell } = grid;
  arenas.forEach((arena, n) => {
    const left = (n % grid.perLine) * (grid.columns * cell + grid.gap);
    const top = Math.floor(n / grid.perLine) * (grid.rows * cell + grid.gap);
    const at = (index: number): [number, number] => [
      left + (index % grid.columns) * cell,
      top + Math.floor(index / grid.columns) * cell,
    ];
    ink.strokeStyle = line;
    ink.lineWidth = 1;
    for (let index = 0; index < arena.pools; index++) {
      const [x, y] = at(index);
      ink.strokeRect(x + 0.5, y + 0.5, cell - 1, cell - 1);
    }
    for (const pool of arena.used) drawPool(ink, at(pool.index), cell, pool, live, free);
    if (chosen !== undefined && chosen >= arena.base && chosen < arena.base + arena.bytes) {
      const [x, y] = at(Math.floor((chosen - arena.base) / arena.poolBytes));
      ink.strokeStyle = mark;
      ink.lineWidth = 3;
      ink.strokeRect(x + 1.5, y + 1.5, cell - 3, cell - 3);
    }
  });
}

function drawPool(
  ink: CanvasRenderingContext2D,
  [x, y]: readonly [number, number],
  cell: number,
  pool: PoolCell,
  live: string,
  free: string,
): void {
  const inner = cell - 2;
  // One live block among a thousand must be seen: it is what keeps the pool.
  const filled = Math.max(1, Math.round((inner * pool.inUse) / pool.capacity));
  ink.fillStyle = free;
  ink.fillRect(x + 1, y + 1, inner, inner);
  ink.fillStyle = live;
  ink.fillRect(x + 1, y + 1 + inner - filled, inner, filled);
  if (cell >= 26) {
    ink.fillStyle = pool.inUse * 2 > pool.capacity ? "#fff" : "#111";
    ink.textAlign = "center";
    ink.fillText(String(pool.blockBytes), x + cell / 2, y + cell / 2 + 4, inner);
    ink.textAlign = "start";
  }
}
