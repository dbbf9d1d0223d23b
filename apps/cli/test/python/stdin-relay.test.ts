import { expect, it } from "vitest";
import { raiseSignal, takeSignal } from "../../src/python/signals.ts";
import { StdinRelay } from "../../src/python/stdin-relay.ts";
import {
  ASKED,
  IDLE,
  INPUT,
  INPUT_AT,
  INPUT_BYTES,
  INTERRUPTED,
} from "../../src/python/thread-data.ts";

/** The memory of two threads, and what the main thread does with it. */
function relay() {
  const shared = new SharedArrayBuffer(INPUT_AT + INPUT_BYTES);
  const words = new Int32Array(shared, 0, INPUT_AT / 4);
  return { words, main: new StdinRelay(words, new Uint8Array(shared, INPUT_AT)) };
}

it("a signal breaks off the waiting for input", () => {
  const { words, main } = relay();
  Atomics.store(words, INPUT, ASKED);
  raiseSignal(words, 2);
  main.interrupt();
  expect(Atomics.load(words, INPUT)).toBe(INTERRUPTED);
});

it("a signal that comes just before Python waits for input breaks it off, too", () => {
  const { words, main } = relay();
  // Python has looked for signals and found none; now one comes, and finds no waiting to be broken off.
  raiseSignal(words, 2);
  main.interrupt();
  expect(Atomics.load(words, INPUT)).toBe(IDLE);
  // Python goes on to wait.
  Atomics.store(words, INPUT, ASKED);
  main.asked();
  expect(Atomics.load(words, INPUT)).toBe(INTERRUPTED);
  expect(takeSignal(words)).toBe(2);
});
