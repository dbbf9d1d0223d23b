/** Makes a history, and writes the whole heap to a file. */
import { writeFileSync } from "node:fs";
import { createRuntime } from "pyrena";
import { bytesOf, History } from "./history.ts";

const runtime = createRuntime();
const { py, globals } = runtime;
const text = (n) => `This is paragraph ${n} of the document. `.repeat(5);
globals.set("document", py.tuple(Array.from({ length: 200 }, (_, n) => text(n))));

const history = new History(runtime);
for (let n = 0; n < 500; n++) history.edit((7 * n) % 200, `Edit ${n} says this.`);

const { versions } = history;
const copies = versions.reduce((sum, version) => sum + bytesOf(runtime, [version]), 0);
const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;
console.log(
  `${versions.length} versions: ${kib(copies)} as copies, ${kib(bytesOf(runtime, versions))} shared`,
);

writeFileSync("history.image", runtime.save());
