/**
 * Runs a Lisp program, or the lines of stdin; keeps everything in an image, if it is given one.
 *
 *     node main.js program.lisp [--image FILE] [--steps N]
 *
 * With `--image` it goes on from the heap in that file, if there is one, and leaves it there in the end; with `--steps`
 * it stops after so many, wherever that is.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createRuntime, restore } from "pyrena";
import { Lisp, types } from "./lisp.js";
import { LispError } from "./text.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { image: { type: "string" }, steps: { type: "string" } },
});
const { image } = values;
const found = image !== undefined && existsSync(image);
const runtime = found
  ? restore(readFileSync(image), { types })
  : createRuntime({ memory: { maxBytes: 2 ** 26 }, types });
const lisp = new Lisp(runtime, console.log);

// An image may have been left in the middle of something.
const texts = positionals.map((file) => readFileSync(file, "utf8"));
if (texts.length === 0 && !found) texts.push(readFileSync(0, "utf8"));
try {
  for (const text of texts) lisp.load(text);
} catch (error) {
  if (!(error instanceof LispError)) throw error;
  console.log(`syntax error: ${error.message}`);
  process.exitCode = 1;
}
if (!lisp.run(values.steps === undefined ? undefined : Number(values.steps))) {
  console.log(`stopped with ${lisp.get("depth")} steps pending`);
}
runtime.verify();
if (image !== undefined) writeFileSync(image, runtime.save());
runtime.dispose();
