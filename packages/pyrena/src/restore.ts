/**
 * Opening a saved heap. Restoring always makes new JavaScript objects over the bytes: what those of the old runtime
 * have in their caches is of no use here.
 */
import {
  type CollectorFactory,
  Heap,
  LinearMemory,
  type LinearMemoryOptions,
  PyrenaError,
} from "@pyrena/abi";
import { type AllocatorPlan, planAllocators } from "./allocators.ts";
import { bind, defineTypes } from "./bindings.ts";
import { collectorFor, isBuiltIn, replacementFor } from "./collectors.ts";
import type { Description } from "./description.ts";
import { decodeImage, type Image, layOut } from "./image.ts";
import { assemble, type Layers } from "./layers.ts";
import type { CollectorChoice, RuntimeOptions } from "./options.ts";
import { Runtime, verifyLayers } from "./runtime.ts";

/** Options of `restore`. Python version, data model and hash seed are those of the image. */
export interface RestoreOptions extends Omit<RuntimeOptions, "python" | "abi" | "hashSeed"> {
  /**
   * Open the heap to look at it, without the program that it belongs to: what is missing is left out, nothing of it
   * runs, and it cannot be saved. Default false.
   */
  readonly inspect?: boolean;
  /**
   * Whether every object, count and block is checked, besides the digest, which tells that the image is as it was
   * written. False saves most of the time, for large heaps that you have saved yourself. Default true.
   */
  readonly verify?: boolean;
  /**
   * What becomes of references that only JavaScript held when the heap was saved, handles and running frames:
   * `release` (the default) lets go of them, `keep` leaves them, and `py.adopt()` gives handles for those of handles.
   */
  readonly held?: "release" | "keep";
}

/**
 * A runtime that goes on from a saved heap.
 * @throws PyrenaError `bad-image` for anything that is no whole image; `missing-definition` naming the types, functions
 *   and values that the heap needs and that were not given; as `createRuntime` for options that are wrong
 */
export function restore(bytes: Uint8Array, options: RestoreOptions = {}): Runtime {
  const image = decodeImage(bytes);
  const { description } = image;
  const { inspect = false, held = inspect ? "keep" : "release" } = options;
  requireLayers(description, options);
  const memory = memoryFor(image, options.memory);
  layOut(image, memory.u8);
  const layers = sound(() => open(memory, description, options));
  const { gc } = layers.objects;
  requireCollector(gc.collector().name, description);
  const types = defineTypes(layers.objects, options);
  const missing = layers.objects.types.missing();
  if (missing.length > 0 && !inspect) {
    throw new PyrenaError(
      "missing-definition",
      `the saved heap needs what was not given: ${missing.map((name) => `the type '${name}': types`).join("; ")}`,
    );
  }
  layers.objects.types.standIn();
  if (options.verify ?? true) sound(() => verifyLayers(layers));
  if (!inspect) sound(() => bind(layers.py, description.values, options));
  if (held === "release") sound(() => letGo(layers));
  if (isBuiltIn(description.collector) && differs(options.collector, description.collector)) {
    gc.use(replacementFor(options.collector, layers.objects));
  }
  if (!inspect && description.collecting && gc.collector().control !== undefined) gc.enable();
  return new Runtime({ layers, definitions: options, types, inspected: inspect });
}

/** @throws PyrenaError `bad-argument` where a layer was the user's and is not given */
function requireLayers(
  { raw, arenas, allocators, collector }: Description,
  options: RestoreOptions,
): void {
  const need = (layer: string, name: string): never => {
    throw new PyrenaError(
      "bad-argument",
      `the image was made with ${layer} that is not built in, '${name}': pass it as option ${layer}`,
    );
  };
  if (raw.startsWith("user:") && options.raw === undefined) need("raw", raw.slice(5));
  if (arenas.startsWith("user:") && options.arenas === undefined) need("arenas", arenas.slice(5));
  const own = allocators.find((name) => name.startsWith("user:"));
  if (own !== undefined && options.allocator === undefined) need("allocator", own.slice(5));
  if (!isBuiltIn(collector) && typeof options.collector !== "function")
    need("collector", collector);
}

