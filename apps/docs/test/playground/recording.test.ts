/** What rewinding rests on: images of the memory, tapes of what came from outside, and the way back to a step. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FIELDS, field } from "../../src/playground/frame.ts";
import type { Clock, Moment, MomentAt } from "../../src/playground/protocol.ts";
import { emptyTape, joinTapes } from "../../src/playground/tape-data.ts";
import { Moments } from "../../src/playground/ui/moments.ts";
import { HeapImages } from "../../src/playground/worker/heap-images.ts";
import { Recorder } from "../../src/playground/worker/recorder.ts";
import { Tape } from "../../src/playground/worker/tape.ts";

const PAGE_WORDS = 16_384;
const PAGES = 6;

describe("images of a memory", () => {
  test("bring back what was there, in any order, and share the pages that did not change", () => {
    const write = fc.record({
      at: fc.integer({ min: 0, max: PAGES * PAGE_WORDS - 1 }),
      value: fc.integer({ min: 0, max: 3 }),
    });
    const step = fc.oneof(
      fc.record({ do: fc.constant("write" as const), writes: fc.array(write, { maxLength: 5 }) }),
      fc.record({ do: fc.constant("take" as const) }),
      fc.record({ do: fc.constant("put" as const), which: fc.nat() }),
      fc.record({ do: fc.constant("release" as const), which: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const memory = new Uint32Array(PAGES * PAGE_WORDS);
        const images = new HeapImages(() => memory);
        const taken: { image: ReturnType<HeapImages["take"]>; words: Uint32Array }[] = [];
        for (const one of steps) {
          if (one.do === "write") for (const { at, value } of one.writes) memory[at] = value;
          if (one.do === "take") taken.push({ image: images.take(), words: memory.slice() });
          const chosen = "which" in one ? taken[one.which % taken.length] : undefined;
          if (chosen === undefined) continue;
          if (one.do === "put") {
            images.put(chosen.image);
            expect(memory).toEqual(chosen.words);
          } else if (one.do === "release") {
            images.release(chosen.image);
            taken.splice(taken.indexOf(chosen), 1);
          }
        }
        const pages = new Set(taken.flatMap(({ image }) => image.pages));
        const held = [...pages].filter(({ words }) => words.some((word) => word !== 0));
        expect(images.bytes).toBeGreaterThanOrEqual(held.length * 65_536);
        expect(images.bytes).toBeLessThanOrEqual(pages.size * 65_536);
        for (const { image } of taken) images.release(image);
        expect(images.bytes).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  test("have the same digest where they are equal, and another where one bit differs", () => {
    const memory = Uint32Array.from({ length: 2 * PAGE_WORDS }, (_, n) => n);
    const images = new HeapImages(() => memory);
    const first = images.digest(images.take());
    memory[20_000]! ^= 1;
    const changed = images.take();
    expect(images.digest(changed)).not.toBe(first);
    // What lies in the range that does not count is not looked at.
    expect(images.digest(changed, 65_536, 131_072)).toBe(
      images.digest(images.take(), 70_000, 70_001),
    );
    memory[20_000]! ^= 1;
    expect(images.digest(images.take())).toBe(first);
  });

  test("of a memory that has grown become 0 behind what there was", () => {
    let memory = Uint32Array.from({ length: PAGE_WORDS }, () => 7);
    const images = new HeapImages(() => memory);
    const small = images.take();
    memory = new Uint32Array(2 * PAGE_WORDS).fill(9);
    images.put(small);
    expect([memory[0], memory[PAGE_WORDS - 1], memory[PAGE_WORDS]]).toEqual([7, 7, 0]);
  });
});

describe("the recorder of moments", () => {
  const recorder = (words: () => Uint32Array, forgotten: number[] = []): Recorder =>
    new Recorder(
      {
        words,
        stackSave: () => 0,
        stackRestore: () => {},
        stack: { from: 0, to: 0 },
        isWhole: true,
      },
      (moments, bytesOf) => forgotten.push(...moments, ...bytesOf),
    );

  test("undoes what a look has changed, now and in the past", () => {
    const memory = new Uint32Array(PAGE_WORDS);
    const made = recorder(() => memory);
    memory[5] = 1;
    const { id, kept } = made.record("line", () => {
      memory[5] = 100;
    });
    expect([kept, memory[5]]).toEqual([true, 1]);
    memory[5] = 2;
    expect(made.back(id, true, () => memory[5]++)).toBe(1);
    expect(memory[5]).toBe(2);
    made.aside(() => memory.fill(3));
    expect(memory[5]).toBe(2);
  });

  test("asks no Python in the middle of an allocation", () => {
    const made = recorder(() => new Uint32Array(PAGE_WORDS));
    const { id } = made.record("allocation", undefined);
    expect(made.back(id, true, () => "asked")).toBeUndefined();
    expect(made.back(id, false, () => "walked")).toBe("walked");
  });

  test("lets moments go when there are too many, and says which", () => {
    const memory = new Uint32Array(PAGE_WORDS);
    const forgotten: number[] = [];
    const made = recorder(() => memory, forgotten);
    for (let n = 1; n <= 1_000; n++) {
      memory[0] = n;
      made.record("line", undefined);
    }
    const kept = Array.from({ length: 1_000 }, (_, n) => n + 1).filter(
      (id) => !forgotten.includes(id),
    );
    expect(kept.length).toBeLessThanOrEqual(400);
    expect([kept[0], kept.at(-1)]).toEqual([1, 1_000]);
    for (const id of kept) expect(made.back(id, false, () => memory[0])).toBe(id);
    for (const id of forgotten) expect(made.back(id, false, () => memory[0])).toBeUndefined();
  });
});

describe("a tape", () => {
  test("gives a program the same clocks and random bytes again, and then new ones", () => {
    const program = (): unknown[] => [
      Date.now(),
      performance.now(),
      [...crypto.getRandomValues(new Uint8Array(6))],
      Math.floor(performance.now() * 1e6),
    ];
    const on = <Result>(tape: Tape, call: () => Result): Result => {
      const before = [Date.now, performance.now, crypto.getRandomValues] as const;
      tape.install();
      try {
        return call();
      } finally {
        [Date.now, performance.now, crypto.getRandomValues] = before;
      }
    };
    const recorded = new Tape(1_000);
    const first = on(recorded, () => {
      expect([Date.now(), performance.now()]).toEqual([1_000, 0]);
      recorded.start();
      recorded.inputGiven("a line");
      const seen = program();
      // Whoever looks on leaves nothing on the tape.
      recorded.aside(() => [Date.now(), performance.now()]);
      return seen;
    });
    const kept = joinTapes([recorded.take(), recorded.take()]);
    expect(kept.readings).toHaveLength(3);
    expect(kept.input).toEqual(["a line"]);

    const played = new Tape(1_000);
    const [again, after] = on(played, () => {
      expect([Date.now(), performance.now()]).toEqual([1_000, 0]);
      played.start(kept);
      return [program(), program()] as const;
    });
    expect(again).toEqual(first);
    expect(after[1]).toBeGreaterThanOrEqual(first[1] as number);
    expect(after[2]).not.toEqual(first[2]);
    expect(played.take().readings).toHaveLength(6);
  });
});

describe("the moments of a run", () => {
  const momentOf = (id: number, at: MomentAt, clock: Clock, more: Partial<Moment> = {}): Moment => {
    const header = new Float64Array(FIELDS + 40);
    header[field.sequence] = id;
    return {
      id,
      at,
      clock,
      line: clock.lines,
      frame: header.buffer,
      graph: undefined,
      kept: true,
      digest: id * 11,
      tape: { ...emptyTape(), readings: Float64Array.of(id) },
      taped: true,
      ...more,
    };
  };

  test("are come to again on the way to the chosen one, with all that came in until there", () => {
    const moments = new Moments();
    moments.add(momentOf(1, "start", { lines: 0, allocations: 0 }), []);
    moments.add(momentOf(2, "line", { lines: 3, allocations: 0 }), []);
    moments.add(momentOf(3, "allocation", { lines: 3, allocations: 4 }), []);
    moments.add(momentOf(4, "line", { lines: 9, allocations: 0 }), []);
    moments.add(momentOf(5, "end", { lines: 12, allocations: 0 }), []);

    const known = moments.replayTo({ lines: 3, allocations: 4 }, "allocation")!;
    expect(known.digest).toBe(33);
    expect(known.replay.moments.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect([...known.replay.tape.readings]).toEqual([1, 2, 3]);

    // A step at which nothing was kept: what came in until the next moment may be needed.
    const between = moments.replayTo({ lines: 6, allocations: 0 }, "line")!;
    expect(between.digest).toBeUndefined();
    expect(between.replay.moments.at(-1)).toMatchObject({ at: "line", clock: { lines: 6 } });
    expect([...between.replay.tape.readings]).toEqual([1, 2, 3, 4]);

    // Tapes are needed even of moments that are gone.
    moments.forget([2], [3]);
    expect(moments.byId(3)?.kept).toBe(false);
    const without = moments.replayTo({ lines: 9, allocations: 0 }, "line")!;
    expect(without.replay.moments.map(({ id }) => id)).toEqual([1, 3, 4]);
    expect([...without.replay.tape.readings]).toEqual([1, 2, 3, 4]);
  });

  test("cannot be come to again when not everything is on tape", () => {
    const moments = new Moments();
    moments.add(momentOf(1, "line", { lines: 1, allocations: 0 }, { taped: false }), []);
    expect(moments.replayTo({ lines: 1, allocations: 0 }, "line")).toBeUndefined();
  });
});
