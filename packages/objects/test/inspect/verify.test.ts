import type { Address } from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "../heap.ts";

describe.each(everyProfile)("verify in %s %s", (version, abi) => {
  it("passes on a fresh heap", () => {
    const core = testObjects(version, abi);
    core.inspect.verify();
  });

  it("finds a reference that was never released, and passes when the caller says that it holds it", () => {
    const core = testObjects(version, abi);
    const pi = core.float.from(3.25);
    expect(() => core.inspect.verify()).toThrow(/O7: the live block/);
    core.inspect.verify({ held: [pi] });
    expect(() => core.inspect.verify({ held: [pi, pi] })).toThrow(
      /O1: float at 0x[0-9a-f]+ has a count of 1, but 2 references were found/,
    );
    core.refs.decref(pi);
    core.inspect.verify();
  });

  it("knows what each kind of container owns", () => {
    const core = testObjects(version, abi);
    const { list, tuple, dict, set, str, int, float, range, slice, refs, inspect } = core;
    const held: Address[] = [];
    const own = (object: Address): Address => {
      expect(object).not.toBe(0);
      held.push(object);
      inspect.verify({ held });
      return object;
    };
    const texts = ["one", "two", "three"].map((text) => own(str.from(text)));
    const numbers = [1, 70_000, 2 ** 40].map((value) => own(int.from(value)));
    const half = own(float.from(0.5));
    const items = own(list.pack([...texts, ...numbers, half]));
    const fixed = own(tuple.pack([items, ...numbers]));
    const byText = own(dict.create());
    for (const text of texts) dict.setItem(byText, text, fixed);
    inspect.verify({ held });
    const byNumber = own(dict.create());
    for (const number of numbers) dict.setItem(byNumber, number, byText);
    dict.setItem(byNumber, texts[0], half);
    inspect.verify({ held });
    const few = own(set.pack(texts));
    const many = own(set.create());
    for (let n = 0; n < 40; n++) {
      const number = int.from(1000 * n);
      set.add(many, number);
      refs.decref(number);
    }
    inspect.verify({ held });
    own(set.from(few, true));
    own(range.create(70_000, 2 ** 40, 1000));
    own(slice.create(texts[0], 0, numbers[2]));
    own(core.bytes.from(new Uint8Array([1, 2, 3])));
    own(core.bytearray.from(new Uint8Array(1000)));
    list.append(items, items);
    inspect.verify({ held });
    list.clear(items);
    while (held.length > 0) {
      refs.decref(held.pop() as Address);
      inspect.verify({ held });
    }
  });
});
