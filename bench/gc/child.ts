/** The process of one peer in JavaScript or WebAssembly: `node child.ts <peer>`; speaks `../src/protocol.ts`. */
import { createInterface } from "node:readline";
import type { GcPeer, GcRound } from "./peers/gc-peer.ts";
import { openPeer } from "./peers/index.ts";
import { type GcWorkload, gcWorkloads } from "./workloads.ts";

let workload: GcWorkload | undefined;
let last: GcRound | undefined;

function answer(peer: GcPeer, request: string): string {
  const [kind = "", ...words] = request.split(" ");
  switch (kind) {
    case "load":
      workload = gcWorkloads.find(({ id }) => id === words[0]);
      return workload === undefined ? "failed no such workload" : "loaded";
    case "run":
      last = peer.run(workload!, Number(words[1]));
      return `ran ${last.nanoseconds} 0`;
    case "memory": {
      const figures = Object.entries(last?.figures ?? {});
      return ["memory", ...figures.map(([name, value]) => `${name}=${value}`)].join(" ");
    }
    default:
      return "failed unknown request";
  }
}

const [name = ""] = process.argv.slice(2);
const peer = await openPeer(name).catch((error: Error) => {
  console.log(`unavailable ${error.message.split("\n")[0]}`);
  process.exit(0);
});
console.log("ready");
for await (const request of createInterface({ input: process.stdin })) {
  if (request === "quit") break;
  try {
    console.log(answer(peer, request));
  } catch (error) {
    console.log(`failed ${(error as Error).message.split("\n")[0]}`);
  }
}
process.exit(0);
