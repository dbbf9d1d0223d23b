/** `@pyrena/objects` on pymalloc and raw: the low-level API on addresses. */
import { Domains, Heap, LinearMemory, type PyMemAllocatorEx, profileFor } from "@pyrena/abi";
import { createCounter } from "@pyrena/debug";
import { createObjects, type ObjectsOptions } from "@pyrena/objects";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { BATCH, ITEMS, LISTS } from "../workloads.ts";
import type { ObjectPeer } from "./object-peer.ts";

/** Bytes from one text in memory to the next. */
const TEXT_BYTES = 17;

/** A fresh heap and what objects are made over; with the counts of bytes requested where they are wanted. */
export function openLayers(
  abi: "lp64" | "ilp32",
  count: boolean,
): { heap: Heap; options: ObjectsOptions; requested: () => number } {
  const memory = LinearMemory.create({ bytes: 1 << 24, maxBytes: 2 ** 31 });
  const heap = Heap.create(memory, profileFor("3.13", abi));
  const raw = createRawAllocator(heap);
  const arenas = createArenaSource(heap);
  const pymalloc = createPymalloc(heap, { raw, arenas });
  const counter = count ? createCounter(pymalloc, { memory, abi: heap.abi }) : undefined;
  const small: PyMemAllocatorEx = counter ?? pymalloc;
  const domains = new Domains(heap.abi, { raw, mem: small, obj: small });
  return { heap, options: { domains, arenas }, requested: () => counter?.liveBytes ?? 0 };
}

export function openPyrena(abi: "lp64" | "ilp32"): ObjectPeer {
  const { heap, options } = openLayers(abi, false);
  const objects = createObjects(heap, options);
  const { refs, int, float, tuple, list, dict, str, classes, constants } = objects;
  const { decref } = refs;
  const none = constants.none;
  const batch = new Uint32Array(BATCH);
  const first = int.from(123456);
  const second = float.from(0.5);
  const items = [first, second, none];
  const texts = Array.from(
    { length: BATCH },
    (_, n) => `text number ${String(n).padStart(4, "0")}`,
  );
  // In memory they lie as in C: each with a NUL behind it, so that few begin where a word does.
  const utf8 = options.domains.raw.malloc(BATCH * TEXT_BYTES);
  texts.forEach((text, n) => {
    heap.memory.u8.set(new TextEncoder().encode(text), utf8 + n * TEXT_BYTES);
  });
  const numbers = list.create(0);
  const table = dict.create();
  const keys = Array.from({ length: ITEMS }, (_, n) => str.interned(`key${n}`));
  keys.forEach((key, n) => {
    const value = int.from(n * 3);
    list.append(numbers, value);
    dict.setItem(table, key, value);
    decref(value);
  });
  const left = str.interned("left");
  const right = str.interned("right");
  const node = classes.create({ name: "Node" });
  let sum = 0;

  function drop(count: number): void {
    for (let n = 0; n < count; n++) decref(batch[n]!);
  }

  /**
   * A workload that makes as many objects as are alive at once, and drops them. To make them is a function that is
   * called over and over: where a loop stands in another, an engine enters the code in the middle and makes it twice,
   * which leaves less room for what it calls.
   */
  function inBatches(count: number, make: (done: number) => void): (units: number) => void {
    return (units) => {
      for (let done = 0; done < units; done += count) {
        make(done);
        drop(count);
      }
    };
  }

  function tenAppended(): number {
    const one = list.create(0);
    for (let m = 0; m < 10; m++) list.append(one, items[m & 1]!);
    return one;
  }

  function grow(levels: number): number {
    const one = classes.instantiate(node);
    for (const name of [left, right]) {
      const child = levels > 1 ? grow(levels - 1) : none;
      classes.setAttribute(one, name, child);
      if (levels > 1) decref(child);
    }
    return one;
  }

  return {
    workloads: {
      ints: inBatches(BATCH, (done) => {
        for (let n = 0; n < BATCH; n++) batch[n] = int.from(2000 + done + n);
      }),
      floats: inBatches(BATCH, (done) => {
        for (let n = 0; n < BATCH; n++) batch[n] = float.from(done + n);
      }),
      tuples: inBatches(BATCH, () => {
        for (let n = 0; n < BATCH; n++) batch[n] = tuple.pack(items);
      }),
      lists: inBatches(LISTS, () => {
        for (let n = 0; n < LISTS; n++) batch[n] = tenAppended();
      }),
      strs: inBatches(BATCH, () => {
        for (let n = 0; n < BATCH; n++) batch[n] = str.fromUtf8(utf8 + n * TEXT_BYTES, 16);
      }),
      "strs-js": inBatches(BATCH, () => {
        for (let n = 0; n < BATCH; n++) batch[n] = str.from(texts[n]!);
      }),
      dict: (units) => {
        const made = dict.create();
        for (let n = 0; n < units; n++) {
          const key = int.from(n);
          dict.setItem(made, key, none);
          decref(key);
        }
        decref(made);
      },
      tree: (units) => decref(grow(Math.log2(units + 1))),
      "list-read": (units) => {
        for (let n = 0, i = 0; n < units; n++) {
          sum += int.value(list.getItem(numbers, i)) as number;
          if (++i === ITEMS) i = 0;
        }
      },
      "dict-read": (units) => {
        for (let n = 0, i = 0; n < units; n++) {
          sum += int.value(dict.getItem(table, keys[i]!)) as number;
          if (++i === ITEMS) i = 0;
        }
      },
      "list-update": (units) => {
        for (let n = 0, i = 0; n < units; n++) {
          list.setItem(numbers, i, items[n & 1]!);
          if (++i === ITEMS) i = 0;
        }
      },
      "dict-update": (units) => {
        for (let n = 0, i = 0; n < units; n++) {
          dict.setItem(table, keys[i]!, items[n & 1]!);
          if (++i === ITEMS) i = 0;
        }
      },
    },
    bytes: (workload, count) => bytesOf(abi, workload, count),
    check: () => {
      if (Number.isNaN(sum)) throw new Error("an element was not the number that was stored");
    },
  };
}

