/** `@bnaya/objectbuffer`: objects in an ArrayBuffer behind proxies, with reference counts. */
import { createRequire } from "node:module";
import { ITEMS } from "../workloads.ts";
import type { ObjectPeer } from "./object-peer.ts";

type Buffered = Record<string, unknown>;

/** What of the library is used; its own types do not compile with today's TypeScript. */
interface Library {
  createObjectBuffer(
    options: { textEncoder: TextEncoder; textDecoder: TextDecoder },
    bytes: number,
    value: unknown,
  ): Buffered;
  spaceLeft(value: unknown): number;
}

/**
 * It is slow, and slower the longer it goes on (a store under a key takes a tenth of a millisecond): this many units
 * of a round, when its buffer is fresh, are enough to say how much.
 */
function few(units: number): number {
  return Math.ceil(units / 500);
}

export function openObjectBuffer(): ObjectPeer {
  const library = createRequire(import.meta.url)("@bnaya/objectbuffer") as Library;
  const { createObjectBuffer, spaceLeft } = library;
  const options = { textEncoder: new TextEncoder(), textDecoder: new TextDecoder() };
  const keys = Array.from({ length: ITEMS }, (_, n) => `key${n}`);
  const root = createObjectBuffer(options, 1 << 28, {
    list: Array.from({ length: ITEMS }, (_, n) => n * 3),
    table: Object.fromEntries(keys.map((key, n) => [key, n * 3])),
    slot: null,
  });
  const list = root["list"] as number[];
  const table = root["table"] as Record<string, number>;
  let sum = 0;

  const tree = (levels: number): Buffered => ({
    left: levels > 1 ? tree(levels - 1) : null,
    right: levels > 1 ? tree(levels - 1) : null,
  });
  const makers: Record<string, () => unknown> = {
    tuples: () => [123456, 0.5, null],
    lists: () => [1, 2, 1, 2, 1, 2, 1, 2, 1, 2],
    strs: () => "text number 0001",
    tree: () => ({ left: null, right: null }),
  };

  return {
    workloads: {
      // Assigning a JavaScript value copies it into the buffer; assigning again releases what was there.
      tuples: (units) => {
        const some = few(units);
        for (let n = 0; n < some; n++) root["slot"] = [123456, 0.5, null];
        return some;
      },
      lists: (units) => {
        const some = few(units);
        for (let n = 0; n < some; n++) {
          root["slot"] = [];
          const one = root["slot"] as number[];
          for (let m = 0; m < 10; m++) one.push(m);
        }
        return some;
      },
      strs: (units) => {
        const some = few(units);
        for (let n = 0; n < some; n++) root["slot"] = "text number 0001";
        return some;
      },
      tree: (units) => {
        const levels = Math.min(10, Math.log2(units + 1));
        root["slot"] = tree(levels);
        root["slot"] = null;
        return 2 ** levels - 1;
      },
      "list-read": (units) => {
        for (let n = 0, i = 0; n < units; n++) {
          sum += list[i]!;
          if (++i === ITEMS) i = 0;
        }
      },
      "dict-read": (units) => {
        const some = few(units);
        for (let n = 0, i = 0; n < some; n++) {
          sum += table[keys[i]!]!;
          if (++i === ITEMS) i = 0;
        }
        return some;
      },
      "list-update": (units) => {
        for (let n = 0, i = 0; n < units; n++) {
          list[i] = n;
          if (++i === ITEMS) i = 0;
        }
      },
      "dict-update": (units) => {
        const some = few(units);
        for (let n = 0, i = 0; n < some; n++) {
          table[keys[i]!] = n;
          if (++i === ITEMS) i = 0;
        }
        return some;
      },
    },
    bytes: (workload, count) => {
      const make = makers[workload];
      if (make === undefined) return undefined;
      const room = 1 << 24;
      const few = Math.min(count, 1000);
      const empty = spaceLeft(createObjectBuffer(options, room, { all: new Array(few).fill(0) }));
      const full = createObjectBuffer(options, room, { all: Array.from({ length: few }, make) });
      return (empty - spaceLeft(full)) / few;
    },
    check: () => {
      if (Number.isNaN(sum)) throw new Error("an element was not the number that was stored");
    },
  };
}
