import { everyFailure } from "@pyrena/conformance";
import { attachObjects } from "@pyrena/objects";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { failingHeap } from "./failing.ts";
import { failingObjects } from "./failing-objects.ts";
import { everyProfile, testObjects } from "./heap.ts";

const encode = (text: string): Uint8Array => Uint8Array.from(text, (each) => each.charCodeAt(0));

describe.each(everyProfile)("bytes in %s %s", (version, abi) => {
  const core = testObjects(version, abi);
  const { bytes, refs, protocol, wide } = core;
  const HEADER = wide ? 33 : 17;

  afterAll(() => core.inspect.verify());

  it("keeps any bytes, in a block of exactly their size and the header's", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (content) => {
        const object = bytes.from(content);
        expect(bytes.value(object)).toEqual(content);
        expect(bytes.length(object)).toBe(content.length);
        expect(protocol.getsizeof(object)).toBe(HEADER + content.length);
        refs.decref(object);
      }),
    );
  });

  it("shares the empty one and those of one byte", () => {
    const held: number[] = [];
    const keep = (object: number): number => {
      held.push(object);
      return object;
    };
    const abc = keep(bytes.from(encode("abc")));
    const a = keep(bytes.from(encode("a")));
    expect(keep(bytes.from(encode("a")))).toBe(a);
    expect(keep(bytes.slice(abc, 0, 1, 1))).toBe(a);
    // A slice with a step is not looked up.
    const stepped = keep(bytes.slice(abc, 0, 3, 1));
    expect(stepped).not.toBe(a);
    expect(bytes.value(stepped)).toEqual(encode("a"));
    expect(keep(bytes.slice(abc, 1, 1, 0))).toBe(bytes.empty);
    expect(keep(bytes.from(new Uint8Array(0)))).toBe(bytes.empty);
    // Nor is nothing, repeated.
    const nothing = keep(bytes.repeat(abc, 0));
    expect(nothing).not.toBe(bytes.empty);
    expect(bytes.length(nothing)).toBe(0);
    for (const same of [
      bytes.slice(abc, 0, 1, 3),
      bytes.repeat(abc, 1),
      bytes.concat(abc, bytes.empty),
      bytes.concat(bytes.empty, abc),
    ])
      expect(keep(same)).toBe(abc);
    core.inspect.verify({ held });
    for (const each of held) refs.decref(each);
  });

  it("slices, joins, repeats, compares as arrays of bytes do", () => {
    const content = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(content, content, fc.nat(5), (s, t, times) => {
        const a = bytes.from(s);
        const b = bytes.from(t);
        const joined = bytes.concat(a, b);
        expect(bytes.value(joined)).toEqual(Uint8Array.of(...s, ...t));
        const repeated = bytes.repeat(a, times);
        expect([...bytes.value(repeated)]).toEqual(
          Array.from({ length: times }, () => [...s]).flat(),
        );
        const reversed = bytes.slice(a, s.length - 1, -1, s.length);
        expect(bytes.value(reversed)).toEqual(s.slice().reverse());
        const order = Buffer.compare(s, t);
        expect(protocol.equal(a, b)).toBe(order === 0 ? 1 : 0);
        expect(protocol.less(a, b)).toBe(order < 0 ? 1 : 0);
        const array = core.bytearray.from(t);
        expect(protocol.equal(a, array)).toBe(order === 0 ? 1 : 0);
        expect(protocol.equal(array, a)).toBe(order === 0 ? 1 : 0);
        expect(protocol.less(a, array)).toBe(order < 0 ? 1 : 0);
        expect(protocol.less(array, a)).toBe(order > 0 ? 1 : 0);
        const held = [a, b, joined, repeated, reversed, array];
        core.inspect.verify({ held, blocks: false });
        for (const each of held) refs.decref(each);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["a'b", `b"a'b"`],
    [`a'"b\\\x7f\xff\n`, `b'a\\'"b\\\\\\x7f\\xff\\n'`],
    ["", "b''"],
  ])("prints %j as %s", (content, shown) => {
    const object = bytes.from(encode(content));
    expect(protocol.repr(object)).toBe(shown);
    refs.decref(object);
  });

  it("lets every operation fail without a leak", () => {
    const heap = failingHeap(version, abi);
    const { bytes: failing } = heap.core;
    const one = (): number[] => [failing.from(encode("some bytes"))];
    const failures = [
      heap.everyFailureOf(one, () => ({ object: failing.from(encode("more")) })),
      heap.everyFailureOf(one, (_, [a]) => ({ object: failing.slice(a, 0, 1, 4) })),
      heap.everyFailureOf(one, (_, [a]) => ({ object: failing.slice(a, 8, -2, 4) })),
      heap.everyFailureOf(one, (_, [a]) => ({ object: failing.concat(a, a) })),
      heap.everyFailureOf(one, (_, [a]) => ({ object: failing.repeat(a, 3) })),
      heap.everyFailureOf(one, (_, [a]) => ({ object: failing.repeat(a, 0) })),
    ];
    expect(failures.every((count) => count === 1)).toBe(true);
  });

  it("is found again in a heap that is opened again", () => {
    const again = attachObjects(core.heap, core.options);
    expect(again.bytes.empty).toBe(bytes.empty);
    const one = bytes.from(encode("\xfe"));
    const other = again.bytes.from(encode("\xfe"));
    expect(other).toBe(one);
    refs.decref(one);
    refs.decref(other);
  });
});

