/** What the second tab starts with. */
export const runtimeProgram = `import { createRuntime } from "pyrena";
import { moment, settings } from "playground";

// A Python heap without Python, with what is chosen below.
const runtime = createRuntime(settings);
const { py, gc, globals } = runtime;

const kept: number[][] = [];
for (let n = 0; n < 20_000; n++) kept.push([n * 1.5, n + 0.25]);
globals.set("kept", kept);
console.log("made", kept.length, "lists of two floats");
// The heap is saved: you can come back to this moment, and go on from it.
moment("all made");

// Two lists that hold each other are garbage once nobody else does.
py.scope(() => {
  const a = py.list([]);
  const b = py.list([a]);
  a.append(b);
});
console.log("collected:", gc.collect());

globals.delete("kept");
console.log("the lists are gone; which arenas went back?");
runtime.verify();
`;
