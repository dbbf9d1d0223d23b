import { layoutOf } from "@pyrena/abi";
import { everyFailure } from "@pyrena/conformance";
import { attachObjects } from "@pyrena/objects";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { strStruct, strStruct311 } from "../src/types/str-layout.ts";
import { failingHeap } from "./failing.ts";
import { failingObjects } from "./failing-objects.ts";
import { everyProfile, testObjects } from "./heap.ts";

/** Text of every kind, as code points: JavaScript's own lone surrogates included. */
const anyText = fc.oneof(
  fc.string({ unit: "binary-ascii" }),
  fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: "binary" }),
  fc.string({ unit: "binary-ascii", minLength: 90, maxLength: 200 }),
);

/** Code points: what Python counts. */
const points = (text: string): string[] => [...text];

/** Bytes of which some are UTF-8, some nearly. */
const anyBytes = fc
  .array(
    fc.oneof(
      anyText.map((text) => new TextEncoder().encode(text)),
      fc.uint8Array({ maxLength: 3 }),
      fc.constantFrom(0xc3, 0xe0, 0xed, 0xf0, 0xf4).map((first) => Uint8Array.of(first)),
      fc.constantFrom(0x80, 0x90, 0xa0, 0xbf).map((next) => Uint8Array.of(next)),
    ),
    { maxLength: 4 },
  )
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));

/** Where and how far `bytes.decode()` finds what is no character: answers of CPython 3.13. */
const undecodable: readonly (readonly [hex: string, start: number, end: number])[] = [
  ...([
    ["ff", 0, 1],
    ["80", 0, 1],
    ["c3", 0, 1],
    ["41c3", 1, 2],
    ["c328", 0, 1],
  ] as const),
  ...([
    ["e282", 0, 2],
    ["e28241", 0, 2],
    ["e220", 0, 1],
    ["eda080", 0, 1],
  ] as const),
  ...([
    ["e08080", 0, 1],
    ["f09f98", 0, 3],
    ["f09f9841", 0, 3],
    ["f09f41", 0, 2],
  ] as const),
  ...([
    ["f0808080", 0, 1],
    ["f4908080", 0, 1],
    ["f5", 0, 1],
    ["c0af", 0, 1],
  ] as const),
  ...([
    ["e2", 0, 1],
    ["f0", 0, 1],
    ["f09f", 0, 2],
    ["4142ff43", 2, 3],
  ] as const),
  ...([
    ["e28228", 0, 2],
    ["ed41", 0, 1],
    ["f041", 0, 1],
  ] as const),
];

