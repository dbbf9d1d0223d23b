/**
 * A cycle with `__del__`. First the callbacks of weak references from outside are called, then the finalizers, and only
 * then are the objects taken apart: a finalizer sees its object whole. It may even save it; but it is called only once.
 *
 *     node examples/gc/finalizers.js
 */
import assert from "node:assert/strict";
import { createRuntime } from "pyrena";

/** @typedef {import("@pyrena/objects").Handle} Handle */

for (const python of ["3.13", "3.14", "3.15"]) {
  const { py, gc } = createRuntime({ python });
  gc.disable();
  gc.collect();
  /** @type {string[]} */
  const log = [];
  const saved = py.list();
  const Node = py.class("Node", {
    /** @param {Handle} self @param {string} name */
    __init__(self, name) {
      self.setAttr("name", name);
    },
    /** @param {Handle} self */
    __del__(self) {
      const weak = self.attrRef("weak");
      log.push(`del ${self.attr("name")}, its weak reference is ${weak.call() ? "alive" : "dead"}`);
      if (self.attr("name") === "y") saved.append(self);
    },
  });
  const watch = py.scope(() => {
    const [x, y] = [Node.new("x"), Node.new("y")];
    x.setAttr("other", y);
    y.setAttr("other", x);
    for (const node of [x, y]) node.setAttr("weak", py.weakref(node));
    return py.weakref(x, () => log.push("x is dead")).keep();
  });

  const found = gc.collect();
  console.log(`Python ${python}: ${log.join("; ")}; collected ${found}`);
  // y has been saved, and all that it leads to with it.
  assert.equal(found, 0);
  const state = python === "3.15" ? "alive" : "dead";
  assert.deepEqual(log, [
    "x is dead",
    `del x, its weak reference is ${state}`,
    `del y, its weak reference is ${state}`,
  ]);

  saved.clear();
  const later = gc.collect();
  console.log(`  without y in the list: collected ${later}, no finalizer was called again`);
  assert.equal(later, 4);
  assert.equal(log.length, 3);
  watch.release();
  py.verify();
}
