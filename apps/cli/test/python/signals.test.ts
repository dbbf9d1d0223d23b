import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { raiseSignal, takeSignal } from "../../src/python/signals.ts";
import { SIGNAL } from "../../src/python/thread-data.ts";
import { pyrena } from "../pyrena.ts";
import { TIMEOUT } from "./support.ts";

/** Run a program that prints "ready" when Ctrl-C may come. */
const interrupted = (program: string) =>
  pyrena(["run", "-q", "-c", program], { interruptAfter: "ready", inputStaysOpen: true });

const ready = "print('ready', flush=True)\n";

describe("signals", () => {
  it("are taken by the number, once", () => {
    const words = new Int32Array(new SharedArrayBuffer(64));
    expect(takeSignal(words)).toBe(0);
    raiseSignal(words, 2);
    raiseSignal(words, 15);
    expect([takeSignal(words), takeSignal(words)]).toEqual([15, 0]);
  });

  // The other thread raises a signal as soon as the last one has been taken, for a while. One that comes while this
  // thread takes none must still be there afterwards.
  it("are not lost if they come while one looks for them", async () => {
    const words = new Int32Array(new SharedArrayBuffer(64));
    const RAISED = 8;
    const ENDED = 9;
    const signals = new URL("../../src/python/signals.ts", import.meta.url).href;
    const other = new Worker(
      `
        const { parentPort, workerData: words } = require("node:worker_threads");
        import(${JSON.stringify(signals)}).then(({ raiseSignal }) => {
          parentPort.postMessage("started");
          const end = performance.now() + 1000;
          let raised = 0;
          while (raised < 100_000 && performance.now() < end) {
            if (Atomics.load(words, ${SIGNAL}) !== 0) continue;
            raiseSignal(words, 2);
            raised++;
          }
          Atomics.store(words, ${RAISED}, raised);
          Atomics.store(words, ${ENDED}, 1);
        });
      `,
      { eval: true, workerData: words },
    );
    await once(other, "message");
    let taken = 0;
    let ended: boolean;
    do {
      // Read first: all have been raised then.
      ended = Atomics.load(words, ENDED) === 1;
      if (takeSignal(words) === 2) taken++;
    } while (!ended);
    await other.terminate();
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBe(Atomics.load(words, RAISED));
  });
});

describe.concurrent("Ctrl-C", { timeout: TIMEOUT }, () => {
  it.each([
    ["in a loop", `${ready}while True: pass`],
    ["in a sleep", `import time\n${ready}time.sleep(600)`],
    ["in select", `import select\n${ready}select.select([], [], [], 600)`],
    ["in a question", `${ready}input()`],
    ["in a long computation in C", `n = 3 ** 2_000_000\n${ready}while True: n * n`],
  ])("%s raises KeyboardInterrupt, which ends the program with 130", async (_, program) => {
    const { code, signal, stderr } = await interrupted(program);
    expect(stderr).toMatch(/^Traceback \(most recent call last\):\n[\s\S]*\nKeyboardInterrupt\n$/);
    expect([code, signal]).toEqual([130, null]);
  });

  it("reaches a busy program every time", async () => {
    const { code, stdout, stderr } = await interrupted(`
import os
for _ in range(1000):
    try:
        os.write(1, b"ready\\n")
        while True: pass
    except KeyboardInterrupt: pass
`);
    expect(stderr).toBe("");
    expect(stdout).toBe("ready\n".repeat(1000));
    expect(code).toBe(0);
  });

  it("can be caught, and the program goes on", async () => {
    const { code, stdout } = await interrupted(`
import time
try:
    ${ready.trim()}
    time.sleep(600)
except KeyboardInterrupt: print("caught")
print("and on")
`);
    expect(stdout).toBe("ready\ncaught\nand on\n");
    expect(code).toBe(0);
  });

  it("goes to a handler of the program's own", async () => {
    const { code, stdout } = await interrupted(`
import signal, sys, time
def handler(number, frame):
    print("handler", number == signal.SIGINT)
    sys.exit(5)
signal.signal(signal.SIGINT, handler)
${ready}
time.sleep(600)
`);
    expect(stdout).toBe("ready\nhandler True\n");
    expect(code).toBe(5);
  });

  it("cancels asyncio's main task, as asyncio.run does", async () => {
    const { code, stdout, stderr } = await interrupted(`
import asyncio
async def main():
    try:
        ${ready.trim()}
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        print("cancelled")
        raise
asyncio.run(main())
`);
    expect(stdout).toBe("ready\ncancelled\n");
    expect(stderr).toMatch(/KeyboardInterrupt\n$/);
    expect(code).toBe(130);
  });
});

describe.concurrent("waiting", { timeout: TIMEOUT }, () => {
  it("takes the time that was asked for", async () => {
    const { stdout, stderr } = await pyrena([
      "run",
      "-q",
      "-c",
      `
import asyncio, select, socket, time
def measure(name, wait):
    wall = time.perf_counter()
    wait()
    wall = time.perf_counter() - wall
    print(name, 0.4 <= wall < 20)
measure("sleep", lambda: time.sleep(0.4))
measure("select", lambda: select.select([], [], [], 0.4))
async def main():
    wall = time.perf_counter()
    got = await asyncio.gather(*(asyncio.sleep(0.1 * n, n) for n in range(5)))
    print(got, 0.4 <= time.perf_counter() - wall)
asyncio.run(main())
a, b = socket.socketpair()
a.sendall(b"through the pair")
print(b.recv(7), b.recv(100), a.gettimeout())
a.close()
print(b.recv(1))
for bad in (-1, float("nan"), "1"):
    try: time.sleep(bad)
    except (ValueError, TypeError) as error: print(type(error).__name__)
`,
    ]);
    expect(stderr).toBe("");
    expect(stdout).toBe(
      [
        "sleep True",
        "select True",
        "[0, 1, 2, 3, 4] True",
        "b'through' b' the pair' None",
        "b''",
        "ValueError",
        "ValueError",
        "TypeError",
        "",
      ].join("\n"),
    );
  });
});
