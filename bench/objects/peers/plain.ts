/** Plain JavaScript objects, for scale: the engine's own heap and collector. */
import { BATCH, ITEMS } from "../workloads.ts";
import type { ObjectPeer } from "./object-peer.ts";

interface Node {
  left: Node | null;
  right: Node | null;
}

export function openPlain(): ObjectPeer {
  const batch: unknown[] = new Array(BATCH).fill(undefined);
  const values = [123456, 0.5];
  const list: unknown[] = Array.from({ length: ITEMS }, (_, n) => n * 3);
  const keys = Array.from({ length: ITEMS }, (_, n) => `key${n}`);
  const table = new Map<string, unknown>(keys.map((key, n) => [key, n * 3]));
  const codes = Array.from({ length: BATCH }, (_, n) => [
    ...new TextEncoder().encode(`text number ${String(n).padStart(4, "0")}`),
  ]);
  let sum = 0;
  let kept: unknown;

  function grow(levels: number): Node {
    const left = levels > 1 ? grow(levels - 1) : null;
    const right = levels > 1 ? grow(levels - 1) : null;
    return { left, right };
  }

  const makers: Record<string, (n: number) => unknown> = {
    tuples: () => [values[0], values[1], null],
    lists: () => {
      const one: unknown[] = [];
      for (let m = 0; m < 10; m++) one.push(null);
      return one;
    },
    strs: (n) => String.fromCharCode(...codes[n % BATCH]!),
    tree: () => ({ left: null, right: null }),
  };

  const workloads: ObjectPeer["workloads"] = {
    tuples: (units) => {
      for (let done = 0; done < units; done++) batch[done % BATCH] = [values[0], values[1], list];
    },
    lists: (units) => {
      for (let done = 0; done < units; done++) {
        const one: unknown[] = [];
        for (let m = 0; m < 10; m++) one.push(values[m & 1]);
        batch[done % BATCH] = one;
      }
    },
    strs: (units) => {
      for (let done = 0; done < units; done++) {
        batch[done % BATCH] = String.fromCharCode(...codes[done % BATCH]!);
      }
    },
    dict: (units) => {
      const made = new Map<number, null>();
      for (let n = 0; n < units; n++) made.set(n, null);
      kept = made;
    },
    tree: (units) => {
      kept = grow(Math.log2(units + 1));
    },
    "list-read": (units) => {
      for (let n = 0, i = 0; n < units; n++) {
        sum += list[i] as number;
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
        list[i] = values[0];
        if (++i === ITEMS) i = 0;
      }
    },
    "dict-update": (units) => {
      for (let n = 0, i = 0; n < units; n++) {
        table.set(keys[i]!, values[0]);
        if (++i === ITEMS) i = 0;
      }
    },
  };

  return {
    workloads,
    bytes: (workload, count) => {
      const make = makers[workload];
      if (make === undefined || globalThis.gc === undefined) return undefined;
      const holder: unknown[] = new Array(count).fill(null);
      globalThis.gc();
      const before = process.memoryUsage().heapUsed;
      for (let n = 0; n < count; n++) holder[n] = make(n);
      globalThis.gc();
      const bytes = (process.memoryUsage().heapUsed - before) / count;
      kept = holder;
      return bytes;
    },
    check: () => {
      if (Number.isNaN(sum) || kept === null) throw new Error("what was kept is lost");
    },
  };
}
