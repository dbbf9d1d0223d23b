/**
 * A type of your own, from a list of fields: what the fields refer to is counted, shown to a collector and released,
 * and the finalizer runs once before an instance goes.
 *
 *     node examples/objects/own-type.js
 */
import assert from "node:assert/strict";
import { defineType } from "@pyrena/objects";
import { freshPython } from "./heap.js";

const py = freshPython("3.13");
/** @type {number[]} */
const gone = [];
const Edge = defineType(py.core, {
  name: "Edge",
  fields: { start: "object", end: "object", weight: "f64" },
  weakrefs: true,
  finalize: (edge) => void gone.push(Edge.get(edge, "weight")),
});

const a = py.list(["a"]);
const b = py.list(["b"]);
const edge = py.own(Edge.create({ start: a.address, end: b.address, weight: 2.5 }));
console.log(`${edge}: ${edge.sizeof} bytes, weight ${edge.attr("weight")}`);
assert.equal(edge.sizeof, 64); // PyGC_Head, header, three fields, the list of weak references
assert.equal(a.refcount, 2);

const ref = py.weakref(edge);
edge.setAttr("end", edge);
assert.equal(b.refcount, 1);
edge.setAttr("end", null);
edge.release();
console.log(`gone: ${gone.join(", ")}; the weak reference gives ${ref.get()}`);
assert.deepEqual(gone, [2.5]);
assert.equal(ref.get(), null);
assert.equal(a.refcount, 1);
py.verify();
py.dispose();
