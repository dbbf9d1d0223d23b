/**
 * Random programs over instances of one class and their dicts, whose lengths, sizes, orders and values real CPython
 * recorded in fixtures/instance-tables.json (fixtures/instance-tables.py wrote them; the lp64 programs of 3.14 and 3.15
 * are missing: there was no such interpreter).
 */
import type { AbiName, Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import recorded from "./fixtures/instance-tables.json" with { type: "json" };
import { testObjects } from "./heap.ts";
import { digest, Random } from "./recorded-programs.ts";

const STEPS = 50;

/** One program on Pyrena; fixtures/instance-tables.py is the same program in Python. */
class Run {
  readonly core: Objects;
  readonly random: Random;
  readonly lines: string[] = [];
  readonly names: number;
  readonly cls: Address;
  readonly objects: Address[];
  readonly kept: Address[] = [];

  constructor(core: Objects, program: number) {
    this.core = core;
    this.random = new Random(program * 7 + (program % 7));
    this.names = program % 5 === 0 ? 40 : 6;
    this.cls = core.classes.create({ name: "C" });
    this.objects = [0, 1, 2].map(() => core.classes.instantiate(this.cls));
    for (let step = 0; step < STEPS; step++) this.step(step);
    for (const object of this.objects) this.lines.push(this.withDict(object, (d) => this.show(d)));
    for (const dict of this.kept) this.lines.push(this.show(dict));
    for (const object of [...this.objects, ...this.kept]) core.refs.decref(object);
    core.refs.decref(this.cls);
    // Looking at the whole heap takes long.
    if (program % 50 === 0) core.inspect.verify();
  }

  withDict<Result>(object: Address, use: (dict: Address) => Result): Result {
    const dict = this.core.classes.dict(object);
    expect(dict).not.toBe(0);
    const result = use(dict);
    this.core.refs.decref(dict);
    return result;
  }

  show(dict: Address): string {
    const { core } = this;
    core.dict.verify(dict);
    const cursor = { position: 0, key: 0, value: 0 };
    const items: string[] = [];
    while (core.dict.next(dict, cursor)) {
      items.push(`${core.str.value(cursor.key)}=${core.int.value(cursor.value)}`);
    }
    return `${core.dict.length(dict)} ${core.protocol.getsizeof(dict)} ${items.join(",")}`;
  }

  set(dict: Address, name: string, value: number): void {
    const { core } = this;
    const key = core.str.interned(name);
    const object = core.int.from(value);
    expect(core.dict.setItem(dict, key, object)).toBe(0);
    core.refs.decref(object);
    core.refs.decref(key);
  }

  /** A new reference's value as Python shows it, None for NULL. */
  taken(value: Address): string {
    if (value === 0) {
      this.core.errors.clear();
      return "None";
    }
    const text = this.core.protocol.repr(value);
    this.core.refs.decref(value);
    return text;
  }

  pop(dict: Address, name: string): string {
    const key = this.core.str.interned(name);
    const text = this.taken(this.core.dict.pop(dict, key));
    this.core.refs.decref(key);
    return text;
  }

  step(step: number): void {
    const { core, random, objects, kept } = this;
    const { classes, dict, refs, protocol } = core;
    const op = random.below(20);
    const which = random.below(3);
    const name = `n${random.below(this.names)}`;
    const x = objects[which] as Address;
    let line = "";
    if (op < 7) {
      const value = core.int.from(step);
      expect(protocol.setAttribute(x, name, value)).toBe(0);
      refs.decref(value);
    } else if (op < 9) {
      if (protocol.deleteAttribute(x, name) < 0) {
        expect(core.errors.matches("AttributeError")).toBe(true);
        core.errors.clear();
        line = "no";
      }
    } else if (op < 10) line = this.taken(protocol.getAttribute(x, name));
    else if (op < 11) line = this.withDict(x, (d) => this.show(d));
    else if (op < 12) this.withDict(x, (d) => this.set(d, name, step));
    else if (op < 13) line = this.withDict(x, (d) => this.pop(d, name));
    else if (op < 14) line = this.withDict(x, (d) => this.popItem(d));
    else if (op < 15) {
      if (random.below(4) === 0) this.withDict(x, dict.clear);
    } else if (op < 16) {
      const other = objects[random.below(3)] as Address;
      this.withDict(x, (d) => this.withDict(other, (more) => expect(dict.update(d, more)).toBe(0)));
    } else if (op < 17) {
      const copy = this.withDict(x, dict.copy);
      line = this.show(copy);
      this.set(copy, name, step);
      line += `; ${this.show(copy)}`;
      refs.decref(copy);
    } else if (op < 18) {
      if (random.below(3) === 0) {
        const copy = dict.create();
        this.withDict(x, (d) => dict.update(copy, d));
        expect(classes.setDict(x, copy)).toBe(0);
        refs.decref(copy);
      }
    } else if (op < 19) {
      const its = classes.dict(x);
      kept.push(its);
      // Python's `x = None` and `objects[which] = C()`: the new one is made before the list drops the old.
      objects[which] = classes.instantiate(this.cls);
      refs.decref(x);
      line = this.show(its);
    } else if (kept.length > 0) {
      const d = kept[random.below(kept.length)] as Address;
      this.set(d, name, step);
      if (random.below(2) === 0) this.pop(d, `n${random.below(this.names)}`);
      line = this.show(d);
    }
    this.lines.push(`${op} ${line}`);
  }

  popItem(dict: Address): string {
    const { core } = this;
    if (core.dict.length(dict) === 0) return "";
    const pair = core.dict.popItem(dict);
    const [key, value] = [0, 1].map((n) => core.tuple.getItem(pair, n)) as [Address, Address];
    const text = `${core.str.value(key)}=${core.int.value(value)}`;
    core.refs.decref(pair);
    return text;
  }
}

const rows = Object.entries(recorded).flatMap(([where, digests]) => {
  const [abi, ...versions] = where.split(" ");
  return versions.map((version) => [version, abi as AbiName, digests] as const);
});

describe.each(rows)("instances and their dicts in %s %s", (version, abi, digests) => {
  it("have the lengths, sizes, orders and values that CPython recorded", () => {
    const core = testObjects(version, abi);
    const differing = digests.flatMap((expected, program) =>
      digest(new Run(core, program).lines) === expected ? [] : [program],
    );
    // `python instance-tables.py <number>` shows what CPython does in a program.
    expect(differing).toEqual([]);
  });
});
