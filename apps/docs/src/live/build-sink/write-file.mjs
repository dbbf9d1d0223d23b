/**
 * Events and snapshots in a file, one JSON object a line.
 *
 *     node write-file.mjs arenas.jsonl
 */

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createRingSink, eventName, takeSnapshot } from "@pyrena/stats";
import { createRuntime } from "pyrena";

const file = createWriteStream(process.argv[2] ?? "arenas.jsonl");
const write = (record) => file.write(`${JSON.stringify(record)}\n`);

const runtime = createRuntime();
const { py, pymalloc, raw, heap } = runtime;

// The sink is called in the middle of an allocation. It writes four words into a ring, no more.
const sink = createRingSink(heap, raw, 1024);
pymalloc.sink = sink;

// Between operations there is time: take the events out, and look at the heap.
function flush(label) {
  sink.drain((kind, base, bytes) => write({ event: eventName(kind), base, bytes }));
  const { totals } = takeSnapshot(pymalloc.walker);
  write({ label, arenas: totals.regions, live: totals.liveBytes, held: totals.regionBytes });
}

const strs = Array.from({ length: 60_000 }, (_, n) => py.str(`number ${n}`));
flush("made");
for (const [n, str] of strs.entries()) if (n % 2000 !== 0) str.release();
flush("most gone");
for (const [n, str] of strs.entries()) if (n % 2000 === 0) str.release();
flush("all gone");

file.end();
await once(file, "finish");
console.log(`${file.bytesWritten} bytes, ${sink.dropped} events dropped`);
