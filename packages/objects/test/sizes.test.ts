/** Sizes of values and how containers grow, against what CPython answered (test/fixtures). */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { answersOf, build, changes, keyOf, questions, type Step, show } from "./answers.ts";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("sizes in %s %s", (version, abi) => {
  const answers = answersOf(version, abi);
  const core = testObjects(version, abi);

  it("are CPython's for every value asked about", () => {
    const wrong: string[] = [];
    questions.values.forEach((value, i) => {
      const [expected] = answers.values[i] ?? [null];
      if (expected === null) return;
      const object = build(core, value);
      const size = core.protocol.getsizeof(object);
      if (size !== expected) wrong.push(`${show(value)}: ${size}, CPython ${expected}`);
      core.refs.decref(object);
    });
    expect(wrong).toEqual([]);
    core.inspect.verify();
  });

  it.each(Object.keys(answers.growth))("change as CPython's do: %s", (name) => {
    expect(growth(core, name)).toEqual(answers.growth[name]);
  });

  it("of lists follow every operation", () => {
    questions.operations.list.forEach((steps, i) => {
      expect(runList(core, steps), `sequence ${i}`).toEqual(answers.operations.list[i]);
    });
    core.inspect.verify();
  });

  it("and orders of dicts follow every operation", () => {
    questions.operations.dict.forEach((steps, i) => {
      const expected = answers.operations.dict[i];
      if (expected) expect(runDict(core, steps), `sequence ${i}`).toEqual(expected);
    });
    core.inspect.verify();
  });

  it("and orders of sets follow every operation", () => {
    questions.operations.set.forEach((steps, i) => {
      const expected = answers.operations.set[i];
      if (expected) expect(runSet(core, steps), `sequence ${i}`).toEqual(expected);
    });
    core.inspect.verify();
  });

  it("of bytearrays follow every operation", () => {
    questions.operations.bytearray.forEach((steps, i) => {
      expect(runByteArray(core, steps), `sequence ${i}`).toEqual(answers.operations.bytearray[i]);
    });
    core.inspect.verify();
  });
});

