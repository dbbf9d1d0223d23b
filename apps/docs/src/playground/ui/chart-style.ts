/** What the charts have in common. */
import type uPlot from "uplot";
import { bytesText } from "./units.ts";

/** Height of a chart without its legend, and the least width, in CSS pixels. */
export const CHART_HEIGHT = 200;
export const LEAST_WIDTH = 240;

/** Charts count in these: ticks at round numbers of them are round to people. */
export const MIB: number = 2 ** 20;

/** A colour of the theme, asked for at each drawing: the theme may have changed. */
export function themeColour(name: string): () => string {
  return () => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "gray";
}

const line = {
  stroke: themeColour("--sl-color-gray-2"),
  grid: { stroke: themeColour("--sl-color-hairline") },
};

/** Seconds below, MiB on the left. */
export const timeAndBytes: uPlot.Axis[] = [
  { ...line, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
  { ...line, size: 60, values: (_, ticks) => ticks.map((tick) => `${tick} MiB`) },
];

/** An axis on the right. */
export const axisLine: uPlot.Axis = line;

/** A value in MiB, in the legend. */
export function legendBytes(_: uPlot, value: number | null): string {
  return value === null || value === undefined ? "" : bytesText(value * MIB);
}

/** A value in seconds, in the legend. */
export function legendSeconds(_: uPlot, value: number | null): string {
  return value === null || value === undefined ? "" : `${value.toFixed(2)} s`;
}
