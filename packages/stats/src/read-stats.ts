/** Reading what layers count. Which statistics there are, each layer declares; nothing here knows any by name. */
import type { StatDeclaration, StatSource } from "@pyrena/abi";

/** One statistic and its value at the moment of reading. */
export interface StatValue extends StatDeclaration {
  readonly value: number;
}

/** The statistics of one layer. */
export interface LayerStats {
  /** Name of the layer, such as `pymalloc`. */
  readonly layer: string;
  readonly stats: readonly StatValue[];
}

/** Read every statistic of every source, in the order of the declarations. */
export function readStats(sources: Iterable<StatSource>): LayerStats[] {
  return Array.from(sources, (source) => ({
    layer: source.layer,
    stats: source.declarations.map((declaration, index) => ({
      name: declaration.name,
      unit: declaration.unit,
      kind: declaration.kind,
      help: declaration.help,
      value: source.read(index),
    })),
  }));
}

/** The value of one statistic, or undefined where the layer does not declare it. */
export function statValue(
  layers: readonly LayerStats[],
  layer: string,
  name: string,
): number | undefined {
  return layers.find((one) => one.layer === layer)?.stats.find((stat) => stat.name === name)?.value;
}

/**
 * The statistics of several heaps or workers as one: levels and totals are added up. So are peaks, and that is an
 * upper bound then: the peaks need not have been at the same time.
 */
export function mergeStats(parts: Iterable<readonly LayerStats[]>): LayerStats[] {
  const merged = new Map<string, Map<string, StatValue>>();
  for (const layers of parts) {
    for (const { layer, stats } of layers) {
      const into = merged.get(layer) ?? new Map<string, StatValue>();
      merged.set(layer, into);
      for (const stat of stats) {
        const before = into.get(stat.name);
        into.set(stat.name, { ...stat, value: stat.value + (before?.value ?? 0) });
      }
    }
  }
  return Array.from(merged, ([layer, stats]) => ({ layer, stats: [...stats.values()] }));
}
