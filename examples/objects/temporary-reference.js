/**
 * sys.getrefcount counts the reference that it holds itself; from 3.14 on a local is lent to it.
 *
 *     node examples/objects/temporary-reference.js
 */
import assert from "node:assert/strict";
import { freshPython } from "./heap.js";

for (const [version, expected] of /** @type {const} */ ([
  ["3.13", 2],
  ["3.14", 1],
])) {
  const py = freshPython(version);
  py.frame("main", ["x"], (f) => {
    f.set("x", []);
    console.log(`Python ${version}: x = []; sys.getrefcount(x) is ${f.getrefcount("x")}`);
    assert.equal(f.getrefcount("x"), expected);
  });
}
