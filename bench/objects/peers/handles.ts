/** `@pyrena/objects` by handles: what most people use. */
import { createPython, type Handle } from "@pyrena/objects";
import { ITEMS } from "../workloads.ts";
import type { ObjectPeer } from "./object-peer.ts";
import { openLayers } from "./pyrena.ts";

export function openHandles(): ObjectPeer {
  const { heap, options } = openLayers("lp64", false);
  const py = createPython(heap, options);
  const texts = Array.from({ length: 200 }, (_, n) => `text number ${String(n).padStart(4, "0")}`);
  const keys = Array.from({ length: ITEMS }, (_, n) => `key${n}`);
  const list = py.list(Array.from({ length: ITEMS }, (_, n) => n * 3)).keep();
  const table = py.dict(new Map(keys.map((key, n) => [key, n * 3]))).keep();
  const Node = py.class("Node").keep();
  let sum = 0;

  function grow(levels: number): Handle {
    const one = Node.new();
    for (const name of ["left", "right"]) {
      if (levels > 1) {
        const child = grow(levels - 1);
        one.setAttr(name, child);
        child.release();
      } else one.setAttr(name, null);
    }
    return one;
  }

  return {
    workloads: {
      ints: (units) => {
        for (let n = 0; n < units; n++) py.int(2000 + n).release();
      },
      floats: (units) => {
        for (let n = 0; n < units; n++) py.float(n).release();
      },
      tuples: (units) => {
        for (let n = 0; n < units; n++) py.tuple([123456, 0.5, null]).release();
      },
      lists: (units) => {
        for (let n = 0; n < units; n++) {
          const one = py.list();
          for (let m = 0; m < 10; m++) one.append(123456);
          one.release();
        }
      },
      "strs-js": (units) => {
        for (let n = 0; n < units; n++) py.str(texts[n % 200]!).release();
      },
      dict: (units) => {
        const made = py.dict();
        for (let n = 0; n < units; n++) made.set(n, null);
        made.release();
      },
      tree: (units) => grow(Math.log2(units + 1)).release(),
      "list-read": (units) => {
        for (let n = 0, i = 0; n < units; n++) {
          sum += list.get(i) as number;
          if (++i === ITEMS) i = 0;
        }
      },
      "dict-read": (units) => {
        for (let n = 0, i = 0; n < units; n++) {
          sum += table.get(keys[i]!) as number;
          if (++i === ITEMS) i = 0;
        }
      },
      "list-update": (units) => {
        for (let n = 0, i = 0; n < units; n++) {
          list.set(i, 123456);
          if (++i === ITEMS) i = 0;
        }
      },
      "dict-update": (units) => {
        for (let n = 0, i = 0; n < units; n++) {
          table.set(keys[i]!, 123456);
          if (++i === ITEMS) i = 0;
        }
      },
    },
    check: () => {
      if (Number.isNaN(sum)) throw new Error("an element was not the number that was stored");
    },
  };
}
