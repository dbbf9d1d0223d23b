/**
 * Objects that the collector does not see: atoms, tuples and dicts that hold nothing but atoms, and what has been frozen.
 * They are left out since they cannot be part of a cycle, or since a program said so.
 *
 *     node examples/gc/unseen.js
 */
import assert from "node:assert/strict";
import { createRuntime } from "pyrena";

for (const python of ["3.13", "3.14"]) {
  const { py, gc } = createRuntime({ python });
  gc.disable();
  const things = {
    1: py.int(1),
    '"text"': py.str("text"),
    "[]": py.list(),
    '(1, "a")': py.tuple([1, "a"]),
    '{"a": 1}': py.dict({ a: 1 }),
    '{"a": []}': py.dict({ a: [] }),
  };
  const seen = () =>
    Object.entries(things).flatMap(([name, object]) => (gc.isTracked(object) ? [name] : []));
  const before = seen().join("  ");
  gc.collect();
  const after = seen().join("  ");
  console.log(`Python ${python} tracks  ${before}`);
  console.log(`after a collection  ${after}`);
  const expected =
    python === "3.13"
      ? ['[]  (1, "a")  {"a": []}', '[]  {"a": []}']
      : ['[]  {"a": 1}  {"a": []}', '[]  {"a": 1}  {"a": []}'];
  assert.deepEqual([before, after], expected);

  py.scope(() => {
    const a = py.list();
    a.append(a);
  });
  gc.freeze();
  const frozen = gc.collect();
  gc.unfreeze();
  const thawed = gc.collect();
  console.log(`a list in itself: ${frozen} collected while it is frozen, ${thawed} afterwards`);
  assert.deepEqual([frozen, thawed], [0, 1]);
  py.verify();
}