/** The sequence of sizes that record.py's `record_growth` calls by this name. */
function growth(core: Objects, name: string): [number, number][] {
  const { refs, protocol, list, dict, set, constants } = core;
  const { none } = constants;
  const size = (object: Address): number => protocol.getsizeof(object);
  const span = Array.from({ length: 101 }, (_, n) => n);

  /** Size of what `make` makes; it is dropped again. */
  function measured(make: () => Address): number {
    const made = make();
    const bytes = size(made);
    refs.decref(made);
    return bytes;
  }

  /** What `make` makes from what `build` builds. */
  function from(part: () => Address, make: (part: Address) => Address): () => Address {
    return () => {
      const built = part();
      const made = make(built);
      refs.decref(built);
      return made;
    };
  }

  const nones = (n: number): Address => {
    const made = list.create(n);
    for (let i = 0; i < n; i++) list.initItem(made, i, refs.newRef(none));
    return made;
  };
  const numbers = (n: number): Address =>
    build(core, ["list", Array.from({ length: n }, (_, i) => i)]);
  const table = (n: number, text: boolean): Address => {
    const made = dict.create();
    for (let i = 0; i < n; i++) {
      const key = text ? core.str.from(`k${i}`) : core.int.from(i);
      dict.setItem(made, key, none);
      refs.decref(key);
    }
    return made;
  };
  const members = (n: number, first = 0): Address => {
    const made = set.create();
    for (let i = 0; i < n; i++) {
      const key = core.int.from(first + i);
      set.add(made, key);
      refs.decref(key);
    }
    return made;
  };
  const each = (make: (n: number) => () => Address): [number, number][] =>
    changes(span.map((n) => [n, measured(make(n))] as const));
  const pair = (a: Address, b: Address, make: (a: Address, b: Address) => Address): Address => {
    const made = make(a, b);
    refs.decref(a);
    refs.decref(b);
    return made;
  };
  function* adding(
    made: Address,
    limit: number,
    add: (made: Address, i: number) => void,
  ): Generator<[number, number]> {
    for (let i = 0; i < limit; i++) {
      yield [i, size(made)];
      add(made, i);
    }
    refs.decref(made);
  }

  switch (name) {
    case "list append":
      return changes(adding(list.create(0), 2000, (made) => list.append(made, none)));
    case "list pop": {
      const made = list.create(0);
      for (let i = 0; i < 300; i++) list.append(made, none);
      const sizes: [number, number][] = [];
      for (let n = 300; n >= 0; n--) {
        sizes.push([n, size(made)]);
        if (n > 0) refs.decref(list.pop(made));
      }
      refs.decref(made);
      return changes(sizes);
    }
    case "list of list":
      return each((n) => from(() => nones(n), list.from));
    case "list of tuple":
      return each((n) => from(() => core.tuple.pack(Array(n).fill(none)), list.from));
    case "list of range":
      return each((n) => from(() => core.range.create(0, n, 1), list.from));
    case "list of set":
      return each((n) => from(() => members(n), list.from));
    case "list of dict":
      return each((n) => from(() => table(n, false), list.from));
    case "list of str":
      return each((n) => from(() => core.str.from("x".repeat(n)), list.from));
    case "list of bytes":
      return each((n) => from(() => core.bytes.from(new Uint8Array(n).fill(120)), list.from));
    case "dict int keys":
    case "dict str keys": {
      const text = name === "dict str keys";
      return changes(
        adding(dict.create(), 3000, (made, i) => {
          const key = text ? core.str.from(`k${i}`) : core.int.from(i);
          dict.setItem(made, key, none);
          refs.decref(key);
        }),
      );
    }
    case "dict int copy":
      return each((n) => from(() => table(n, false), dict.copy));
    case "dict str copy":
      return each((n) => from(() => table(n, true), dict.copy));
    case "set add":
      return changes(
        adding(set.create(), 3000, (made, i) => {
          const key = core.int.from(i);
          set.add(made, key);
          refs.decref(key);
        }),
      );
    case "set copy":
      return each((n) => from(() => members(n), set.copy));
    case "set of list":
      return each((n) =>
        from(
          () => numbers(n),
          (part) => set.from(part, false),
        ),
      );
    case "set of set":
      return each((n) =>
        from(
          () => members(n),
          (part) => set.from(part, false),
        ),
      );
    case "set of dict":
      return each((n) =>
        from(
          () => table(n, false),
          (part) => set.from(part, false),
        ),
      );
    case "frozenset of list":
      return each((n) =>
        from(
          () => numbers(n),
          (part) => set.from(part, true),
        ),
      );
    case "frozenset of set":
      return each((n) =>
        from(
          () => members(n),
          (part) => set.from(part, true),
        ),
      );
    case "set union":
      return each((n) => () => pair(members(n), members(n, 1000), set.union));
    case "set intersection":
      return each((n) => () => pair(members(n), members(n), set.intersection));
    case "bytearray append":
      return changes(
        adding(core.bytearray.from(new Uint8Array(0)), 3000, (made) => {
          core.bytearray.append(made, 1);
        }),
      );
    default:
      throw new Error(`record.py asks about "${name}", the test does not`);
  }
}

function runList(core: Objects, steps: readonly Step[]): number[] {
  const { list, refs, constants, protocol } = core;
  const nones = (n: number): Address => {
    const made = list.create(n);
    for (let i = 0; i < n; i++) list.initItem(made, i, refs.newRef(constants.none));
    return made;
  };
  const lent = (n: number, use: (items: Address) => number): void => {
    const items = nones(n);
    expect(use(items)).toBe(0);
    refs.decref(items);
  };
  let items = 0;
  const sizes = steps.map(([name, a = 0, b = 0, c = 0]) => {
    switch (name) {
      case "literal":
        items = nones(a);
        break;
      case "append":
        list.append(items, constants.none);
        break;
      case "extend":
        lent(a, (more) => list.extend(items, more));
        break;
      case "insert":
        list.insert(items, a, constants.none);
        break;
      case "pop":
        refs.decref(list.pop(items, a));
        break;
      case "deleteSlice":
        list.assignSlice(items, a, b, 0);
        break;
      case "assignSlice":
        lent(c, (more) => list.assignSlice(items, a, b, more));
        break;
      case "repeat":
        list.repeatInPlace(items, a);
        break;
      case "deleteEvery":
        list.assignExtendedSlice(items, 0, a, Math.ceil(list.length(items) / a), 0);
        break;
      case "clear":
        list.clear(items);
        break;
      case "copy": {
        const copy = list.copy(items);
        refs.decref(items);
        items = copy;
        break;
      }
      default:
        throw new Error(`no list operation "${name}"`);
    }
    return protocol.getsizeof(items);
  });
  refs.decref(items);
  return sizes;
}

