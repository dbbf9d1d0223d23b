/**
 * The arena map as pixels: one for each pool, so that a frame of 100 MB of heap is painted in less than a millisecond;
 * the browser enlarges them. An arena is a square of cells, row by row in order of address, with a gap of one cell.
 */
import { type Frame, UNKNOWN_CLASS } from "../frame.ts";

/** Shades of one size class, from nearly empty to full. */
const SHADES = 8;
/** Size classes, and one for pools of which it is not known. */
const CLASSES: number = UNKNOWN_CLASS + 1;

/** Where the arenas lie in the picture, in cells. */
export interface MapShape {
  /** Cells of an arena's side. */
  readonly side: number;
  /** Arenas in a row. */
  readonly columns: number;
  readonly width: number;
  readonly height: number;
}

/** The shape of a map. @param columns arenas in a row, at least 1 */
export function mapShape(frame: Frame, columns: number): MapShape {
  const side = Math.max(1, Math.ceil(Math.sqrt(frame.get("poolsPerArena"))));
  const rows = Math.max(1, Math.ceil(frame.get("arenas") / columns));
  return { side, columns, width: columns * (side + 1) - 1, height: rows * (side + 1) - 1 };
}

/** Colours as the bytes of ImageData. */
export interface MapColours {
  /** By size class and shade. */
  readonly pools: Uint32Array;
  readonly free: number;
  readonly gap: number;
}

/**
 * The colour of each size class: neighbours are far apart in hue, and each has a lightness of its own, for people who
 * see hues differently.
 */
export function mapColours(dark: boolean): MapColours {
  const pools = new Uint32Array(CLASSES * SHADES);
  for (let sizeClass = 0; sizeClass < CLASSES; sizeClass++) {
    const hue = (sizeClass * 137.5) % 360;
    const lightness = (dark ? 52 : 38) + ((sizeClass * 7) % 5) * 4;
    for (let shade = 0; shade < SHADES; shade++) {
      const strength = 0.3 + (0.7 * (shade + 1)) / SHADES;
      const towards = dark ? 12 : 97;
      pools[sizeClass * SHADES + shade] = rgba(
        hue,
        72 * strength,
        towards + (lightness - towards) * strength,
      );
    }
  }
  return { pools, free: rgba(210, 10, dark ? 24 : 86), gap: 0 };
}

/** Paint a frame. `pixels` has `width * height` entries. */
export function paintArenas(
  frame: Frame,
  { side, columns, width }: MapShape,
  colours: MapColours,
  pixels: Uint32Array,
): void {
  const { words } = frame;
  const arenas = frame.get("arenas");
  const perArena = frame.get("poolsPerArena");
  const capacities = Uint32Array.from({ length: CLASSES }, (_, n) => frame.capacity(n));
  pixels.fill(colours.gap);
  for (let arena = 0; arena < arenas; arena++) {
    const corner =
      Math.floor(arena / columns) * (side + 1) * width + (arena % columns) * (side + 1);
    const at = arena * (1 + perArena) + 1;
    for (let pool = 0; pool < perArena; pool++) {
      const word = words[at + pool]!;
      const pixel = corner + Math.floor(pool / side) * width + (pool % side);
      if (word === 0) {
        pixels[pixel] = colours.free;
        continue;
      }
      const sizeClass = (word >>> 16) - 1;
      const shade = Math.min(
        SHADES - 1,
        Math.floor(((word & 0xffff) * SHADES) / capacities[sizeClass]!),
      );
      pixels[pixel] = colours.pools[sizeClass * SHADES + shade]!;
    }
  }
}

/** A pool by its place in the map. */
export interface PoolAt {
  readonly address: number;
  /** -1: it holds no live block. */
  readonly sizeClass: number;
  readonly inUse: number;
  readonly capacity: number;
}

/** The pool at a cell of the map; undefined in gaps. */
export function poolAt(
  frame: Frame,
  { side, columns }: MapShape,
  x: number,
  y: number,
): PoolAt | undefined {
  const column = x % (side + 1);
  const row = y % (side + 1);
  if (column >= side || row >= side || x < 0 || y < 0) return undefined;
  const arena = Math.floor(y / (side + 1)) * columns + Math.floor(x / (side + 1));
  const perArena = frame.get("poolsPerArena");
  const pool = row * side + column;
  if (Math.floor(x / (side + 1)) >= columns || arena >= frame.get("arenas") || pool >= perArena) {
    return undefined;
  }
  const at = arena * (1 + perArena);
  const word = frame.words[at + 1 + pool]!;
  const poolSize = frame.get("poolSize");
  // The first pool of an arena starts at the next multiple of a pool's size.
  const first = Math.ceil(frame.words[at]! / poolSize) * poolSize;
  const sizeClass = (word >>> 16) - 1;
  return {
    address: first + pool * poolSize,
    sizeClass,
    inUse: word & 0xffff,
    capacity: sizeClass < 0 ? 0 : frame.capacity(sizeClass),
  };
}

/** A colour as a little-endian word of ImageData. */
function rgba(hue: number, saturation: number, lightness: number): number {
  const s = saturation / 100;
  const l = lightness / 100;
  const a = s * Math.min(l, 1 - l);
  const channel = (n: number): number => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (l - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return ((255 << 24) | (channel(4) << 16) | (channel(8) << 8) | channel(0)) >>> 0;
}
