/** Pyrena's collectors over its objects, on pymalloc and raw. */
import { type CollectorFactory, Domains, Heap, LinearMemory, profileFor } from "@pyrena/abi";
import { createObjects, type Objects } from "@pyrena/objects";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { processorMicroseconds } from "../../src/processor-time.ts";
import { type GcWorkload, repeats } from "../workloads.ts";
import type { GcPeer, GcRound } from "./gc-peer.ts";
import { GrowingWatch } from "./growing.ts";

function openObjects(python: string, abi: "lp64" | "ilp32", collector: CollectorFactory): Objects {
  const memory = LinearMemory.create({ bytes: 1 << 24, maxBytes: 2 ** 32 - 2 ** 16 });
  const heap = Heap.create(memory, profileFor(python, abi));
  const raw = createRawAllocator(heap);
  const arenas = createArenaSource(heap);
  const pymalloc = createPymalloc(heap, { raw, arenas });
  const domains = new Domains(heap.abi, { raw, mem: pymalloc, obj: pymalloc });
  return createObjects(heap, { domains, arenas, collector });
}

/** Lists of two that refer to one another; a list that holds them all, which was made before them. */
function build(
  { list, refs, constants }: Objects,
  links: "random" | "near",
  units: number,
): number {
  const { none } = constants;
  const all = list.create(0);
  const made = new Uint32Array(units);
  for (let n = 0; n < units; n++) {
    const one = list.pack([none, none]);
    list.append(all, one);
    refs.decref(one);
    made[n] = one;
  }
  let seed = 12345;
  const random = (): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return made[seed % units]!;
  };
  for (let n = 0; n < units; n++) {
    for (let k = 0; k < 2; k++) {
      const other = links === "random" ? random() : made[(n + k + 1) % units]!;
      list.setItem(made[n]!, k, other);
    }
  }
  return all;
}

export function openPyrena(
  python: string,
  abi: "lp64" | "ilp32",
  collector: CollectorFactory,
): GcPeer {
  let objects: Objects | undefined;
  let current = "";
  let all = 0;

  function full(workload: GcWorkload, units: number): GcRound {
    const { id, kind, links } = workload;
    if (objects === undefined || current !== id) {
      objects = openObjects(python, abi, collector);
      objects.gc.disable();
      current = id;
      all = 0;
    }
    const { gc, refs } = objects;
    if (all === 0) {
      all = build(objects, links, units);
      gc.collect(2);
    }
    if (kind === "garbage") {
      refs.decref(all);
      all = 0;
    }
    const times = repeats(workload, units);
    const from = processorMicroseconds();
    for (let n = 0; n < times; n++) gc.collect(2);
    const nanoseconds = ((processorMicroseconds() - from) * 1000) / times;
    if (kind === "garbage") gc.collector().verify(gc.collector().ctx);
    return { nanoseconds };
  }

  function growing(units: number): GcRound {
    const { list, refs, constants, gc, frames } = openObjects(python, abi, collector);
    const { none } = constants;
    const watch = new GrowingWatch();
    gc.host.event = (phase, { collected }) => {
      if (phase === "start") watch.begin();
      else watch.end(collected);
    };
    // A local of a running function, from where the incremental collector marks.
    const frame = frames.pushNamed("growing", ["everything"]);
    const kept = list.create(0);
    frames.store(frame, 0, kept);
    const from = processorMicroseconds();
    for (let n = 0; n < units; n++) {
      const one = list.pack([none, none]);
      if (n % 100 === 0) {
        list.append(one, one);
        watch.died(1);
      } else {
        list.append(kept, one);
      }
      refs.decref(one);
      // As the interpreter does where a loop goes back.
      gc.poll();
    }
    const nanoseconds = (processorMicroseconds() - from) * 1000;
    return { nanoseconds, figures: watch.figures() };
  }

  return {
    run: (workload, units) =>
      workload.kind === "growing" ? growing(units) : full(workload, units),
  };
}