describe.each(everyProfile)("str in %s %s", (version, abi) => {
  const core = testObjects(version, abi);
  const { str, refs, protocol, memory, wide } = core;
  const is311 = version === "3.11";
  const at = layoutOf(is311 ? strStruct311 : strStruct, core.heap.abi).at;
  const HEADER = wide ? (is311 ? [48, 72] : [40, 56]) : is311 ? [24, 36] : [20, 28];
  const state = (object: number): number => memory.u32[(object + at.state) >>> 2] & 0xff;
  /** A str of the text that is shared with nothing. */
  const fresh = (text: string): number => {
    const object = str.from(text);
    expect(refs.refcount(object)).toBe(1);
    return object;
  };

  afterAll(() => core.inspect.verify());

  it("keeps any text, in as few bytes a character as its widest needs", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const object = str.from(text);
        expect(str.value(object)).toBe(text);
        expect(str.length(object)).toBe(points(text).length);
        const widest = Math.max(0, ...points(text).map((each) => each.codePointAt(0) as number));
        const kind = widest < 256 ? 1 : widest < 65536 ? 2 : 4;
        if (points(text).length > 1 || widest > 255) {
          expect(protocol.getsizeof(object)).toBe(
            HEADER[widest < 128 ? 0 : 1] + (points(text).length + 1) * kind,
          );
        }
        refs.decref(object);
      }),
    );
  });

  it("has CPython's sizes, the cached UTF-8 of static characters included", () => {
    const sizes = ["", "a", "abc", "é", "éé", "€", "😀"].map((text) => {
      const object = str.from(text);
      const bytes = protocol.getsizeof(object);
      refs.decref(object);
      return bytes;
    });
    const expected = wide
      ? is311
        ? [49, 50, 52, 74, 75, 76, 80]
        : [41, 42, 44, 61, 59, 60, 64]
      : is311
        ? [25, 26, 28, 38, 39, 40, 44]
        : [21, 22, 24, 33, 31, 32, 36];
    expect(sizes).toEqual(expected);
  });

  it("has CPython's state bits", () => {
    const bits = ["foo_bar3", "€€", "éé", "😀😀"].map((text) => {
      const object = fresh(text);
      const stored = state(object);
      refs.decref(object);
      return stored;
    });
    const ready = is311 ? 0x80 : 0;
    expect(bits).toEqual([0x64 | ready, 0x28 | ready, 0x24 | ready, 0x30 | ready]);
    expect(state(str.empty)).toBe(is311 ? 0xe5 : 0xe7);
    if (!is311) {
      expect(state(str.name("a"))).toBe(0xe7);
      expect(state(str.from("é"))).toBe(version === "3.12" && wide ? 0xa4 : 0xa7);
    }
  });

  const decode = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** Use bytes that lie in linear memory, inside a bytes object: also where no word begins. */
  const lying = (bytes: Uint8Array, shift: number, use: (address: number) => void): void => {
    const holder = core.bytes.create(bytes.length + shift);
    const address = core.bytes.data(holder) + shift;
    memory.u8.set(bytes, address);
    use(address);
    refs.decref(holder);
  };

  it("is made of the UTF-8 of any text, wherever that lies, as it is of the text", () => {
    fc.assert(
      fc.property(anyText, fc.nat(7), (text, shift) => {
        const bytes = new TextEncoder().encode(text);
        lying(bytes, shift, (address) => {
          const object = str.fromUtf8(address, bytes.length);
          const same = str.from(decode.decode(bytes));
          expect(str.value(object)).toBe(str.value(same));
          expect(protocol.getsizeof(object)).toBe(protocol.getsizeof(same));
          expect(state(object)).toBe(state(same));
          refs.decref(object);
          refs.decref(same);
        });
        core.inspect.verify();
      }),
      { numRuns: 50 },
    );
  });

  it("is made of no bytes that are not UTF-8: the exception tells where", () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(7), (bytes, shift) => {
        lying(bytes, shift, (address) => {
          const object = str.fromUtf8(address, bytes.length);
          if (object !== 0) {
            expect(str.value(object)).toBe(decode.decode(bytes));
            refs.decref(object);
            return;
          }
          const exception = core.errors.fetch();
          const args = core.exceptions.args(exception);
          expect(core.bytes.value(core.tuple.getItem(args, 1))).toEqual(bytes);
          const [start, end] = [2, 3].map((n) =>
            Number(core.int.value(core.tuple.getItem(args, n))),
          );
          expect(end).toBeGreaterThan(start);
          decode.decode(bytes.subarray(0, start));
          expect(() => decode.decode(bytes.subarray(0, end))).toThrow();
          refs.decref(exception);
        });
      }),
    );
    core.inspect.verify();
  });

  it("finds the bytes that are no character where CPython finds them", () => {
    for (const [hex, ...place] of undecodable) {
      const bytes = Uint8Array.from(hex.match(/../g) as string[], (two) =>
        Number.parseInt(two, 16),
      );
      lying(bytes, 0, (address) => expect(str.fromUtf8(address, bytes.length)).toBe(0));
      const exception = core.errors.fetch();
      const args = core.exceptions.args(exception);
      expect(core.types.name(core.types.typeOf(exception))).toBe("UnicodeDecodeError");
      expect(str.value(core.tuple.getItem(args, 0))).toBe("utf-8");
      const found = [2, 3].map((n) => core.int.value(core.tuple.getItem(args, n)));
      expect([hex, ...found]).toEqual([hex, ...place]);
      refs.decref(exception);
    }
    core.inspect.verify();
  });

  it("is made of any bytes as Latin-1, as narrow as they allow", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), fc.nat(7), (bytes, ascii, shift) => {
        const given = ascii ? bytes.map((byte) => byte & 127) : bytes;
        lying(given, shift, (address) => {
          const text = String.fromCharCode(...given);
          const object = str.fromLatin1(address, given.length);
          const same = str.from(text);
          expect(str.value(object)).toBe(text);
          expect(protocol.getsizeof(object)).toBe(protocol.getsizeof(same));
          expect(state(object)).toBe(state(same));
          refs.decref(object);
          refs.decref(same);
        });
      }),
    );
    core.inspect.verify();
  });

  it("is the shared one of no byte, and of bytes that are one Latin-1 character", () => {
    lying(Uint8Array.of(0xe9, 0x61, 0xc3, 0xa9), 0, (address) => {
      const pairs = [
        [str.fromUtf8(address, 0), str.from("")],
        [str.fromLatin1(address, 0), str.from("")],
        [str.fromLatin1(address, 1), str.from("é")],
        [str.fromLatin1(address + 1, 1), str.from("a")],
        [str.fromUtf8(address + 1, 1), str.from("a")],
        [str.fromUtf8(address + 2, 2), str.from("é")],
      ];
      for (const [object, same] of pairs) expect(object).toBe(same);
      for (const object of pairs.flat()) refs.decref(object);
    });
  });

  it("shares the empty one and those of one Latin-1 character", () => {
    const held: number[] = [];
    const keep = (object: number): number => {
      held.push(object);
      return object;
    };
    const abc = keep(fresh("abcé€"));
    const b = keep(str.at(abc, 1));
    expect(b).toBe(keep(str.from("b")));
    expect(keep(str.slice(abc, 1, 1, 1))).toBe(b);
    // Not of a slice with a step: `'abc'[1:3:2] is 'b'` is False in 3.11 to 3.15.
    const stepped = keep(str.slice(abc, 1, 2, 1));
    expect(str.value(stepped)).toBe("b");
    expect(stepped).not.toBe(b);
    expect(refs.refcount(stepped)).toBe(1);
    expect(keep(str.slice(abc, 3, 1, 1))).toBe(keep(str.from("é")));
    expect(keep(str.slice(abc, 2, 1, 0))).toBe(str.empty);
    expect(keep(str.repeat(abc, 0))).toBe(str.empty);
    expect(refs.isImmortal(b)).toBe(!is311);
    const euro = keep(str.at(abc, 4));
    expect(keep(str.at(abc, 4))).not.toBe(euro);
    expect(str.value(euro)).toBe("€");
    expect(str.at(abc, 5)).toBe(0);
    expect(core.errors.matches("IndexError")).toBe(true);
    core.errors.clear();
    core.inspect.verify({ held });
    for (const each of held) refs.decref(each);
    // All of these are new references, which 3.11 counts: nothing static dies of being dropped.
    const unused = testObjects(version, abi);
    const before = unused.refs.refcount(unused.str.empty);
    const one = unused.str.from("x");
    const count = unused.refs.refcount(one);
    unused.refs.decref(one);
    expect(unused.refs.refcount(one)).toBe(is311 ? count - 1 : count);
    unused.refs.decref(unused.str.from(""));
    expect(unused.refs.refcount(unused.str.empty)).toBe(before);
  });

  it("gives the object itself where nothing changes", () => {
    const text = fresh("abc");
    for (const same of [
      () => str.slice(text, 0, 1, 3),
      () => str.repeat(text, 1),
      () => str.concat(text, str.empty),
      () => str.concat(str.empty, text),
    ]) {
      expect(same()).toBe(text);
      refs.decref(text);
    }
    expect(refs.refcount(text)).toBe(1);
    const reversed = str.slice(text, 2, -1, 3);
    expect(str.value(reversed)).toBe("cba");
    refs.decref(reversed);
    refs.decref(text);
  });

  it("slices, joins, repeats, compares as lists of code points do", () => {
    fc.assert(
      fc.property(
        anyText,
        anyText,
        fc.nat(300),
        fc.integer({ min: -3, max: 3 }),
        (s, t, n, step) => {
          const a = str.from(s);
          const b = str.from(t);
          const joined = str.concat(a, b);
          // Two halves of a pair that meet are one character in JavaScript, two in Python.
          const meets = /[\ud800-\udbff]$/.test(s) && /^[\udc00-\udfff]/.test(t);
          if (!meets) expect(str.value(joined)).toBe(s + t);
          const times = n % 4;
          const repeated = str.repeat(a, times);
          if (!(/[\ud800-\udbff]$/.test(s) && /^[\udc00-\udfff]/.test(s)))
            expect(str.value(repeated)).toBe(s.repeat(times));
          const chars = points(s);
          const start = chars.length === 0 ? 0 : n % chars.length;
          const direction = step || 1;
          const left = direction > 0 ? chars.length - start : start + 1;
          const count = chars.length === 0 ? 0 : Math.ceil(left / Math.abs(direction));
          const slice = str.slice(a, start, direction, count);
          const wanted = Array.from({ length: count }, (_, i) => chars[start + i * direction]);
          expect(points(str.value(slice)).join("|")).toBe(points(wanted.join("")).join("|"));
          expect(protocol.equal(a, b)).toBe(s === t ? 1 : 0);
          expect(str.same(a, b)).toBe(s === t);
          const order = comparePoints(chars, points(t));
          expect(protocol.less(a, b)).toBe(order < 0 ? 1 : 0);
          core.inspect.verify({ held: [a, b, joined, repeated, slice], blocks: false });
          for (const each of [a, b, joined, repeated, slice]) refs.decref(each);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("appends in place where nobody can notice, else to a copy", () => {
    const other = fresh("xyz");
    // One reference, no hash: the same block while its size class lasts.
    const { alignment } = core.heap.abi;
    const start = "s".repeat(alignment + (alignment - (HEADER[0] % alignment)));
    let text = fresh(start);
    const first = text;
    text = str.append(text, other);
    expect(text).toBe(first);
    expect(str.value(text)).toBe(`${start}xyz`);
    text = str.append(text, other);
    expect(str.value(text)).toBe(`${start}xyzxyz`);
    // A second reference: the old text stays.
    refs.incref(text);
    const longer = str.append(text, other);
    expect(longer).not.toBe(text);
    expect(str.value(text)).toBe(`${start}xyzxyz`);
    expect(refs.refcount(text)).toBe(1);
    refs.decref(longer);
    // A hash: others may know it.
    protocol.hash(text);
    const hashed = str.append(refs.newRef(text), other);
    expect(hashed).not.toBe(text);
    refs.decref(hashed);
    // Wider characters do not fit.
    const euro = fresh("€€");
    const wider = str.append(text, euro);
    expect(str.value(wider)).toBe(`${start}xyzxyz€€`);
    const narrowIntoWide = str.append(wider, other);
    expect(str.value(narrowIntoWide)).toBe(`${start}xyzxyz€€xyz`);
    const nothing = str.append(narrowIntoWide, str.empty);
    expect(nothing).toBe(narrowIntoWide);
    const latin = str.append(fresh("ab"), euro);
    expect(str.value(latin)).toBe("ab€€");
    core.inspect.verify({ held: [other, euro, nothing, latin] });
    for (const each of [other, euro, nothing, latin]) refs.decref(each);
  });

  it("stays the same text when it is appended to often", () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 20 }), (pieces) => {
        let object = str.from("");
        for (const piece of pieces) {
          const more = str.from(piece);
          object = str.append(object, more);
          refs.decref(more);
        }
        const model = pieces.map((piece) => points(piece).length).reduce((a, b) => a + b, 0);
        expect(str.length(object)).toBe(model);
        core.inspect.verify({ held: [object], blocks: false });
        refs.decref(object);
      }),
      { numRuns: 30 },
    );
  });

  it("interns: one object a text, dropped with its last reference", () => {
    const one = str.interned("some words");
    const other = str.interned("some words");
    expect(other).toBe(one);
    expect(str.isInterned(one)).toBe(true);
    const forever = version === "3.12" && wide;
    expect(refs.isImmortal(one)).toBe(forever);
    if (!forever) expect(refs.refcount(one)).toBe(2);
    const copy = fresh("some words");
    expect(str.isInterned(copy)).toBe(false);
    expect(str.intern(copy)).toBe(one);
    core.inspect.verify({ held: [one, one, one] });
    const dict = memory.u32[(core.state + core.at.interned) >>> 2];
    const before = core.dict.length(dict);
    for (let n = 0; n < 3; n++) refs.decref(one);
    expect(core.dict.length(dict)).toBe(forever ? before : before - 1);
    core.inspect.verify();
    const again = str.interned("some words");
    expect(str.value(again)).toBe("some words");
    refs.decref(again);
  });

  it("interns single characters and the empty str as those that there are", () => {
    for (const text of ["q", ""]) {
      const interned = str.interned(text);
      const shared = str.from(text);
      expect(interned).toBe(shared);
      refs.decref(interned);
      refs.decref(shared);
    }
    const euro = str.interned("€");
    expect(str.interned("€")).toBe(euro);
    refs.decref(euro);
    refs.decref(euro);
  });

  it("has names that stay, also ones that a program interned before", () => {
    const name = str.name("__some_name__");
    expect(str.name("__some_name__")).toBe(name);
    expect(refs.isImmortal(name)).toBe(!is311);
    const interned = str.interned("__some_name__");
    expect(interned).toBe(name);
    refs.decref(interned);
    const early = str.interned("__early__");
    expect(str.name("__early__")).toBe(early);
    refs.decref(early);
    expect(str.value(str.name("__early__"))).toBe("__early__");
    expect(refs.isImmortal(early)).toBe(!is311);
    const x = str.from("x");
    expect(str.name("x")).toBe(x);
    refs.decref(x);
    expect(() => str.name("é")).toThrow(/ASCII/);
    core.inspect.verify();
  });

  it("is found again in a heap that is opened again, interned strs too", () => {
    const held = str.interned("held across");
    const name = str.name("__kept__");
    const again = attachObjects(core.heap, core.options);
    expect(again.str.empty).toBe(str.empty);
    expect(again.str.name("__kept__")).toBe(name);
    const found = again.str.interned("held across");
    expect(found).toBe(held);
    for (const text of ["w", "é", ""]) {
      const one = str.from(text);
      const other = again.str.from(text);
      expect(other).toBe(one);
      refs.decref(one);
      refs.decref(other);
    }
    expect(again.protocol.hash(held)).toBe(protocol.hash(held));
    again.refs.decref(found);
    again.refs.decref(held);
    again.inspect.verify();
  });

  it.each([
    ["abc", "'abc'"],
    ["it's", `"it's"`],
    [`it's "so"`, `'it\\'s "so"'`],
    [`"`, `'"'`],
    ["a\\b\n\r\t\0\x7f", "'a\\\\b\\n\\r\\t\\x00\\x7f'"],
    ["é€😀", "'é€😀'"],
    ["\xa0\xad\u200b\u2028\ud800", "'\\xa0\\xad\\u200b\\u2028\\ud800'"],
    ["\u{e0001}\u{10ffff}", "'\\U000e0001\\U0010ffff'"],
    ["", "''"],
  ])("prints %j as %s", (text, shown) => {
    const object = str.from(text);
    expect(protocol.repr(object)).toBe(shown);
    refs.decref(object);
  });

  it("keeps two halves of a surrogate pair apart that only meet", () => {
    const high = str.from("\ud83d");
    const low = str.from("\ude00");
    const both = str.concat(high, low);
    expect(str.length(both)).toBe(2);
    expect(protocol.repr(both)).toBe("'\\ud83d\\ude00'");
    for (const each of [high, low, both]) refs.decref(each);
  });

  it("prints what the version's Unicode does not have yet as escapes", () => {
    // Added by Unicode 15.0, 15.1, 16.0 and 17.0, which 3.12 to 3.15 have.
    const added = ["\u0cf3", "\u2ffc", "\u0897", "\u20c1"];
    const known = ["3.11", "3.12", "3.13", "3.14", "3.15"].indexOf(version);
    for (const [n, character] of added.entries()) {
      // The engine may be older than the interpreter.
      const shows = n < known && /\P{C}/u.test(character);
      const object = str.from(character);
      const code = (character.codePointAt(0) as number).toString(16).padStart(4, "0");
      expect(protocol.repr(object)).toBe(shows ? `'${character}'` : `'\\u${code}'`);
      refs.decref(object);
    }
  });

  it("lets every operation fail without a leak", () => {
    const heap = failingHeap(version, abi);
    const { str: s } = heap.core;
    const texts = (): number[] =>
      ["some text", "h\xe9h\xe9", "€€€", "😀😀"].map((each) => s.from(each));
    const failures = [
      ...["some text", "h\xe9h\xe9", "€€€", "😀😀", "€", "long text ".repeat(10)].map((text) =>
        heap.everyFailureOf(texts, () => ({ object: s.from(text) })),
      ),
      heap.everyFailureOf(texts, (_, [, , wide]) => ({ object: s.at(wide, 0) })),
      heap.everyFailureOf(texts, (_, [a]) => ({ object: s.slice(a, 1, 1, 5) })),
      heap.everyFailureOf(texts, (_, [, , , d]) => ({ object: s.slice(d, 1, -1, 2) })),
      heap.everyFailureOf(texts, (_, [a, , c]) => ({ object: s.concat(a, c) })),
      heap.everyFailureOf(texts, (_, [, b]) => ({ object: s.repeat(b, 3) })),
      // Once to a copy, once in place, where the room within the block is too little.
      heap.everyFailureOf(texts, (_, [a, , c]) => ({
        object: s.append(heap.core.refs.newRef(a), c),
      })),
      heap.everyFailureOf(texts, (_, [a]) => {
        const sum = s.concat(a, a);
        return { object: sum === 0 ? 0 : s.append(sum, a) };
      }),
    ];
    expect(failures.every((count) => count >= 1)).toBe(true);
    expect(failures.at(-1)).toBe(2);
  });

  it("leaves nothing behind where there is no room to make one of bytes", () => {
    const heap = failingHeap(version, abi);
    const { str: s, bytes: b, refs: r, errors, constants } = heap.core;
    const made = ["some text", "h\xe9h\xe9", "€€€", "😀😀", "€"].map((text) => {
      const bytes = new TextEncoder().encode(text);
      const given = (): number[] => [b.from(bytes)];
      const utf8 = heap.everyFailureOf(given, (_, [holder]) => ({
        object: s.fromUtf8(b.data(holder), bytes.length),
      }));
      const latin1 = heap.everyFailureOf(given, (_, [holder]) => ({
        object: s.fromLatin1(b.data(holder), bytes.length),
      }));
      // One byte less is a character cut short.
      const bad = heap.everyFailureOf(given, (_, [holder]) => {
        const object = s.fromUtf8(b.data(holder), bytes.length - 1);
        if (!errors.matches("ValueError")) return { object };
        errors.clear();
        return { object: r.newRef(constants.none) };
      });
      return [utf8, latin1, bad];
    });
    // What is not ASCII is seen in memory that is given back.
    expect(made.map(([utf8, latin1]) => [utf8, latin1])).toEqual([
      [1, 1],
      [2, 1],
      [2, 1],
      [2, 1],
      [2, 1],
    ]);
    for (const [, , bad] of made.slice(1)) expect(bad).toBeGreaterThan(5);
  });

  it("stays as it is where there is no room to intern it", () => {
    everyFailure((failure) => {
      const { core: failing, arm } = failingObjects(version, abi, failure);
      // So many that the dict of interned strs has to grow.
      const texts = Array.from({ length: 400 }, (_, n) => failing.str.from(`text ${n}`));
      arm(true);
      const interned = texts.map((text) => failing.str.intern(text));
      arm(false);
      expect(interned).toEqual(texts);
      expect(failing.errors.occurred()).toBe(0);
      const left = interned.filter((object) => !failing.str.isInterned(object));
      expect(left.length > 0).toBe(failure.happened);
      for (const object of interned) failing.refs.decref(object);
      failing.inspect.verify();
    });
  });
});

function comparePoints(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = (a[i].codePointAt(0) as number) - (b[i].codePointAt(0) as number);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
