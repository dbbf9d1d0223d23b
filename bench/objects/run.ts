/** The objects' part of `pnpm bench`: every way to keep objects, side by side. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMachine } from "../src/machine.ts";
import type { Options } from "../src/options.ts";
import { PeerPool } from "../src/peer-pool.ts";
import { joinSets, measureObjects, type ObjectsMeasurement } from "./measure.ts";
import { findObjectsPeers } from "./peers.ts";
import { OBJECTS_RESULT_VERSION, type ObjectsResult } from "./report.ts";
import { objectWorkloads } from "./workloads.ts";

/** Measure. @throws Error if nothing matches the options */
export async function benchObjects(
  options: Options,
  progress: (text: string) => void,
): Promise<ObjectsResult> {
  const started = new Date();
  const scratch = mkdtempSync(join(tmpdir(), "pyrena-bench-"));
  const chosen = (patterns: readonly string[], id: string): boolean =>
    patterns.length === 0 || patterns.some((pattern) => id.includes(pattern));
  using pool = new PeerPool(options.quick);
  try {
    const peers = (await findObjectsPeers(scratch, options.pythons)).filter(({ id }) =>
      chosen(options.peers, id),
    );
    const workloads: {
      id: string;
      measurements: ObjectsResult["workloads"][number]["measurements"];
    }[] = [];
    for (const workload of objectWorkloads.filter(({ id }) => chosen(options.only, id))) {
      const sets = Math.min(options.sets, options.rounds);
      const all: ObjectsMeasurement[][] = [];
      // Fresh processes for each set: what an engine inlines differs from process to process.
      for (let set = 0; set < sets; set++) {
        all.push(
          await measureObjects(workload, peers, {
            rounds: Math.ceil(options.rounds / sets),
            warmUps: options.quick ? 0 : 4,
            scale: options.quick ? 0.01 : 1,
            pool,
            progress,
          }),
        );
      }
      const measurements = joinSets(all);
      workloads.push({ id: workload.id, measurements });
    }
    progress("");
    return {
      version: OBJECTS_RESULT_VERSION,
      suite: "objects",
      startedAt: started.toISOString(),
      seconds: Math.round((Date.now() - started.getTime()) / 1000),
      quick: options.quick,
      machine: await describeMachine(),
      peers: peers.map(({ id, title }) => ({ id, title })),
      workloads,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
