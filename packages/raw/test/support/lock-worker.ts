/** A thread that counts under the lock: the increments are not atomic, so that any overlap loses some. */
import { parentPort, workerData } from "node:worker_threads";
import { acquire, contend, release } from "../../src/lock.ts";

interface Task {
  readonly buffer: SharedArrayBuffer;
  readonly owner: number;
  readonly rounds: number;
  /** How many threads to wait for before starting. */
  readonly threads: number;
  /** Whether to wait by spinning only, as where `Atomics.wait` is not allowed. */
  readonly spins: boolean;
}

const { buffer, owner, rounds, threads, spins } = workerData as Task;
// Words: 0 lock, 1 owner, 2 counter, 3 owners seen that were not this one, 4 gate.
const words = new Int32Array(buffer);
Atomics.add(words, 4, 1);
Atomics.notify(words, 4);
for (let ready = 0; ready < threads; ready = Atomics.load(words, 4)) {
  Atomics.wait(words, 4, ready, 5000);
}
for (let n = 0; n < rounds; n++) {
  if (spins) {
    contend(words, 0, false);
    words[1] = owner;
  } else {
    acquire(words, 0, owner);
  }
  const count = words[2];
  if (words[1] !== owner) words[3] += 1;
  words[2] = count + 1;
  release(words, 0);
}
parentPort?.postMessage("done");
