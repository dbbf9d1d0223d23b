/** Keys whose hash and equality are a test's functions: they may call back and change what they are looked up in. */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";

/** A type of such keys. */
export interface OddKeys {
  readonly type: Address;
  /** New reference to a key with that number. */
  create(number: number): Address;
  number(key: Address): number;
  /** Numbers of keys that have died. */
  readonly dead: number[];
  /** What `==` does: 1, 0, or -1 with an exception pending. Default: same number. */
  onEqual: (mine: number, theirs: Address) => number;
  /** What `hash()` gives, from the number. Default: 1 for all. */
  onHash: (number: number) => number;
}

export function oddKeys(core: Objects): OddKeys {
  const { alloc, memory, types, word, wide } = core;
  const NUMBER = 2 * word;
  const bytes = 3 * word;
  const number = (key: Address): number => memory.u32[(key + NUMBER) >>> 2] as number;
  const type: Address = types.define({
    name: "OddKey",
    basicsize: bytes,
    flags: 0,
    slots: {
      name: "OddKey",
      dealloc: (key) => {
        keys.dead.push(number(key));
        alloc.freeObject(key);
      },
      hash: (key) => {
        const low = keys.onHash(number(key));
        if (wide) core.hashHigh = low < 0 ? -1 : 0;
        return low;
      },
      equal: (key, other) => keys.onEqual(number(key), other),
      repr: (key) => `<${number(key)}>`,
    },
  });
  const keys: OddKeys = {
    type,
    create: (n) => {
      const key = alloc.object(type, bytes);
      if (key === 0) return 0;
      memory.u32[(key + NUMBER) >>> 2] = n;
      if (wide) memory.u32[(key + NUMBER + 4) >>> 2] = 0;
      return key;
    },
    number,
    dead: [],
    onEqual: (mine, theirs) => (types.typeOf(theirs) === type ? +(number(theirs) === mine) : 2),
    onHash: () => 1,
  };
  return keys;
}
