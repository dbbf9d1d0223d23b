/**
 * Random programs over dicts and sets, whose lengths, sizes and orders real CPython recorded in fixtures/tables.json
 * (fixtures/tables.py wrote them; the lp64 programs of 3.14 and 3.15 are missing: there was no such interpreter).
 */
import type { AbiName } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import recorded from "./fixtures/tables.json" with { type: "json" };
import { testObjects } from "./heap.ts";
import { digest, Random } from "./recorded-programs.ts";

const STEPS = 60;

/** One program on Pyrena; fixtures/tables.py is the same program in Python. */
class Run {
  readonly core: Objects;
  readonly random: Random;
  readonly kinds: number;
  readonly lines: string[] = [];
  table = 0;
  other = 0;

  constructor(core: Objects, program: number) {
    this.core = core;
    this.random = new Random(program);
    this.kinds = program % 4 === 0 ? 1 : program % 4 === 1 ? 2 : 6;
    if (program % 2 === 0) this.dictProgram();
    else this.setProgram();
  }

  /** New reference. */
  key(): number {
    const { str, int, tuple, float, refs } = this.core;
    const n = this.random.below(48);
    switch (this.random.below(this.kinds)) {
      case 0:
        return str.from(`k${n}`);
      case 1:
        return int.from(n - 6);
      case 2:
        return int.from((n - 6) * 2 ** 40);
      case 3: {
        const parts = [int.from(n % 3), str.from(`t${n % 5}`)];
        const pair = tuple.pack(parts);
        for (const part of parts) refs.decref(part);
        return pair;
      }
      case 4:
        return float.from(n / 4);
      default:
        return int.from(n * 8);
    }
  }

  withKey(use: (key: number) => void): void {
    const key = this.key();
    use(key);
    this.core.refs.decref(key);
  }

  set(key: number, n: number): void {
    const value = this.core.int.from(n);
    expect(this.core.dict.setItem(this.table, key, value)).toBe(0);
    this.core.refs.decref(value);
  }

  swap(): void {
    [this.table, this.other] = [this.other, this.table];
  }

  replace(table: number): void {
    expect(table).not.toBe(0);
    this.core.refs.decref(this.table);
    this.table = table;
  }

  show(table: number): void {
    const { core } = this;
    const api = core.dict.check(table) ? core.dict : core.set;
    const cursor = { position: 0, key: 0, value: 0 };
    const keys: string[] = [];
    while (api.next(table, cursor)) {
      const isFloat = core.types.typeOf(cursor.key) === core.float.type;
      keys.push(isFloat ? `${core.float.value(cursor.key) * 4}/4` : core.protocol.repr(cursor.key));
    }
    api.verify(table);
    this.lines.push(`${api.length(table)} ${core.protocol.getsizeof(table)} ${keys.join(",")}`);
  }

  finish(): void {
    this.show(this.other);
    this.core.refs.decref(this.table);
    this.core.refs.decref(this.other);
  }

  dictProgram(): void {
    const { dict, int, refs } = this.core;
    const { random } = this;
    this.table = dict.create();
    this.other = dict.create();
    for (let step = 0; step < STEPS; step++) {
      const op = random.below(20);
      const key = this.key();
      if (op < 8) this.set(key, step);
      else if (op < 10) {
        const value = int.from(step);
        expect(dict.setDefault(this.table, key, value)).not.toBe(0);
        refs.decref(value);
      } else if (op < 13) refs.xdecref(dict.pop(this.table, key));
      else if (op < 14) {
        if (dict.length(this.table) > 0) refs.decref(dict.popItem(this.table));
      } else if (op < 15) {
        const count = random.below(20);
        for (let n = 0; n < count; n++) this.withKey((more) => this.set(more, n));
      } else if (op < 16) expect(dict.update(this.table, this.other)).toBe(0);
      else if (op < 17) {
        refs.decref(this.other);
        this.other = dict.copy(this.table);
      } else if (op < 18) this.swap();
      else if (op < 19) {
        if (random.below(3) === 0) dict.clear(this.table);
      } else {
        const value = int.from(step);
        this.replace(dict.fromKeys(this.other, value));
        refs.decref(value);
      }
      refs.decref(key);
      this.show(this.table);
    }
    this.finish();
  }

  setProgram(): void {
    const { set, dict, refs, constants, list } = this.core;
    const { random } = this;
    this.table = set.create();
    this.other = set.create();
    for (let step = 0; step < STEPS; step++) {
      const op = random.below(24);
      const key = this.key();
      if (op < 7) expect(set.add(this.table, key)).toBe(0);
      else if (op < 10) expect(set.discard(this.table, key)).not.toBe(-1);
      else if (op < 11) {
        if (set.length(this.table) > 0) refs.decref(set.pop(this.table));
      } else if (op < 12) {
        const count = random.below(20);
        for (let n = 0; n < count; n++) this.withKey((more) => set.add(this.table, more));
      } else if (op < 13) {
        const count = random.below(20);
        for (let n = 0; n < count; n++) this.withKey((more) => set.discard(this.table, more));
      } else if (op < 14) expect(set.update(this.table, this.other)).toBe(0);
      else if (op < 15) {
        refs.decref(this.other);
        this.other = set.copy(this.table);
      } else if (op < 16) this.swap();
      else if (op < 17) {
        if (random.below(3) === 0) set.clear(this.table);
      } else if (op < 18) this.replace(set.union(this.table, this.other));
      else if (op < 19) {
        if (random.below(2) === 0) this.replace(set.intersection(this.table, this.other));
      } else if (op < 20) this.replace(set.difference(this.table, this.other));
      else if (op < 21) this.replace(set.symmetricDifference(this.table, this.other));
      else if (op < 22) {
        const update = random.below(2) === 0 ? set.differenceUpdate : set.symmetricDifferenceUpdate;
        expect(update(this.table, this.other)).toBe(0);
      } else if (op < 23) {
        const keys = dict.fromKeys(this.table, constants.none);
        this.replace(set.from(keys, false));
        refs.decref(keys);
      } else {
        const frozen = set.from(this.table, true);
        if (random.below(2) === 0) this.replace(set.from(frozen, false));
        else {
          const items = list.create(0);
          const cursor = { position: 0, key: 0, value: 0 };
          while (set.next(this.table, cursor)) list.append(items, cursor.key);
          this.replace(set.from(items, false));
          refs.decref(items);
        }
        refs.decref(frozen);
      }
      refs.decref(key);
      this.show(this.table);
    }
    this.finish();
  }
}

const rows = Object.entries(recorded).flatMap(([where, digests]) => {
  const [abi, ...versions] = where.split(" ");
  return versions.map((version) => [version, abi as AbiName, digests] as const);
});

describe.each(rows)("tables in %s %s", (version, abi, digests) => {
  it("have the lengths, sizes and orders that CPython recorded", () => {
    const core = testObjects(version, abi);
    const differing = digests.flatMap((expected, program) => {
      const run = new Run(core, program * 7 + (program % 7));
      return digest(run.lines) === expected ? [] : [program];
    });
    // `python tables.py <number>` shows what CPython does in a program.
    expect(differing).toEqual([]);
  });
});
