/**
 * A shallow copy shares what is inside; a deep copy has all of its own, cycles included.
 *
 *     node examples/objects/copies.js
 */
import assert from "node:assert/strict";
import { freshPython } from "./heap.js";

const py = freshPython();
py.scope(() => {
  const inner = py.list([1, 2]);
  const a = py.list([inner, 3]);
  const shallow = py.copy(a);
  const deep = py.deepcopy(a);
  inner.append(99);
  console.log(`original ${a}, shallow copy ${shallow}, deep copy ${deep}`);
  assert.deepEqual(shallow.toJS(), [[1, 2, 99], 3]);
  assert.deepEqual(deep.toJS(), [[1, 2], 3]);

  a.append(a);
  const loop = py.deepcopy(a);
  assert.ok(loop.ref(2).is(loop));
  console.log(`a deep copy of a cycle is a cycle: ${loop}`);
});
console.log(
  `left alive: ${py
    .leaks()
    .map(({ repr, heldBy }) => `${repr} (${heldBy.at(-1)})`)
    .join(", ")}`,
);
py.verify();
