import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { acquire, release } from "../src/lock.ts";

function lockWords(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(64));
}

function start(
  words: Int32Array<SharedArrayBuffer>,
  owner: number,
  rounds: number,
  threads: number,
  spins: boolean,
) {
  const worker = new Worker(new URL("./support/lock-worker.ts", import.meta.url), {
    workerData: { buffer: words.buffer, owner, rounds, threads, spins },
  });
  return { worker, done: once(worker, "exit") };
}

describe("the lock", () => {
  test("is open, then held by who took it, then open", () => {
    const words = lockWords();
    acquire(words, 0, 7);
    expect([words[0], words[1]]).toEqual([1, 7]);
    release(words, 0);
    expect([words[0], words[1]]).toEqual([0, 0]);
  });

  test.each([
    ["waiting", false, false],
    ["spinning", true, true],
    ["one waiting and one spinning", false, true],
  ])("lets one thread at a time through, %s", async (_, first, second) => {
    const words = lockWords();
    const rounds = 20_000;
    const threads = [start(words, 1, rounds, 2, first), start(words, 2, rounds, 2, second)];
    await Promise.all(threads.map(({ done }) => done));
    expect([words[2], words[3]]).toEqual([2 * rounds, 0]);
    expect([words[0], words[1]]).toEqual([0, 0]);
  });

  test.each([
    ["waits", false],
    ["spins", true],
  ])(
    "a thread that %s gets it as soon as it is let go, and its owner can be told till then",
    async (_, spins) => {
      const words = lockWords();
      acquire(words, 0, 42);
      const { done } = start(words, 2, 1, 1, spins);
      const deadline = Date.now() + 10_000;
      // 2: somebody waits.
      while (Atomics.load(words, 0) !== 2 && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect([words[0], words[1], words[2]]).toEqual([2, 42, 0]);
      release(words, 0);
      await done;
      expect([words[0], words[1], words[2]]).toEqual([0, 0, 1]);
    },
  );
});