/** Bytes requested for objects of a workload that are alive together, counted by a wrapper of the allocator. */
function bytesOf(abi: "lp64" | "ilp32", workload: string, count: number): number | undefined {
  const { heap, options, requested } = openLayers(abi, true);
  const objects = createObjects(heap, options);
  const { refs, int, float, tuple, list, dict, str, classes, constants } = objects;
  const none = constants.none;
  const node = classes.create({ name: "Node" });
  const left = str.interned("left");
  const right = str.interned("right");
  const filled = (): number => {
    const one = classes.instantiate(node);
    classes.setAttribute(one, left, none);
    classes.setAttribute(one, right, none);
    return one;
  };
  for (let n = 0; n < 40; n++) refs.decref(filled());
  const made = new Uint32Array(count);
  const makers: Record<string, (n: number) => number> = {
    ints: (n) => int.from(2000 + n),
    floats: (n) => float.from(n * 0.5),
    tuples: () => tuple.pack([none, none, none]),
    lists: () => {
      const one = list.create(0);
      for (let m = 0; m < 10; m++) list.append(one, none);
      return one;
    },
    strs: (n) => str.from(`text number ${String(n % 10_000).padStart(4, "0")}`),
    tree: filled,
  };
  const before = requested();
  if (workload === "dict") {
    const table = dict.create();
    for (let n = 0; n < count; n++) {
      const key = int.from(1000 + n);
      dict.setItem(table, key, none);
      refs.decref(key);
    }
    return (requested() - before) / count;
  }
  const make = makers[workload];
  if (make === undefined) return undefined;
  for (let n = 0; n < count; n++) made[n] = make(n);
  return (requested() - before) / count;
}
