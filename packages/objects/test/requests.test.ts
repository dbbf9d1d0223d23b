/** Which memory is requested, resized and given back in which order, against what CPython does (fixtures/requests.c). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Address,
  Domains,
  Heap,
  LinearMemory,
  type PyMemAllocatorEx,
  profileFor,
} from "@pyrena/abi";
import { createObjects, type Objects } from "@pyrena/objects";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { describe, expect, it } from "vitest";

/** The events of one case, written as requests.c writes them. */
class Recorder {
  readonly #blocks: Address[] = [];
  readonly #events: string[] = [];
  #depth = 0;

  begin(): void {
    this.#blocks.length = 0;
    this.#events.length = 0;
  }

  end(): string[] {
    return [...this.#events];
  }

  /** An allocator that is recorded; what it asks of another recorded one is not. */
  wrap(letter: string, { ctx, ...inner }: PyMemAllocatorEx): PyMemAllocatorEx {
    const request = (size: number, allocate: () => Address): Address => {
      const block = this.#inside(allocate);
      if (this.#depth === 0) {
        this.#blocks.push(block);
        this.#events.push(`+${letter}${size}`);
      }
      return block;
    };
    return {
      ctx,
      malloc: (_, size) => request(size, () => inner.malloc(ctx, size)),
      calloc: (_, count, size) => request(count * size, () => inner.calloc(ctx, count, size)),
      realloc: (_, old, size) => {
        if (old === 0) return request(size, () => inner.realloc(ctx, 0, size));
        const block = this.#inside(() => inner.realloc(ctx, old, size));
        if (this.#depth === 0) {
          const i = this.#blocks.lastIndexOf(old);
          if (i < 0) this.#blocks.push(block);
          else this.#blocks[i] = block;
          this.#events.push(`~${i < 0 ? "?" : i}:${letter}${size}`);
        }
        return block;
      },
      free: (_, block) => {
        if (this.#depth === 0 && block !== 0) {
          const i = this.#blocks.lastIndexOf(block);
          if (i >= 0) this.#blocks[i] = 0;
          this.#events.push(i < 0 ? "-?" : `-${i}`);
        }
        this.#inside(() => {
          inner.free(ctx, block);
          return 0;
        });
      },
    };
  }

  #inside(body: () => Address): Address {
    this.#depth++;
    const result = body();
    this.#depth--;
    return result;
  }
}

function recordedObjects(version: string, recorder: Recorder): Objects {
  const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 28 });
  const heap = Heap.create(memory, profileFor(version, "lp64"));
  const raw = createRawAllocator(heap);
  const arenas = createArenaSource(heap);
  const pymalloc = createPymalloc(heap, { raw, arenas });
  return createObjects(heap, {
    domains: new Domains(heap.abi, {
      raw: recorder.wrap("r", raw),
      mem: recorder.wrap("m", pymalloc),
      obj: recorder.wrap("o", pymalloc),
    }),
    arenas,
    hashSeed: 0,
  });
}

