/** Another process goes on where the first one stopped. */
import { readFileSync } from "node:fs";
import { restore } from "pyrena";
import { History } from "./history.ts";

const runtime = restore(readFileSync("history.image"));
const history = new History(runtime);

let undone = 0;
while (history.undo()) undone++;
console.log(`${undone} undone: ${history.paragraphs[0].slice(0, 24)} …`);
history.redo();
history.redo();
console.log(`two redone: ${history.paragraphs[7]}`);

const inUse = () => Math.round(runtime.snapshot().totals.liveBytes / 1024);
const before = inUse();
history.edit(0, "A new branch."); // the versions ahead are forgotten
console.log(`${before - inUse()} KiB came back at once`);
runtime.verify();
