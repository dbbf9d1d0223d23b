/** From the bytes of a heap to what the report says. */
import { type Address, FROZEN, type PerGeneration } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { type HeapSnapshot, mergeSnapshots, takeSnapshot } from "@pyrena/stats";
import { holdArenas } from "../report/arenas.ts";
import { version } from "../version.ts";
import { type Contents, readContents, typeName } from "./contents.ts";
import { groupCycles } from "./cycles.ts";
import { findGarbage, type Garbage } from "./garbage.ts";
import {
  type CollectorReport,
  type GarbageReport,
  HEAP_REPORT_VERSION,
  type HeapReport,
  type ImageReport,
  type LargeObject,
  type LayerReport,
  type ObjectsReport,
  type TypeRow,
} from "./heap-report.ts";

/** What a report leaves out, and how it is sorted. */
export interface HeapReportOptions {
  /** How many of the largest objects are named. */
  readonly largest: number;
  /** By what types are sorted, the most first. */
  readonly sort: "bytes" | "count";
}

/** Everything that is to be said about a heap. It is only read, but for counts that rise and fall again. */
export function describeHeap(
  image: ImageReport,
  objects: Objects,
  options: HeapReportOptions,
): HeapReport {
  const contents = readContents(objects);
  const garbage = findGarbage(contents);
  const snapshot = takeSnapshots(objects);
  return {
    schema: "pyrena-heap",
    version: HEAP_REPORT_VERSION,
    pyrena: version,
    image,
    layers: describeLayers(objects),
    regions: contents.regions,
    arenas: holdArenas(snapshot),
    objects: describeObjects(contents, garbage, options.sort),
    collector: describeCollector(contents),
    garbage: describeGarbage(contents, garbage),
    largest: findLargest(contents, garbage, options.largest),
    heap: snapshot,
  };
}

function takeSnapshots({ options }: Objects): HeapSnapshot {
  const { walkers = [] } = options;
  return mergeSnapshots(walkers.map((walker) => takeSnapshot(walker, { label: walker.name })));
}

const layerNames: { readonly [tag: string]: string } = {
  REGN: "regions",
  RAWA: "raw allocator",
  BUMP: "bump allocator",
  ARNA: "arena source",
  PYMA: "pymalloc",
  DBGS: "debug hooks",
  OBJS: "objects",
  GCGN: "generational collector",
  GCIN: "incremental collector",
  RING: "ring of events",
};

function describeLayers({ heap }: Objects): LayerReport[] {
  return heap.layers().map((layer) => ({
    tag: layer.tag,
    name: Object.hasOwn(layerNames, layer.tag) ? layerNames[layer.tag] : layer.tag,
    address: layer.address,
    bytes: layer.bytes,
    version: layer.version,
  }));
}

function describeObjects(
  { objects, all, isStatic }: Contents,
  { unreachable, dependants }: Garbage,
  sort: HeapReportOptions["sort"],
): ObjectsReport {
  const { types, protocol, inspect } = objects;
  const rows = new Map<Address, { -readonly [key in keyof TypeRow]: TypeRow[key] }>();
  const fixed = { count: 0, bytes: 0 };
  const sums = { count: 0, bytes: 0 };
  for (const object of all) {
    const bytes = protocol.getsizeof(object);
    const where = isStatic(object) ? fixed : sums;
    where.count++;
    where.bytes += bytes;
    if (where === fixed) continue;
    const type = types.typeOf(object);
    let row = rows.get(type);
    if (row === undefined) {
      row = { type: types.name(type), address: type, count: 0, bytes: 0, garbage: 0 };
      rows.set(type, row);
    }
    row.count++;
    row.bytes += bytes;
    if (unreachable.has(object) || dependants.has(object)) row.garbage++;
  }
  const other = sort === "bytes" ? "count" : "bytes";
  return {
    ...sums,
    static: fixed,
    types: [...rows.values()].sort(
      (a, b) => b[sort] - a[sort] || b[other] - a[other] || a.address - b.address,
    ),
    unknownTypes: types.stoodIn(),
    handles: readStat(inspect.stats, "handles"),
    frames: objects.frames.depth(),
  };
}

function readStat(stats: Objects["inspect"]["stats"], name: string): number {
  return stats.read(stats.declarations.findIndex((one) => one.name === name));
}

function describeCollector({ objects, generations }: Contents): CollectorReport {
  const { name, ctx, control } = objects.gc.collector();
  const tracked = [0, 0, 0, 0];
  for (const generation of generations.values()) tracked[generation]++;
  return {
    name,
    tracked: tracked.slice(0, FROZEN) as unknown as PerGeneration,
    frozen: tracked[FROZEN],
    enabled: control?.isEnabled(ctx) ?? null,
    counts: control?.counts(ctx) ?? null,
    thresholds: control?.thresholds(ctx) ?? null,
  };
}

function describeGarbage(
  contents: Contents,
  { unreachable, uncollectable, dependants }: Garbage,
): GarbageReport {
  const { protocol, gc } = contents.objects;
  const { graph } = gc;
  const bytesOf = (objects: Iterable<Address>): number => {
    let bytes = 0;
    for (const object of objects) bytes += protocol.getsizeof(object);
    return bytes;
  };
  let finalizers = 0;
  for (const object of unreachable) if (graph.needsFinalizer(graph.ctx, object)) finalizers++;
  return {
    count: unreachable.size,
    bytes: bytesOf(unreachable),
    dependants: { count: dependants.size, bytes: bytesOf(dependants) },
    uncollectable: uncollectable.size,
    finalizers,
    cycles: groupCycles(contents, unreachable, protocol.getsizeof),
  };
}

/** The largest objects outside static data, the largest first; of those of one size the lowest in memory. */
function findLargest(
  { objects, all, isStatic }: Contents,
  { unreachable, dependants }: Garbage,
  count: number,
): LargeObject[] {
  const largest: { readonly object: Address; readonly bytes: number }[] = [];
  for (const object of all) {
    if (isStatic(object)) continue;
    const bytes = objects.protocol.getsizeof(object);
    if (largest.length === count && bytes <= (largest.at(-1)?.bytes ?? Number.POSITIVE_INFINITY))
      continue;
    let place = largest.length;
    while (place > 0 && largest[place - 1].bytes < bytes) place--;
    largest.splice(place, 0, { object, bytes });
    if (largest.length > count) largest.pop();
  }
  return largest.map(({ object, bytes }) => ({
    address: object,
    type: typeName(objects, object),
    bytes,
    line: objects.inspect.line(object),
    garbage: unreachable.has(object) || dependants.has(object),
  }));
}
