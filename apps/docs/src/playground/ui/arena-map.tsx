/** The arena map: a canvas, its text alternative, and the pool that is pointed at. */
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { describeArenas, type Frame, UNKNOWN_CLASS } from "../frame.ts";
import {
  type MapColours,
  type MapShape,
  mapColours,
  mapShape,
  paintArenas,
  poolAt,
} from "./arena-pixels.ts";
import { filled, type Texts } from "./texts.ts";

/** Cells are not drawn larger than this, in CSS pixels. */
const LARGEST_CELL = 10;

/** Milliseconds from a picture to the sentence that says what is in it. */
const SUMMARY_AFTER = 150;

/** What the page draws with, at each of its frames. */
export interface ArenaMapHandle {
  draw(frame: Frame): void;
}

export interface ArenaMapProps {
  readonly texts: Texts;
  /** Set to what draws, while the map is there. */
  readonly handle: { current: ArenaMapHandle | undefined };
  /** A pool has been chosen; absent where there is nothing more to see of it. */
  readonly onPool?: (address: number) => void;
}

/** A canvas that is drawn upon from outside, so that frames do not go through components. */
export function ArenaMap({ texts, handle, onPool }: ArenaMapProps): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useRef<{ frame: Frame; shape: MapShape; cell: number } | undefined>(undefined);
  const [summary, setSummary] = useState("");
  const [hover, setHover] = useState("");
  const [cursor, setCursor] = useState(0);

  useEffect(() => {
    const painter = new Painter(canvas.current!);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const summarize = (): void => {
      timer = undefined;
      const { arenas, pools, usedPools, liveBlocks } = describeArenas(shown.current!.frame);
      setSummary(
        arenas === 0
          ? texts.noMap
          : filled(texts.mapSummary, { arenas, usedPools, pools, liveBlocks }),
      );
    };
    handle.current = {
      draw(frame) {
        shown.current = painter.draw(frame);
        timer ??= setTimeout(summarize, SUMMARY_AFTER);
      },
    };
    return () => {
      handle.current = undefined;
      clearTimeout(timer);
    };
  }, []);

  const at = (event: MouseEvent): ReturnType<typeof poolAt> => {
    const now = shown.current;
    if (now === undefined) return undefined;
    const box = canvas.current!.getBoundingClientRect();
    return poolAt(
      now.frame,
      now.shape,
      Math.floor((event.clientX - box.left) / now.cell),
      Math.floor((event.clientY - box.top) / now.cell),
    );
  };
  const describe = (pool: ReturnType<typeof poolAt>): string => {
    if (pool === undefined || pool.sizeClass === UNKNOWN_CLASS) return "";
    const address = `0x${pool.address.toString(16)}`;
    if (pool.sizeClass < 0) return address;
    const bytes = (pool.sizeClass + 1) * shown.current!.frame.get("alignment");
    return `${address}: ${bytes} B, ${pool.inUse} / ${pool.capacity}`;
  };
  /** Arrow keys walk over the cells. */
  const key = (event: KeyboardEvent): void => {
    const now = shown.current;
    if (now === undefined) return;
    const { width, height } = now.shape;
    const by =
      event.key === "ArrowRight"
        ? 1
        : event.key === "ArrowLeft"
          ? -1
          : event.key === "ArrowDown"
            ? width
            : event.key === "ArrowUp"
              ? -width
              : 0;
    const chooses = event.key === "Enter" || event.key === " ";
    if (by === 0 && !chooses) return;
    event.preventDefault();
    let next = cursor + by;
    const cell = (n: number) => poolAt(now.frame, now.shape, n % width, Math.floor(n / width));
    // Gaps are stepped over.
    if (by !== 0 && next >= 0 && next < width * height && cell(next) === undefined) next += by;
    if (next < 0 || next >= width * height) return;
    setCursor(next);
    const pool = cell(next);
    setHover(describe(pool));
    if (chooses && pool !== undefined) onPool?.(pool.address);
  };

  return (
    <div class="play-map">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label={`${texts.map}: ${summary} ${hover}`}
        onClick={(event) => {
          const pool = at(event);
          if (pool !== undefined) onPool?.(pool.address);
        }}
        onMouseMove={(event) => setHover(describe(at(event)))}
        onMouseLeave={() => setHover("")}
        onKeyDown={key}
      />
      <p class="play-map-summary" data-summary={summary}>
        {summary} {hover !== "" && <b>{hover}</b>}
      </p>
    </div>
  );
}

/** Paints frames onto a canvas. */
class Painter {
  readonly #canvas: HTMLCanvasElement;
  readonly #cells: HTMLCanvasElement = document.createElement("canvas");
  #image: ImageData | undefined;
  #pixels = new Uint32Array(0);
  #colours: MapColours | undefined;
  #dark: boolean | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  draw(frame: Frame): { frame: Frame; shape: MapShape; cell: number } {
    const dark = document.documentElement.dataset["theme"] !== "light";
    if (dark !== this.#dark) {
      this.#dark = dark;
      this.#colours = mapColours(dark);
    }
    const width = Math.max(64, this.#canvas.parentElement!.clientWidth);
    const { cell, columns } = this.#fit(frame, width);
    const shape = mapShape(frame, columns);
    if (this.#image?.width !== shape.width || this.#image.height !== shape.height) {
      this.#image = new ImageData(shape.width, shape.height);
      this.#pixels = new Uint32Array(this.#image.data.buffer);
      this.#cells.width = shape.width;
      this.#cells.height = shape.height;
    }
    paintArenas(frame, shape, this.#colours!, this.#pixels);
    this.#cells.getContext("2d")!.putImageData(this.#image, 0, 0);

    const canvas = this.#canvas;
    if (canvas.width !== shape.width * cell || canvas.height !== shape.height * cell) {
      canvas.width = shape.width * cell;
      canvas.height = shape.height * cell;
    }
    const context = canvas.getContext("2d")!;
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(this.#cells, 0, 0, canvas.width, canvas.height);
    return { frame, shape, cell };
  }

  /** The largest cells with which the map is not much higher than wide. */
  #fit(frame: Frame, width: number): { cell: number; columns: number } {
    const { side } = mapShape(frame, 1);
    const arenas = Math.max(1, frame.get("arenas"));
    for (let cell = LARGEST_CELL; ; cell--) {
      const columns = Math.max(1, Math.floor((width / cell + 1) / (side + 1)));
      const height = Math.ceil(arenas / columns) * (side + 1) * cell;
      if (height <= 320 || cell <= 2) return { cell, columns };
    }
  }
}