describe.each(everyProfile)("bytearray in %s %s", (version, abi) => {
  const core = testObjects(version, abi);
  const { bytearray, refs, protocol, wide } = core;
  const is315 = version === "3.15";
  const BASE = wide ? (is315 ? 64 : 56) : is315 ? 32 : 28;
  /** What getsizeof adds to the bytes of a buffer. */
  const EXTRA = is315 ? (wide ? 33 : 17) : 0;
  const room = (object: number): number => protocol.getsizeof(object) - BASE;

  afterAll(() => core.inspect.verify());

  /** Lengths at which the room changes, with the room, as `step` goes on. */
  function growth(object: number, step: () => void, steps: number): string {
    const changes: string[] = [];
    let last = room(object);
    for (let n = 0; n < steps; n++) {
      step();
      if (room(object) !== last) {
        last = room(object);
        changes.push(`${bytearray.length(object)}:${last === 0 ? 0 : last - EXTRA}`);
      }
    }
    return changes.join(" ");
  }

  it("grows ahead of need as CPython's", () => {
    const one = bytearray.from(new Uint8Array(0));
    expect(room(one)).toBe(0);
    expect(growth(one, () => bytearray.append(one, 7), 300)).toBe(
      is315
        ? "1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 9:16 17:25 26:35 36:46 47:58 59:72 73:88 89:106 107:126 127:148 149:173 174:201 202:233 234:269 270:309"
        : "1:2 2:5 5:8 8:12 12:19 19:27 27:36 36:46 46:57 57:70 70:84 84:100 100:118 118:138 138:161 161:187 187:216 216:249 249:286 286:327",
    );
    const three = bytearray.from(new Uint8Array(0));
    const abc = encode("abc");
    expect(growth(three, () => bytearray.extend(three, abc), 100)).toBe(
      is315
        ? "3:3 6:6 9:9 12:12 15:15 18:18 21:21 24:24 27:36 39:49 51:63 66:80 81:97 99:117 120:141 144:168 171:198 201:232 234:269 270:309"
        : "3:4 6:7 9:10 12:13 15:16 18:26 27:36 36:46 48:60 60:73 75:90 90:107 108:127 129:151 153:178 180:208 210:242 243:279 279:319",
    );
    refs.decref(one);
    refs.decref(three);
  });

  it("shrinks as CPython's, at either end", () => {
    const popped = bytearray.from(new Uint8Array(300));
    expect(growth(popped, () => bytearray.resize(popped, bytearray.length(popped) - 1), 300)).toBe(
      is315 ? "149:149 73:73 35:35 16:16 7:7 2:2 0:0" : "149:150 74:75 36:37 17:18 8:9 3:4 1:2 0:1",
    );
    // Emptied from the front: nothing of the buffer stays in 3.15, a byte for the NUL before.
    const emptied = bytearray.from(Uint8Array.of(128));
    bytearray.deleteSlice(emptied, 0, 1);
    expect(room(emptied)).toBe(is315 ? 0 : 1);
    refs.decref(emptied);
    const front = bytearray.from(Uint8Array.from({ length: 250 }, (_, n) => n));
    const steps = growth(front, () => bytearray.deleteSlice(front, 0, 1), 200);
    expect(steps).toBe(is315 ? "124:124 61:61" : "124:125 61:62");
    expect(bytearray.value(front)).toEqual(Uint8Array.from({ length: 50 }, (_, n) => 200 + n));
    const middle = bytearray.from(new Uint8Array(100));
    expect(growth(middle, () => bytearray.deleteSlice(middle, 1, 3), 49)).toBe(
      is315 ? "48:48 22:22 10:10 4:4" : "48:49 22:23 10:11 4:5",
    );
    for (const each of [popped, front, middle]) refs.decref(each);
  });

  it("moves its bytes to the front of a larger buffer when room at the end is short", () => {
    const object = bytearray.from(new Uint8Array(100));
    const allocated = (): number => room(object) - EXTRA;
    bytearray.deleteSlice(object, 0, 20);
    expect(allocated()).toBe(is315 ? 100 : 101);
    bytearray.append(object, 1);
    expect(allocated()).toBe(97);
    bytearray.extend(object, new Uint8Array(19));
    expect(allocated()).toBe(118);
    bytearray.extend(object, new Uint8Array(2));
    expect(allocated()).toBe(118);
    expect(bytearray.length(object)).toBe(102);
    refs.decref(object);
  });

  it("holds what an array of bytes holds", () => {
    const content = fc.uint8Array({ maxLength: 30 });
    const step = fc.oneof(
      fc.record({ what: fc.constant("append" as const), byte: fc.nat(255) }),
      fc.record({ what: fc.constant("extend" as const), content }),
      fc.record({ what: fc.constant("delete" as const), start: fc.nat(60), count: fc.nat(40) }),
      fc.record({ what: fc.constant("set" as const), index: fc.nat(60), byte: fc.nat(255) }),
      fc.record({ what: fc.constant("resize" as const), length: fc.nat(80) }),
    );
    fc.assert(
      fc.property(content, fc.array(step, { maxLength: 30 }), (start, steps) => {
        const object = bytearray.from(start);
        let model = [...start];
        for (const each of steps) {
          if (each.what === "append") {
            bytearray.append(object, each.byte);
            model.push(each.byte);
          } else if (each.what === "extend") {
            bytearray.extend(object, each.content);
            model.push(...each.content);
          } else if (each.what === "delete") {
            const first = Math.min(each.start, model.length);
            const stop = Math.min(first + each.count, model.length);
            bytearray.deleteSlice(object, first, stop);
            model.splice(first, stop - first);
          } else if (each.what === "set") {
            if (each.index < model.length) {
              bytearray.setItem(object, each.index, each.byte);
              model[each.index] = each.byte;
              expect(bytearray.getItem(object, each.index)).toBe(each.byte);
            }
          } else {
            const before = model.length;
            bytearray.resize(object, each.length);
            // New bytes are whatever was there: written here, so that they are known.
            model = model.slice(0, each.length);
            for (let n = before; n < each.length; n++) {
              bytearray.setItem(object, n, 9);
              model.push(9);
            }
          }
          expect([...bytearray.value(object)]).toEqual(model);
          core.inspect.verify({ held: [object], blocks: false });
        }
        core.inspect.verify({ held: [object] });
        refs.decref(object);
      }),
      { numRuns: 25 },
    );
  });

  it("prints as CPython's, which escapes more than it needs before 3.15", () => {
    for (const [content, shown] of [
      ["a'b", is315 ? `bytearray(b"a'b")` : `bytearray(b"a\\'b")`],
      [`a'"b`, `bytearray(b'a\\'"b')`],
      ["", "bytearray(b'')"],
    ] as const) {
      const object = bytearray.from(encode(content));
      expect(protocol.repr(object)).toBe(shown);
      refs.decref(object);
    }
  });

  it("cannot be hashed, and refuses what is no byte or index", () => {
    const object = bytearray.from(encode("abc"));
    for (const [kind, run] of [
      ["TypeError", () => protocol.hash(object)],
      ["ValueError", () => bytearray.append(object, 256)],
      ["ValueError", () => bytearray.setItem(object, 0, -1)],
      ["IndexError", () => bytearray.getItem(object, 3)],
      ["IndexError", () => bytearray.setItem(object, -1, 0)],
    ] as const) {
      expect(run()).toBe(-1);
      expect(core.errors.matches(kind)).toBe(true);
      core.errors.clear();
    }
    expect(bytearray.length(object)).toBe(3);
    refs.decref(object);
  });

  it("stays as it is, or loses only what was to go, when there is no room", () => {
    const runs = everyFailure((failure) => {
      const { core: failing, arm } = failingObjects(version, abi, failure);
      const { bytearray: b, errors, refs: r } = failing;
      const object = b.from(Uint8Array.from({ length: 100 }, (_, n) => n));
      let model = [...b.value(object)];
      const held = [object];
      arm(true);
      const steps: [() => number, (model: number[]) => number[]][] = [
        [() => b.append(object, 5), (m) => [...m, 5]],
        [() => b.deleteSlice(object, 0, 10), (m) => m.slice(10)],
        [() => b.deleteSlice(object, 0, 60), (m) => m.slice(60)],
        [() => b.deleteSlice(object, 3, 28), (m) => [...m.slice(0, 3), ...m.slice(28)]],
        [() => b.extend(object, new Uint8Array(200)), (m) => [...m, ...new Uint8Array(200)]],
        [() => b.resize(object, 0), () => []],
      ];
      for (const [run, after] of steps) {
        const wanted = after(model);
        if (run() === 0) model = wanted;
        else {
          expect(errors.matches("MemoryError")).toBe(true);
          errors.clear();
          // A deletion may be done although the smaller buffer was refused.
          if (b.length(object) !== model.length) model = wanted;
        }
        expect([...b.value(object)]).toEqual(model);
      }
      arm(false);
      failing.inspect.verify({ held });
      for (const each of held) r.decref(each);
      failing.inspect.verify();
    });
    expect(runs).toBe(is315 ? 4 : 5);
    const heap = failingHeap(version, abi);
    const make = (): { object: number } => ({
      object: heap.core.bytearray.from(encode("some bytes")),
    });
    expect(heap.everyFailureOf(() => [], make)).toBe(2);
  });
});
