/**
 * A local that goes out of scope: what it held dies when the frame is left, and the regions show where all this was.
 *
 *     node examples/objects/scope.js
 */
import assert from "node:assert/strict";
import { freshPython } from "./heap.js";

for (const version of ["3.13", "3.14"]) {
  const py = freshPython(version);
  /** @type {string[]} */
  const log = [];
  const Noisy = py.class("Noisy", {
    /** @param {import("@pyrena/objects").Handle} self @param {string} name */
    __init__(self, name) {
      self.setAttr("name", name);
    },
    /** @param {import("@pyrena/objects").Handle} self */
    __del__(self) {
      log.push(String(self.attr("name")));
    },
  });
  py.frame("f", ["a", "b"], (f) => {
    py.scope(() => f.set("a", Noisy.new("a")).set("b", Noisy.new("b")));
    for (const { name, base, bytes, used } of py.regions())
      console.log(
        `${name.padEnd(12)} ${base.toString(16).padStart(8)} ${bytes} bytes, ${used} used`,
      );
    log.push("end of f");
  });
  console.log(`Python ${version}: ${log.join(", ")}`);
  assert.deepEqual(log, version === "3.14" ? ["end of f", "b", "a"] : ["end of f", "a", "b"]);
}
