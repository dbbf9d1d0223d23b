/**
 * A list, a second name for it, a rebinding: what the reference count does.
 *
 *     node examples/objects/alias.js
 */
import assert from "node:assert/strict";
import { freshPython } from "./heap.js";

const py = freshPython("3.13");

py.frame("main", ["a", "b"], (f) => {
  f.set("a", [1, 2, 3]); //      a = [1, 2, 3]
  show("a = [1, 2, 3]", 2); //   the name, and getrefcount's own argument

  f.set("b", f.local("a")); //   b = a: no copy, another name
  show("b = a", 3);

  py.scope(() => {
    const b = /** @type {import("@pyrena/objects").ListHandle} */ (f.ref("b"));
    b.append(4); //              b.append(4): seen through both names
    assert.ok(b.is(f.ref("a")));
    assert.deepEqual(f.ref("a").toJS(), [1, 2, 3, 4]);
  });

  f.set("b", []); //             b = []: the list has one name again
  show("b = []", 2);

  /** @param {string} line @param {number} expected */
  function show(line, expected) {
    const count = f.getrefcount("a");
    console.log(`${line.padEnd(16)} sys.getrefcount(a) = ${count}`);
    assert.equal(count, expected);
  }
});
assert.deepEqual(py.leaks(), []);