/** A number or text, as record.py writes keys. */
function plain(core: Objects, key: Address): number | string {
  return core.str.check(key) ? core.str.value(key) : Number(core.int.value(key));
}

function keys(core: Objects, table: Address, of: "dict" | "set"): (number | string)[] {
  const found: (number | string)[] = [];
  const cursor = { position: 0, key: 0, value: 0 };
  while (core[of].next(table, cursor)) found.push(plain(core, cursor.key));
  return found;
}

function runDict(core: Objects, steps: readonly Step[]): [number[], (number | string)[]] {
  const { dict, refs, constants, protocol } = core;
  const put = (table: Address, number: number): void => {
    const key = keyOf(core, number);
    expect(dict.setItem(table, key, constants.none)).toBe(0);
    refs.decref(key);
  };
  let table = dict.create();
  const sizes = steps.map(([name, a = 0, b = 0]) => {
    switch (name) {
      case "set":
        put(table, a);
        break;
      case "delete": {
        const key = keyOf(core, a);
        expect(dict.deleteItem(table, key)).toBe(0);
        refs.decref(key);
        break;
      }
      case "popItem":
        refs.decref(dict.popItem(table));
        break;
      case "copy": {
        const copy = dict.copy(table);
        refs.decref(table);
        table = copy;
        break;
      }
      case "clear":
        dict.clear(table);
        break;
      case "update": {
        const other = dict.create();
        for (let k = a; k < a + b; k++) put(other, k);
        dict.update(table, other);
        refs.decref(other);
        break;
      }
      default:
        throw new Error(`no dict operation "${name}"`);
    }
    return protocol.getsizeof(table);
  });
  const order = keys(core, table, "dict");
  refs.decref(table);
  return [sizes, order];
}

function runSet(core: Objects, steps: readonly Step[]): [number[], (number | string)[]] {
  const { set, refs, protocol } = core;
  const withKey = (number: number, use: (key: Address) => number): void => {
    const key = keyOf(core, number);
    expect(use(key)).toBeGreaterThanOrEqual(0);
    refs.decref(key);
  };
  let members = set.create();
  const sizes = steps.map(([name, a = 0, b = 0]) => {
    switch (name) {
      case "add":
        withKey(a, (key) => set.add(members, key));
        break;
      case "discard":
        withKey(a, (key) => set.discard(members, key));
        break;
      case "pop":
        if (set.length(members) > 0) refs.decref(set.pop(members));
        break;
      case "clear":
        set.clear(members);
        break;
      default: {
        const other = set.create();
        for (let k = a; k < a + b; k++) withKey(k, (key) => set.add(other, key));
        if (name === "update") {
          expect(set.update(members, other)).toBe(0);
        } else {
          const before = members;
          members = replaced(core, name, members, other);
          refs.decref(before);
        }
        refs.decref(other);
      }
    }
    return protocol.getsizeof(members);
  });
  const order = keys(core, members, "set");
  refs.decref(members);
  return [sizes, order];
}

function replaced(core: Objects, name: string, members: Address, other: Address): Address {
  switch (name) {
    case "copy":
      return core.set.copy(members);
    case "union":
    case "intersection":
    case "difference":
    case "symmetricDifference":
      return core.set[name](members, other);
    default:
      throw new Error(`no set operation "${name}"`);
  }
}

function runByteArray(core: Objects, steps: readonly Step[]): number[] {
  const { bytearray, refs, protocol } = core;
  let buffer = 0;
  const sizes = steps.map(([name, a = 0, b = 0]) => {
    switch (name) {
      case "from":
        buffer = bytearray.from(new Uint8Array(a));
        break;
      case "append":
        bytearray.append(buffer, 7);
        break;
      case "extend":
        bytearray.extend(buffer, new Uint8Array(a));
        break;
      case "deleteSlice":
        bytearray.deleteSlice(buffer, a, b);
        break;
      default:
        throw new Error(`no bytearray operation "${name}"`);
    }
    return protocol.getsizeof(buffer);
  });
  refs.decref(buffer);
  return sizes;
}
