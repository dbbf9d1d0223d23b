/**
 * The process of one peer in JavaScript or WebAssembly: `node child.ts <opener> [argument]`. It reads requests and
 * runs programs (`protocol.ts`). One peer a process: see `kernels.ts`.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Bench, kernelLoops, OUT_OF_MEMORY } from "./kernels.ts";
import { openers } from "./openers/index.ts";
import type { OpenPeer } from "./openers/open-peer.ts";
import { processorMicroseconds } from "./processor-time.ts";
import { decodeProgram, type Program } from "./program.ts";

class Driver {
  readonly #peer: OpenPeer;
  #program: Program | undefined;
  #bench: Bench | undefined;
  #cursor = 0;
  /** Blocks so far that had lost the word written into them. */
  #bad = 0;

  constructor(peer: OpenPeer) {
    this.#peer = peer;
  }

  load(path: string): string {
    this.#unload();
    const program = decodeProgram(readFileSync(path));
    const { allocator, raw, memory } = this.#peer;
    const bench: Bench = { allocator, raw, memory, slots: new Uint32Array(program.slots) };
    this.#program = program;
    this.#bench = bench;
    this.#cursor = 0;
    this.#peer.begin?.();
    const { prefill } = program;
    for (let n = 0; n < prefill.length; n += 2) {
      const slot = prefill[n]!;
      const block = allocator.malloc(allocator.ctx, prefill[n + 1]!);
      if (block === 0) return "failed out of memory";
      memory.u32[block >>> 2] = slot;
      bench.slots[slot] = block;
    }
    this.#bad = this.#advance(program.ageing, true);
    return this.#bad === OUT_OF_MEMORY ? "failed out of memory" : "loaded";
  }

  run(lead: number, units: number): string {
    const early = this.#advance(lead, true);
    const reads = this.#program?.reads ?? false;
    const from = processorMicroseconds();
    const bad = early === OUT_OF_MEMORY ? early : this.#advance(units, reads);
    const to = processorMicroseconds();
    if (bad === OUT_OF_MEMORY) return "failed out of memory";
    this.#bad += bad + early;
    return `ran ${1000 * (to - from)} ${this.#bad}`;
  }

  memory(): string {
    const values = Object.entries(this.#peer.memoryUse());
    return ["memory", ...values.map(([name, bytes]) => `${name}=${bytes}`)].join(" ");
  }

  /** Runs `units` operations from the cursor on, from the start again when the list is through. */
  #advance(units: number, check: boolean): number {
    const program = this.#program;
    const bench = this.#bench;
    if (program === undefined || bench === undefined) throw new Error("no program is loaded");
    const count = program.operations.length / 2;
    const loop = kernelLoops[program.kernel];
    let left = units;
    let bad = 0;
    while (left > 0) {
      const now = Math.min(left, count - this.#cursor);
      const { operations, sweep } = program;
      const found = loop(bench, operations, this.#cursor, this.#cursor + now, check, sweep);
      if (found === OUT_OF_MEMORY) return OUT_OF_MEMORY;
      bad += found;
      left -= now;
      this.#cursor += now;
      if (this.#cursor === count) this.#cursor = 0;
    }
    return bad;
  }

  /** Frees what the last program left. */
  #unload(): void {
    const program = this.#program;
    const bench = this.#bench;
    if (program === undefined || bench === undefined) return;
    if (program.kernel === "events") {
      // RAW blocks must go back the way they came, and the list's end frees all.
      if (this.#cursor !== 0) this.#advance(program.operations.length / 2 - this.#cursor, false);
    } else if (program.kernel !== "stack") {
      for (const block of bench.slots) bench.allocator.free(bench.allocator.ctx, block);
    }
    this.#program = undefined;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const oneLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split("\n")[0]!;

const [name = "", argument = ""] = process.argv.slice(2);
const open = openers[name];
if (open === undefined) {
  say(`unavailable there is no peer '${name}'`);
  process.exit();
}
let driver: Driver;
try {
  driver = new Driver(await open(argument));
} catch (error) {
  say(`unavailable ${oneLine(error)}`);
  process.exit();
}
say("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [request, first = "", second = ""] = line.split(" ");
  if (request === "quit") break;
  try {
    if (request === "load") say(driver.load(line.slice("load ".length)));
    else if (request === "run") say(driver.run(Number(first), Number(second)));
    else if (request === "memory") say(driver.memory());
    else say("failed unknown request");
  } catch (error) {
    say(`failed ${oneLine(error)}`);
  }
}
process.exit();
