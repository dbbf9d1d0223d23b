/**
 * An instance keeps its attributes inline (3.13); its dict is made when somebody asks for it, and is a view of them.
 *
 *     node examples/objects/instance-dict.js
 */
import assert from "node:assert/strict";
import { freshPython } from "./heap.js";

const py = freshPython("3.13");
const Point = py.class("Point", {
  /** @param {import("@pyrena/objects").Handle} self @param {number} x @param {number} y */
  __init__(self, x, y) {
    self.setAttr("x", x);
    self.setAttr("y", y);
  },
});
const p = Point.new(1, 2);
console.log(`Point(1, 2): ${p.sizeof} bytes`);
assert.equal(p.sizeof, 48);

const d = /** @type {import("@pyrena/objects").DictHandle} */ (p.attr("__dict__"));
d.set("x", 10);
console.log(`p.__dict__ is ${d}, ${d.sizeof} bytes; p.x is ${p.attr("x")}`);
assert.equal(p.attr("x"), 10);

p.release();
console.log(`p is gone, its dict lives on: ${d}`);
assert.deepEqual([...d.values()], [10, 2]);
py.verify();
