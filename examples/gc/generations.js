/**
 * Generations and thresholds: most objects die young. Every so many allocations the young ones are looked at; what
 * survives is looked at less often. In 3.14 there is one kind of collection that runs by itself: a step of a long one.
 *
 *     node examples/gc/generations.js
 */
import assert from "node:assert/strict";
import { createRuntime } from "pyrena";

for (const python of ["3.13", "3.14"]) {
  const { py, gc } = createRuntime({ python });
  gc.disable();
  gc.collect();
  gc.freeze(); // so that only what is made here is counted
  gc.collect();
  const keep = py.list();
  /** @type {number[]} */
  const generations = [];
  gc.onCollection((phase, info) => {
    if (phase === "start") generations.push(Number(info.get("generation")));
  });
  gc.setThreshold(9, 2, 2);
  gc.enable();
  for (let i = 0; i < 150; i++) keep.append([]);
  gc.disable();

  console.log(`Python ${python}: collected the generations ${generations.join(" ")}`);
  const first = python === "3.14" ? "1 1 1 1 1 1 1 1 1 1 1 1 1" : "0 0 0 1 0 0 0 1 0 0 0 1 2";
  assert.equal(generations.slice(0, 13).join(" "), first);
  const sizes = [0, 1, 2].map((generation) => gc.getObjects(generation).length);
  console.log(
    `  objects in each: ${sizes.join(", ")}; collections: ${gc
      .getStats()
      .map(({ collections }) => collections)
      .join(", ")}`,
  );
  assert.ok(sizes.reduce((sum, size) => sum + size) >= 150);
  py.verify();
}
