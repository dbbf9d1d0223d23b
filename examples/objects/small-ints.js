/**
 * Small ints exist once; the memory of larger ones is used again at once.
 *
 *     node examples/objects/small-ints.js
 */
import assert from "node:assert/strict";
import { freshPython } from "./heap.js";

for (const version of ["3.13", "3.15"]) {
  const py = freshPython(version);
  for (const value of [-5, 256, 257, 1024, 1025]) {
    py.scope(() => {
      const [a, b] = [py.int(value), py.int(value)];
      console.log(
        `${version}: int ${value}: ${a.is(b) ? "one object" : "two objects"}, ${a.hexId}`,
      );
      assert.equal(a.is(b), value <= (version === "3.15" ? 1024 : 256));
    });
  }
  const gone = py.int(100_000);
  const id = gone.hexId;
  gone.release();
  const next = py.int(200_000);
  console.log(`${version}: 100000 was at ${id}; it is gone, and 200000 is at ${next.hexId}`);
  assert.equal(next.hexId, id);
}
