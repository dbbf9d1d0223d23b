import type { CollectorHost, ObjectGraph } from "@pyrena/abi";
import { createGenerational } from "@pyrena/gc";
import fc from "fast-check";
import { createRuntime } from "pyrena";
import { expect, it } from "vitest";
import { answers } from "../../src/live/collector/exercises.ts";
import { CollectorLab, scenes } from "../../src/live/collector/model.ts";
import { collectionSteps } from "../../src/live/collector/passes.ts";

const graph = fc.integer({ min: 1, max: 8 }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    references: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 20 }),
    variables: fc.array(fc.boolean(), { minLength: size, maxLength: size }),
  }),
);

function build({
  size,
  references,
  variables,
}: {
  size: number;
  references: [number, number][];
  variables: boolean[];
}): CollectorLab {
  const lab = new CollectorLab();
  const names = Array.from({ length: size }, () => lab.add()!);
  for (const [from, to] of references) lab.link(names[from]!, names[to]!);
  names.forEach((name, n) => {
    if (!variables[n] && lab.names.includes(name)) lab.setVariable(name, false);
  });
  return lab;
}

it("ends with what the real collector ends with, on any graph, in the same order", () => {
  fc.assert(
    fc.property(graph, fc.array(fc.nat(7), { maxLength: 3 }), (made, more) => {
      const lab = build(made);
      for (let round = 0; round < 2; round++) {
        const end = lab.steps().at(-1)!;
        const { returned, gone, left } = lab.collect();
        expect(returned).toBe(end.unreachable.length);
        expect([...gone].sort()).toEqual([...end.unreachable].sort());
        expect(left).toEqual(end.young);
        lab.runtime.verify();
        // Survivors lie in the oldest generation now, in another order: once more, with fewer variables.
        for (const n of more) {
          const name = lab.names[n];
          if (name !== undefined) lab.setVariable(name, false);
        }
      }
    }),
    { numRuns: 40 },
  );
});

it("has after the second pass the working counts that the real passes leave in memory", () => {
  fc.assert(
    fc.property(graph, (made) => {
      const lab = build(made);
      const candidates = lab.candidates();
      const subtracted = collectionSteps(candidates).findLast(
        ({ pass }) => pass === "subtract" || pass === "update",
      );
      if (subtracted === undefined || candidates.every(({ id }) => subtracted.refs.get(id) === 0))
        return;
      const { runtime } = lab;
      const { graph: real, use } = runtime.objects.gc;
      const words = new Map<string, number>();
      let turns = 0;
      // The same graph, but with a traverse that looks at the heads when the third pass begins.
      const looking = {
        ...real,
        words: { ...real.words, layout: -1 },
        traverse: ((ctx, object, visit) => {
          if (turns++ === candidates.length) {
            for (const { id } of candidates) {
              const prev = lab.address(id) - real.gcHeadBytes / 2;
              words.set(id, runtime.memory.u32[prev >>> 2]! >>> 2);
            }
          }
          real.traverse(ctx, object, visit);
        }) as typeof real.traverse,
      };
      use((_graph: ObjectGraph, host: CollectorHost) => createGenerational(looking, host));
      lab.collect();
      // The pass skips those with count 0 that come before the first reachable one: they have moved by then.
      const first = candidates.findIndex(({ id }) => subtracted.refs.get(id) !== 0);
      for (const { id } of candidates.slice(first)) {
        expect([id, words.get(id)]).toEqual([id, subtracted.refs.get(id)]);
      }
    }),
    { numRuns: 25 },
  );
});

it("removes any object from any graph, and leaves the references among the others", () => {
  fc.assert(
    fc.property(graph, fc.nat(7), (made, which) => {
      const lab = build(made);
      const name = lab.names[which % Math.max(lab.names.length, 1)];
      if (name === undefined) return;
      const before = new Map(lab.names.map((one) => [one, lab.references(one)]));
      const dead = lab.remove(name);
      expect(dead).toContain(name);
      expect(lab.names).toEqual([...before.keys()].filter((one) => !dead.includes(one)));
      for (const one of lab.names) {
        expect(lab.references(one)).toEqual(before.get(one)!.filter((item) => item !== name));
      }
      lab.runtime.verify();
    }),
    { numRuns: 40 },
  );
});

it("has scenes whose end the exercises know", () => {
  expect(answers["subtracted"]!()).toBe(1);
  expect(answers["tentative"]!()).toBe(3);
  expect(answers["returned"]!()).toBe(2);
  expect(scenes.map((scene) => new CollectorLab(scene).collect().returned)).toEqual([2, 0, 2, 1]);
  expect(createRuntime().gc.collect()).toBe(0);
});
