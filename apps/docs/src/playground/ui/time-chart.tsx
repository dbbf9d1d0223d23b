/** Footprint and live bytes over time, and the pauses of collections. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Frame } from "../frame.ts";
import {
  axisLine,
  CHART_HEIGHT,
  LEAST_WIDTH,
  legendBytes,
  legendSeconds,
  MIB,
  themeColour,
  timeAndBytes,
} from "./chart-style.ts";
import type { Texts } from "./texts.ts";

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
    const plot = new uPlot(
      {
        width: Math.max(LEAST_WIDTH, parent.current!.clientWidth),
        height: CHART_HEIGHT,
        scales: { x: { time: false }, pause: { range: (_u, _min, max) => [0, Math.max(1, max)] } },
        axes: [
          ...timeAndBytes,
          {
            ...axisLine,
            side: 1,
            scale: "pause",
            size: 75,
            values: (_, ticks) => ticks.map((tick) => `${tick} ms`),
            grid: { show: false },
          },
        ],
        series: [
          { label: texts.time, value: legendSeconds },
          {
            label: texts.heap,
            stroke: themeColour("--sl-color-gray-3"),
            width: 1,
            value: legendBytes,
          },
          { label: texts.footprint, stroke: themeColour("--live"), width: 2, value: legendBytes },
          { label: texts.live, stroke: themeColour("--root"), width: 2, value: legendBytes },
          { label: texts.large, stroke: themeColour("--mark"), width: 1, value: legendBytes },
          {
            label: texts.pauses,
            scale: "pause",
            stroke: themeColour("--garbage"),
            width: 1,
            value: (_, value) => (value == null ? "" : `${value.toFixed(1)} ms`),
          },
        ],
      },
      [[], [], [], [], [], []],
      parent.current!,
    );
    const resize = new ResizeObserver(() => {
      plot.setSize({
        width: Math.max(LEAST_WIDTH, parent.current!.clientWidth),
        height: CHART_HEIGHT,
      });
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
          shown.map((frame) => frame.get("heapBytes") / MIB),
          shown.map((frame) => frame.get("arenaBytes") / MIB),
          shown.map((frame) => frame.get("liveBytes") / MIB),
          shown.map((frame) => frame.get("largeBytes") / MIB),
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
