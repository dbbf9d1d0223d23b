/** The process of one peer in JavaScript or WebAssembly: `node child.ts <peer>`; speaks `../src/protocol.ts`. */
import { createInterface } from "node:readline";
import { processorMicroseconds } from "../src/processor-time.ts";
import { openPeer } from "./peers/index.ts";
import type { ObjectPeer } from "./peers/object-peer.ts";
import { MEMORY_COUNT, memoryWorkloads, NO_SUCH_OBJECTS } from "./workloads.ts";

function answer(peer: ObjectPeer, id: string, request: string): { id: string; line: string } {
  const [kind = "", ...words] = request.split(" ");
  switch (kind) {
    case "load": {
      const wanted = words[0] ?? "";
      const known = wanted in peer.workloads;
      return { id: wanted, line: known ? "loaded" : `failed ${NO_SUCH_OBJECTS}` };
    }
    case "run": {
      const [lead = 0, units = 0] = words.map(Number);
      const run = peer.workloads[id]!;
      if (lead > 0) run(lead);
      const from = processorMicroseconds();
      const done = run(units) ?? units;
      const nanoseconds = (processorMicroseconds() - from) * 1000;
      peer.check?.();
      return { id, line: `ran ${nanoseconds} 0 ${done}` };
    }
    case "memory": {
      const bytes = memoryWorkloads.includes(id) ? peer.bytes?.(id, MEMORY_COUNT) : undefined;
      return { id, line: bytes === undefined ? "memory" : `memory object=${bytes.toFixed(1)}` };
    }
    default:
      return { id, line: "failed unknown request" };
  }
}

const [name = ""] = process.argv.slice(2);
const peer = await openPeer(name).catch((error: Error) => {
  console.log(`unavailable ${error.message.split("\n")[0]}`);
  process.exit(0);
});
console.log("ready");
let current = "";
for await (const request of createInterface({ input: process.stdin })) {
  if (request === "quit") break;
  try {
    const { id, line } = answer(peer, current, request);
    current = id;
    console.log(line);
  } catch (error) {
    console.log(`failed ${(error as Error).message.split("\n")[0]}`);
  }
}
process.exit(0);
