/**
 * Equal strings are two objects, unless they are interned or very short.
 *
 *     node examples/objects/interning.js
 */
import assert from "node:assert/strict";
import { freshPython } from "./heap.js";

const py = freshPython();
py.scope(() => {
  const [a, b] = [py.str("hello world"), py.str("hello world")];
  assert.ok(a.equals(b) && !a.is(b));
  console.log(`'hello world' twice: ${a.hexId} and ${b.hexId}, ${a.sizeof} bytes each`);

  const [c, d] = [py.intern("hello world"), py.intern("hello world")];
  assert.ok(c.is(d));
  console.log(`interned: ${c.hexId}, once`);

  assert.ok(py.str("x").is(py.str("x")));
  console.log("'x' and other one-character strings of Latin-1 exist once");
});
