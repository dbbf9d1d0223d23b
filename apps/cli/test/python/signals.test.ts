import { describe, expect, it } from "vitest";
import { pyrena } from "../pyrena.ts";
import { TIMEOUT } from "./support.ts";

/** Run a program that prints "ready" when Ctrl-C may come. */
const interrupted = (program: string) =>
  pyrena(["run", "-q", "-c", program], { interruptAfter: "ready" });

const ready = "print('ready', flush=True)\n";

describe.concurrent("Ctrl-C", { timeout: TIMEOUT }, () => {
  it.each([
    ["in a loop", `${ready}while True: pass`],
    ["in a sleep", `import time\n${ready}time.sleep(600)`],
    ["in select", `import select\n${ready}select.select([], [], [], 600)`],
    ["in a long computation in C", `n = 3 ** 2_000_000\n${ready}while True: str(n * n)`],
  ])("%s raises KeyboardInterrupt, which ends the program with 130", async (_, program) => {
    const { code, signal, stderr } = await interrupted(program);
    expect(stderr).toMatch(/^Traceback \(most recent call last\):\n[\s\S]*\nKeyboardInterrupt\n$/);
    expect([code, signal]).toEqual([130, null]);
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
