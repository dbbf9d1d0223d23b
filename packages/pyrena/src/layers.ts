/** The layers of a runtime, and how they stand on one another: the one place where everything meets. */
import {
  type CollectorFactory,
  type Heap,
  type LinearMemory,
  type PyMemAllocatorEx,
  type PyObjectArenaAllocator,
  PyrenaError,
  requireAllocator,
  type StatSource,
} from "@pyrena/abi";
import { debugging } from "@pyrena/gc";
import { attachObjects, createObjects, type Objects, Python } from "@pyrena/objects";
import {
  type ArenaSource,
  attachArenaSource,
  attachRawAllocator,
  createArenaSource,
  createRawAllocator,
  type RawAllocator,
} from "@pyrena/raw";
import { type AllocatorPlan, type Allocators, makeAllocators } from "./allocators.ts";
import type { ArenasChoice, LayerHost, RawChoice, RuntimeOptions } from "./options.ts";

/** Every layer of one runtime. */
export interface Layers {
  readonly memory: LinearMemory;
  readonly heap: Heap;
  readonly raw: PyMemAllocatorEx;
  readonly arenas: PyObjectArenaAllocator;
  readonly allocators: Allocators;
  readonly objects: Objects;
  readonly py: Python;
  readonly stats: readonly StatSource[];
  /** Whose the two lowest allocators are, for images: `pyrena`, or a name with `user:` before it. */
  readonly origins: { readonly raw: string; readonly arenas: string };
}

/**
 * Wire the layers of a heap together, from the bottom: each takes those above it in this list, and no other.
 * @param collector undefined: the one that only tracks
 * @param fresh whether the heap has just been made; else its layers are opened
 */
export function assemble(
  heap: Heap,
  plan: AllocatorPlan,
  collector: CollectorFactory | undefined,
  options: RuntimeOptions,
  fresh: boolean,
): Layers {
  const { memory } = heap;
  const raw = makeRaw({ heap, fresh }, options.raw);
  const arenas = makeArenas({ heap, fresh }, options.arenas);
  const allocators = makeAllocators({ heap, fresh, raw, arenas }, plan);
  const { domains, walkers } = allocators;
  const objects = (fresh ? createObjects : attachObjects)(heap, {
    domains,
    arenas,
    hashSeed: options.hashSeed ?? 0,
    debug: options.debug ?? false,
    ...(collector && { collector: options.debug === true ? debugging(collector) : collector }),
    ...(walkers && { walkers }),
    ...(options.onUnraisable && { onUnraisable: options.onUnraisable }),
    ...(options.stderr && { stderr: options.stderr }),
  });
  const py = Python.over(objects, options);
  const stats = [
    ...statsOf(raw),
    ...statsOf(arenas),
    ...allocators.stats,
    objects.inspect.stats,
    ...(options.stats ?? []),
  ];
  const origins = { raw: originOf(options.raw), arenas: originOf(options.arenas) };
  return { memory, heap, raw, arenas, allocators, objects, py, stats, origins };
}

function makeRaw(host: LayerHost, choice: RawChoice | undefined): PyMemAllocatorEx {
  if (choice === undefined) {
    return (host.fresh ? createRawAllocator : attachRawAllocator)(host.heap);
  }
  const raw = typeof choice === "function" ? choice(host) : choice;
  requireAllocator(raw, "raw");
  return raw;
}

function makeArenas(host: LayerHost, choice: ArenasChoice | undefined): PyObjectArenaAllocator {
  if (choice === undefined) {
    return (host.fresh ? createArenaSource : attachArenaSource)(host.heap);
  }
  const arenas = typeof choice === "function" ? choice(host) : choice;
  if (typeof arenas?.alloc !== "function" || typeof arenas.free !== "function") {
    throw new PyrenaError(
      "bad-argument",
      "arenas: not a PyObjectArenaAllocator: it needs the functions alloc and free",
    );
  }
  return arenas;
}

function originOf(choice: RawChoice | ArenasChoice | undefined): string {
  if (choice === undefined) return "pyrena";
  return `user:${(typeof choice === "function" && choice.name) || "struct"}`;
}

/** What a layer counts, if it does. */
function statsOf(layer: object): StatSource[] {
  const { stats } = layer as Partial<Pick<RawAllocator | ArenaSource, "stats">>;
  return stats === undefined ? [] : [stats];
}
