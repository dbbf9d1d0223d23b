/**
 * The process that replays recordings as a whole, as `pyrena replay --verify` does: decompressing, decoding,
 * allocating in all domains, comparing every small address. It answers as `protocol.ts` says; a `run` replays the
 * recording once, whatever the number of units asked for, and says how many events there were.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { openTrace, replay } from "@pyrena/trace";
import { processorMicroseconds } from "./processor-time.ts";

let recording: Uint8Array | undefined;

async function run(): Promise<string> {
  if (recording === undefined) return "failed no recording is loaded";
  const from = processorMicroseconds();
  const result = await replay(await openTrace(recording));
  const to = processorMicroseconds();
  if (result.cutOff) return "failed the recording is cut off";
  return `ran ${1000 * (to - from)} ${result.wrong} ${result.events}`;
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const request = line.split(" ", 1)[0];
  if (request === "quit") break;
  try {
    if (request === "load") {
      recording = readFileSync(line.slice("load ".length));
      console.log("loaded");
    } else if (request === "run") {
      console.log(await run());
    } else {
      console.log("memory");
    }
  } catch (error) {
    console.log(`failed ${(error as Error).message.split("\n")[0]}`);
  }
}
process.exit();
