/** Code of the reader's that never ends, fails, or says nothing. */
import { expect, it } from "vitest";
import { type Reply, runJob } from "../../src/live/build-code/job.ts";
import { defaultFunction } from "../../src/live/build-code/module.ts";

/** A worker that answers as it is told. */
function worker(answers: readonly Reply<string>[]): Worker & { ended: boolean } {
  const made = {
    ended: false,
    onmessage: null as ((event: { data: Reply<string> }) => void) | null,
    onerror: null,
    postMessage: () =>
      queueMicrotask(() => {
        for (const data of answers) made.onmessage?.({ data });
      }),
    terminate: () => {
      made.ended = true;
    },
  };
  return made as unknown as Worker & { ended: boolean };
}

it("ends a worker that does not answer in time, and says so", async () => {
  const silent = worker([]);
  await expect(runJob(silent, {}, undefined, 0.05)).rejects.toThrow(
    "Stopped after 0.05 seconds. Is there a loop that never ends?",
  );
  expect(silent.ended).toBe(true);
});

it("passes on checks, then the result, and ends the worker", async () => {
  const check = { id: "A1", name: "A1 holds", passed: true, seen: "" };
  const good = worker([
    { type: "check", check },
    { type: "done", result: "done" },
  ]);
  const told: string[] = [];
  expect(await runJob(good, {}, ({ id }) => told.push(id))).toBe("done");
  expect([told, good.ended]).toEqual([["A1"], true]);
  await expect(runJob(worker([{ type: "failed", message: "no" }]), {})).rejects.toThrow("no");
});

it("says what is missing where a module does not export what is needed", () => {
  const kind = "a collector is made by a function";
  expect(() => defaultFunction("", kind)).toThrow(/default export, which is absent/);
  expect(() => defaultFunction("exports.default = 5", kind)).toThrow(/which is of type number/);
  expect(() => defaultFunction('require("fs")', kind)).toThrow(/imports fs, but finds here only/);
  expect(defaultFunction<() => number>("exports.default = () => 7", kind)()).toBe(7);
});