/** @throws PyrenaError `bad-argument` where the user's collector is another one than the image's */
function requireCollector(name: string, { collector }: Description): void {
  if (name === collector) return;
  throw new PyrenaError(
    "bad-argument",
    `collector: the image was made with '${collector}', and what was given calls itself '${name}'`,
  );
}

/** The image says what served the domains, the options only what the user put there. */
function planFor(description: Description, options: RestoreOptions, heap: Heap): AllocatorPlan {
  const asked = planAllocators(heap, options.allocator, false);
  const [raw, mem, obj] = description.allocators;
  const base = (name: string, other: "malloc" | "pymalloc"): "malloc" | "pymalloc" =>
    name === "malloc" || name === "pymalloc" ? name : other;
  return {
    bases: [base(raw, asked.bases[0]), base(mem, asked.bases[1]), base(obj, asked.bases[2])],
    steps: asked.steps,
    hooks: description.hooks,
  };
}

function open(memory: LinearMemory, description: Description, options: RestoreOptions): Layers {
  const heap = Heap.attach(memory);
  if (heap.profile.name !== description.profile) {
    throw new PyrenaError(
      "heap-corrupt",
      `it was saved as ${description.profile} and has a heap of ${heap.profile.name}`,
    );
  }
  const plan = planFor(description, options, heap);
  const before = heap.layers().length;
  const layers = assemble(heap, plan, collectorIn(description, options, heap), options, false);
  if (heap.layers().length !== before) {
    const made = heap.layers().slice(before);
    throw new PyrenaError(
      "heap-corrupt",
      `it has no state of ${made.map(({ tag }) => tag).join(", ")}`,
    );
  }
  return layers;
}

/**
 * The collector that the image was made with: it goes on with the state that it has there. It is switched off until
 * everything is in its place.
 */
function collectorIn(
  { collector: name }: Description,
  { collector: given }: RestoreOptions,
  { profile }: Heap,
): CollectorFactory | undefined {
  const factory = collectorFor(isBuiltIn(name) ? name : given, profile);
  if (factory === undefined) return undefined;
  return (graph, host) => {
    const collector = factory(graph, host);
    collector.control?.setEnabled(collector.ctx, false);
    return collector;
  };
}

/** Errors that are not the image's fault, but the caller's. */
const notItsFault: ReadonlySet<string> = new Set(["memory-limit", "missing-definition"]);

/** Run what reads the image's heap: whatever goes wrong is the image's fault. */
function sound<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof PyrenaError && notItsFault.has(cause.code)) throw cause;
    let why = cause instanceof Error ? cause.message : String(cause);
    if (cause instanceof PyrenaError && cause.invariant === "O1") {
      why +=
        "; if JavaScript held it by its address alone as the heap was saved, give it to `globals` or to a handle " +
        "before `save()`, or restore with `verify: false`";
    }
    throw new PyrenaError("bad-image", `the heap in the image is damaged: ${why}`, { cause });
  }
}

/** A memory for the image, all its bytes 0. */
function memoryFor(
  { description }: Image,
  choice: LinearMemory | LinearMemoryOptions | undefined,
): LinearMemory {
  const { bytes, maxBytes } = description.memory;
  if (choice instanceof LinearMemory) {
    choice.refresh();
    if (!choice.grow(bytes)) {
      throw new PyrenaError(
        "memory-limit",
        `memory: the heap needs ${bytes} bytes, the memory that was given has at most ${choice.maxByteLength}`,
        { size: bytes },
      );
    }
    choice.u8.fill(0);
    return choice;
  }
  return LinearMemory.create({
    ...choice,
    bytes: Math.max(bytes, choice?.bytes ?? 0),
    maxBytes: Math.max(bytes, choice?.maxBytes ?? maxBytes),
  });
}

function differs(asked: CollectorChoice | undefined, saved: string): asked is CollectorChoice {
  return asked !== undefined && asked !== saved;
}

/** Let go of what only JavaScript held: frames whose code is not there any more, and handles. */
function letGo({ py, objects }: Layers): void {
  objects.frames.abandon();
  for (const handle of py.adopt()) handle.release();
}
