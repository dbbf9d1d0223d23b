/**
 * Two lists that hold each other. When their names are gone nothing leads to them, but each is counted by the other:
 * only the cycle collector finds out. It takes one away for each reference that comes from within, and what is left
 * are the references from outside.
 *
 *     a = []; b = [a]; a.append(b); del a; del b
 *
 *     node examples/gc/two-lists.js
 */
import assert from "node:assert/strict";
import { createRuntime } from "pyrena";

const { py, gc } = createRuntime({ python: "3.13" });
gc.disable(); // so that it collects when it is told to
py.frame("lists", ["a", "b"], (f) => {
  py.scope(() => {
    f.set("a", []);
    f.set("b", [f.local("a")]);
    const a = /** @type {import("@pyrena/objects").ListHandle} */ (f.ref("a"));
    a.append(f.local("b"));
    console.log(`a is ${a}, b is ${f.ref("b")}`);
  });
  // One more than there are: the argument of getrefcount.
  console.log(`references: ${f.getrefcount("a")} to a, ${f.getrefcount("b")} to b`);
  assert.equal(f.getrefcount("a"), 3);

  f.delete("a");
  console.log(`del a: collected ${gc.collect()}, for b still leads to it`);
  f.delete("b");
  const found = gc.collect();
  console.log(`del b: collected ${found}`);
  assert.equal(found, 2);
});
py.verify();