/** The cases of requests.c, by the same names; what is made before a case begins is made here. */
function cases(core: Objects): Readonly<Record<string, () => void>> {
  const { refs, list, tuple, dict, set, str, bytes, bytearray, int, classes, weakrefs } = core;
  const { none } = core.constants;
  const drop = (...objects: Address[]): void => {
    for (const object of objects) refs.decref(object);
  };
  const nones = (n: number): Address => {
    const made = list.create(n);
    for (let i = 0; i < n; i++) list.initItem(made, i, refs.newRef(none));
    return made;
  };
  const cls = (name: string, slots?: string[]): Address =>
    classes.create({ name, ...(slots === undefined ? {} : { slots }) });
  const plain = cls("Plain");
  const used = cls("Used");
  const slotted = cls("Slots", ["a", "b"]);
  const names = [..."abcdef"].map((name) => str.interned(name));
  const keys = Array.from({ length: 24 }, (_, i) => {
    const key = str.interned(`k${i}`);
    core.protocol.hash(key);
    return key;
  });
  const ints = Array.from({ length: 24 }, (_, i) => int.from(i));
  const give = (object: Address, n: number): void => {
    for (const name of names.slice(0, n)) classes.setAttribute(object, name, none);
  };
  for (let i = 0; i < 40; i++) {
    const one = classes.call(used, []);
    give(one, 3);
    drop(one);
  }
  const fn = core.functions.define(
    { name: "f", locals: [], argCount: 0, body: () => refs.newRef(none) },
    core.modules.dict(core.modules.main()),
  );
  const ten = tuple.pack(Array<Address>(10).fill(none));
  const ascii = str.from("abcdefghij");
  const latin = str.from("éè");
  const wide = str.from("€");
  const text = bytes.from(new TextEncoder().encode("abcdef"));
  const big = int.from(10n ** 21n);
  const near = int.from(10n ** 21n - 123456n);
  const medium = int.from(123456);
  const twenty = dict.create();
  for (const key of keys.slice(0, 20)) dict.setItem(twenty, key, none);
  const left = set.pack(ints.slice(0, 6));
  const right = set.pack(ints.slice(3, 9));
  const referent = classes.call(used, []);
  const valueError = core.exceptions.type("ValueError");

  return {
    "list appended to, then dropped": () => {
      const a = list.create(0);
      for (let i = 0; i < 20; i++) list.append(a, none);
      drop(a);
    },
    "list inserted into, a slice deleted": () => {
      const a = nones(5);
      list.insert(a, 0, none);
      list.assignSlice(a, 1, 5, 0);
      list.assignSlice(a, 0, 2, 0);
      drop(a);
    },
    "list extended by a tuple, copied, repeated, added": () => {
      const a = list.create(0);
      list.extend(a, ten);
      list.extend(a, ten);
      const b = list.slice(a, 0, 1, 20);
      drop(list.repeat(b, 2));
      drop(list.concat(a, b));
      drop(b, a);
    },
    "tuples of 3, 20 and 21, two of each": () => {
      for (const n of [3, 20, 21]) {
        const items = Array<Address>(n).fill(none);
        drop(tuple.pack(items));
        drop(tuple.pack(items));
      }
    },
    "dict of 12 strs, one deleted, copied, cleared": () => {
      const a = dict.create();
      for (const key of keys.slice(0, 12)) dict.setItem(a, key, none);
      dict.deleteItem(a, keys[3] as number);
      const b = dict.copy(a);
      dict.clear(a);
      dict.setItem(a, keys[0] as number, none);
      drop(b, a);
    },
    "dict of 12 ints, then a str": () => {
      const a = dict.create();
      for (const key of ints.slice(0, 12)) dict.setItem(a, key, none);
      dict.setItem(a, keys[0] as number, none);
      drop(a);
    },
    "dict of a str, then an int": () => {
      const a = dict.create();
      dict.setItem(a, keys[0] as number, none);
      dict.setItem(a, ints[0] as number, none);
      drop(a);
    },
    "dict updated by one of 20, empty and not": () => {
      const a = dict.create();
      dict.update(a, twenty);
      drop(a);
      const b = dict.create();
      dict.setItem(b, keys[22] as number, none);
      dict.update(b, twenty);
      drop(b);
    },
    "set of 20, copied, frozen, one discarded, cleared": () => {
      const a = set.create();
      for (const key of ints.slice(0, 20)) set.add(a, key);
      const b = set.from(a, false);
      const c = set.from(a, true);
      set.discard(a, ints[3] as number);
      set.clear(a);
      drop(c, b, a);
    },
    "sets united, intersected, subtracted, and what is in one": () => {
      drop(set.union(left, right));
      drop(set.intersection(left, right));
      drop(set.difference(left, right));
      drop(set.symmetricDifference(left, right));
    },
    "tuple of a list, set of a set": () => {
      const c = nones(5);
      drop(tuple.from(c));
      drop(set.from(left, false));
      drop(c);
    },
    "bytearray resized up and down": () => {
      const a = bytearray.from(new TextEncoder().encode("abc"));
      for (let n = 4; n <= 40; n++) bytearray.resize(a, n);
      for (const n of [30, 5, 0]) bytearray.resize(a, n);
      drop(a);
    },
    "strs added, cut and repeated": () => {
      drop(str.concat(ascii, ascii));
      drop(str.concat(ascii, latin));
      drop(str.concat(ascii, wide));
      drop(str.slice(ascii, 2, 1, 5));
      drop(str.slice(latin, 0, 1, 1));
      drop(str.repeat(ascii, 3));
    },
    "str added to in place": () => {
      let a = str.concat(ascii, ascii);
      for (let i = 0; i < 3; i++) a = str.append(a, ascii);
      a = str.append(a, wide);
      drop(a);
    },
    "bytes added and repeated": () => {
      drop(bytes.concat(text, text));
      drop(bytes.repeat(text, 3));
    },
    "arithmetic of ints": () => {
      drop(int.add(big, medium));
      drop(int.add(big, big));
      drop(int.subtract(big, near));
      drop(int.subtract(big, medium));
      drop(int.multiply(big, big));
      drop(int.multiply(big, medium));
      drop(int.add(medium, medium));
      drop(int.multiply(medium, medium));
      drop(int.negate(big));
      drop(int.negate(medium));
    },
    "float and complex": () => {
      drop(core.float.from(1.5));
      drop(core.float.from(2.5));
      drop(core.complex.from(1.5, 2));
    },
    "first instance of a class, with three attributes": () => {
      const a = classes.call(plain, []);
      give(a, 3);
      drop(a);
    },
    "instance of a class in use, with three attributes": () => {
      const a = classes.call(used, []);
      give(a, 3);
      drop(a);
    },
    "the same with six, which do not fit": () => {
      const a = classes.call(used, []);
      give(a, 6);
      drop(a);
    },
    "instance whose dict is taken and outlives it": () => {
      const a = classes.call(used, []);
      give(a, 3);
      const b = classes.dict(a);
      drop(a, b);
    },
    "instance with slots": () => {
      const a = classes.call(slotted, []);
      give(a, 1);
      drop(a);
    },
    "weak references, with and without callback, and a proxy": () => {
      const b = weakrefs.ref(referent);
      const c = weakrefs.ref(referent, fn);
      drop(b, c);
      drop(weakrefs.proxy(referent));
    },
    "cell and method": () => {
      drop(core.cells.create(none));
      drop(core.functions.createMethod(fn, referent));
    },
    "exception with an argument": () => {
      drop(core.exceptions.create(valueError, [ascii]));
    },
  };
}

function answersOf(version: string): Readonly<Record<string, string[]>> {
  const file = join(import.meta.dirname, "fixtures", `requests-${version}.json`);
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, string[]>;
}

describe.each(["3.11", "3.12", "3.13"])("requests for memory in %s lp64", (version) => {
  const answers = answersOf(version);
  const answers313 = answersOf("3.13");
  const recorder = new Recorder();
  const core = recordedObjects(version, recorder);
  const bodies = cases(core);

  it.each(Object.entries(answers))("are CPython's: %s", (name, answer) => {
    const body = bodies[name];
    if (body === undefined) throw new Error(`requests.c asks about "${name}", the test does not`);
    // CPython 3.12.1, which was asked, does not yet take tuples of 20 back; Pyrena does what 3.12.7 does.
    const isOld = version === "3.12" && name.startsWith("tuples of");
    const expected = isOld ? answers313[name] : answer;
    for (const kept of core.alloc.freeLists) kept.clear();
    recorder.begin();
    body();
    expect(recorder.end()).toEqual(expected);
  });
});
