/** Footprint and live bytes over time, and the pauses of collections. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Frame } from "../frame.ts";
import type { Texts } from "./texts.ts";
import { bytesText } from "./units.ts";

/** What the page draws with. */
export interface TimeChartHandle {
  draw(frames: readonly Frame[]): void;
}

export interface TimeChartProps {
  readonly texts: Texts;
  readonly handle: { current: TimeChartHandle | undefined };
}

export function TimeChart({ texts, handle }: TimeChartProps): VNode {
  const parent = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const colour = (name: string): string =>
      getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "gray";
    const axis = {
      stroke: colour("--sl-color-gray-2"),
      grid: { stroke: colour("--sl-color-hairline") },
    };
    const MiB = 2 ** 20;
    const bytes = (_: uPlot, value: number | null): string =>
      value === null || value === undefined ? "" : bytesText(value * MiB);
    const plot = new uPlot(
      {
        width: Math.max(240, parent.current!.clientWidth),
        height: 200,
        scales: { x: { time: false }, pause: { range: (_u, _min, max) => [0, Math.max(1, max)] } },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
          { ...axis, size: 60, values: (_, ticks) => ticks.map((tick) => `${tick} MiB`) },
          {
            ...axis,
            side: 1,
            scale: "pause",
            size: 50,
            values: (_, ticks) => ticks.map((tick) => `${tick} ms`),
            grid: { show: false },
          },
        ],
        series: [
          {
            label: texts.time,
            value: (_, value) => (value == null ? "" : `${value.toFixed(2)} s`),
          },
          { label: texts.footprint, stroke: colour("--live"), width: 2, value: bytes },
          { label: texts.live, stroke: colour("--root"), width: 2, value: bytes },
          { label: texts.large, stroke: colour("--mark"), width: 1, value: bytes },
          {
            label: texts.pauses,
            scale: "pause",
            stroke: colour("--garbage"),
            width: 1,
            value: (_, value) => (value == null ? "" : `${value.toFixed(1)} ms`),
          },
        ],
      },
      [[], [], [], [], []],
      parent.current!,
    );
    const resize = new ResizeObserver(() => {
      plot.setSize({ width: Math.max(240, parent.current!.clientWidth), height: 200 });
    });
    resize.observe(parent.current!);
    handle.current = {
      draw(frames) {
        // Some hundred points are all that can be told apart.
        const every = Math.ceil(frames.length / 400);
        const shown = frames.filter((_, n) => n % every === 0 || n === frames.length - 1);
        let paused = 0;
        plot.setData([
          shown.map((frame) => frame.get("time") / 1000),
          shown.map((frame) => frame.get("arenaBytes") / MiB),
          shown.map((frame) => frame.get("liveBytes") / MiB),
          shown.map((frame) => frame.get("largeBytes") / MiB),
          shown.map((frame) => {
            const since = frame.get("totalPause") - paused;
            paused = frame.get("totalPause");
            return since;
          }),
        ]);
      },
    };
    return () => {
      handle.current = undefined;
      resize.disconnect();
      plot.destroy();
    };
  }, []);
  return <div class="play-chart" ref={parent} />;
}
