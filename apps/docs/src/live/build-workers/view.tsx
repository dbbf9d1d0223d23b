/** Several workers on one heap, where the page may share memory. */
import { Heap, LinearMemory, profileFor } from "@pyrena/abi";
import { createRawAllocator } from "@pyrena/raw";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { runJob } from "../build-code/job.ts";
import { Action, LivePart, NumberField } from "../shared/LivePart.tsx";
import type { ShareJob, ShareReport } from "./work.ts";

const MAX_BYTES = 2 ** 26;

export function WorkersPart(): JSX.Element {
  const [count, setCount] = useState(4);
  const [reports, setReports] = useState<readonly ShareReport[]>([]);
  const [said, say] = useState({ status: "", failed: false });
  const [busy, setBusy] = useState(false);
  const [mayShare, setMayShare] = useState(true);
  useEffect(() => setMayShare(globalThis.crossOriginIsolated), []);

  async function run(): Promise<void> {
    setBusy(true);
    setReports([]);
    say({ status: "Running …", failed: false });
    try {
      const memory = LinearMemory.create({
        backing: "wasm-shared",
        bytes: 2 ** 20,
        maxBytes: MAX_BYTES,
      });
      const raw = createRawAllocator(Heap.create(memory, profileFor("3.13", "lp64")));
      const before = raw.stats.declarations.map((_, n) => raw.stats.read(n));
      const jobs = Array.from(
        { length: count },
        (_, n): ShareJob => ({
          name: n + 1,
          memory: memory.transferable as ShareJob["memory"],
          maxBytes: MAX_BYTES,
          pairs: 20_000,
        }),
      );
      const done = await Promise.all(
        jobs.map((job) =>
          runJob<ShareReport>(
            new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
            job,
          ),
        ),
      );
      memory.refresh();
      raw.walker.verify();
      setReports(done);
      const live = raw.stats.declarations.findIndex(({ name }) => name === "liveBlocks");
      const left = live < 0 ? "" : ` ${raw.stats.read(live) - before[live]!} blocks are left.`;
      say({ status: `Done; every invariant of the heap holds.${left}`, failed: false });
    } catch (thrown) {
      say({ status: thrown instanceof Error ? thrown.message : String(thrown), failed: true });
    } finally {
      setBusy(false);
    }
  }

  return (
    <LivePart title="One heap, several workers" {...said}>
      {mayShare ? (
        <div class="live-row">
          <NumberField label="workers" value={count} min={1} max={8} onChange={setCount} />
          <Action disabled={busy} onClick={() => void run()}>
            Run
          </Action>
        </div>
      ) : (
        <p>
          This page was served without the two headers that shared memory needs, so it cannot be
          tried here. <code>npm run docs</code> serves it with them.
        </p>
      )}
      {reports.length > 0 && (
        <section class="scroll" aria-label="Results">
          <table>
            <thead>
              <tr>
                <th>worker</th>
                <th>calls</th>
                <th>bytes damaged</th>
                <th>milliseconds</th>
              </tr>
            </thead>
            <tbody>
              {reports.map(({ name, calls, damaged, milliseconds }) => (
                <tr key={name}>
                  <td>{name}</td>
                  <td>{calls.toLocaleString("en")}</td>
                  <td data-figure={`damaged ${name}`}>{damaged}</td>
                  <td>{Math.round(milliseconds)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </LivePart>
  );
}
