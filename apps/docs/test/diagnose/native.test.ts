/** What the pages about diagnosing say of native CPythons, asked of those of this machine; without one, skipped. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { type NativePython, nativePythons } from "../learn/native-pythons.ts";

const programs = join(import.meta.dirname, "../../../../examples/diagnose");
const pages = join(import.meta.dirname, "../../src/content/docs/diagnose");
const pythons = nativePythons();
/** The oldest and the newest. */
const asked = pythons.filter((_, n) => n === 0 || n === pythons.length - 1);
if (pythons.length === 0)
  console.warn("Skipped: the pages about diagnosing against CPython, since there is none here");

function ask({ path }: NativePython, args: string[], environment = {}): string {
  const { stdout, stderr, status } = spawnSync(path, args, {
    cwd: programs,
    encoding: "utf8",
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...environment },
  });
  if (status !== 0) throw new Error(`${path} ${args.join(" ")}: ${stderr}`);
  return stdout + stderr;
}

/** MiB that the process has after each of the steps of sessions.py. */
function resident(text: string): number[] {
  return [...text.matchAll(/(\d+) MiB resident/g)].map(([, mebibytes]) => Number(mebibytes));
}

describe.each(asked)("CPython $version", (python) => {
  const { version } = python;

  it.skipIf(process.platform !== "linux")("keeps its memory, and gives it back when copied", () => {
    const [, evening, night] = resident(ask(python, ["sessions.py"]));
    expect(evening! - night!).toBeLessThan(4);
    const [morning, , mended] = resident(ask(python, ["sessions.py", "--mended"]));
    expect(mended! - morning!).toBeLessThan(6);
  });

  it.skipIf(process.platform !== "linux")("keeps it with malloc, too", () => {
    const trim = `import sys, sessions, ctypes; sessions.main(); trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
if trim: trim(0); sessions.say("trimmed")`;
    const [morning, evening, night, trimmed] = resident(
      ask(python, ["-c", trim], { PYTHONMALLOC: "malloc" }),
    );
    // A C library other than glibc may do otherwise, and has no malloc_trim.
    if (trimmed === undefined) return;
    expect(evening! - night!).toBeLessThan(4);
    expect(trimmed - morning!).toBeLessThan(6);
  });

  it("lets documents wait for the collector, and none that is mended", () => {
    const waiting: Readonly<Record<string, number>> = { "3.8": 68, "3.12": 71, "3.13": 123 };
    const most = Number(/at most ([\d,]+) of/.exec(ask(python, ["documents.py"]))![1]);
    if (version in waiting) expect(Math.abs(most - waiting[version]!)).toBeLessThan(8);
    expect(ask(python, ["documents.py", "--mended"])).toContain("at most 2 of 3,000");
    const found = ask(python, ["what_cycles.py", "documents:read_all", "100"]);
    expect(found).toContain("1,500 list");
    expect(ask(python, ["what_cycles.py", "documents:read_all_mended", "100"])).toBe(
      "Nothing waits for the collector.\n",
    );
  });

  it("says the same of who holds jobs, and that nothing grows when mended", () => {
    expect(ask(python, ["who_holds.py", "worker:work", "Job"])).toContain(
      "1,000  worker.when_done (list) → function → tuple → cell → Job",
    );
    if (python !== asked.at(-1)) return;
    expect(ask(python, ["what_grows.py", "worker:work_mended"])).toContain("leaves 0 KiB behind");
  });

  it("needs fewer arenas when the quotes are numbers, and not so much with malloc", () => {
    const code = `import sys; sys.argv = sys.argv[:1] + sys.argv[2:]
import orders, sessions; before = sessions.rss()
orders.main()
print("grown by", "?" if before is None else sessions.rss() - before)
sys._debugmallocstats()`;
    const run = (malloc: string, ...args: string[]): readonly [arenas: number, grown: number] => {
      const text = ask(python, ["-c", code, "x", ...args], { PYTHONMALLOC: malloc });
      const [, arenas] = /arenas allocated current += +(\d+)/.exec(text) ?? [];
      return [Number(arenas), Number(/grown by (.*)/.exec(text)![1])];
    };
    const [arenas, grown] = run("pymalloc");
    const [arenasMended, grownMended] = run("pymalloc", "--mended");
    expect(arenasMended).toBeLessThan(arenas);
    if (version !== "3.13") return;
    expect(Math.abs(arenas - 13)).toBeLessThanOrEqual(1);
    expect(Math.abs(arenasMended - 7)).toBeLessThanOrEqual(1);
    // What the C library does is Linux's, and in MiB.
    if (process.platform !== "linux") return;
    const all = [grown, grownMended, run("malloc")[1], run("malloc", "--mended")[1]];
    for (const [n, shown] of [10.9, 5.2, 8.3, 8.3].entries()) {
      expect(Math.abs(all[n]! - shown)).toBeLessThan(1.5);
    }
  });

  it("keeps what a cached method and a kept exception refer to", () => {
    const told = ask(python, [
      "-c",
      `import functools, gc, weakref
class Thing:
    @functools.lru_cache(maxsize=None)
    def cost(self): return 1
thing = Thing(); thing.cost(); cached = weakref.ref(thing); del thing; gc.collect()
def fail():
    global local
    job = Thing(); local = weakref.ref(job)
    raise ValueError
try: fail()
except ValueError as failure: kept = failure
print(cached() is not None, local() is not None)
kept.__traceback__ = None
print(local() is None)
token = "".join(map(str, range(64)))
import copy
print(str(token) is token, token[:] is token, copy.copy(token) is token, token.encode().decode() is token)`,
    ]);
    expect(told).toBe("True True\nTrue\nTrue True True False\n");
  });

  it("runs the Python on the pages", () => {
    const blocks = readdirSync(pages).flatMap((name) =>
      [...readFileSync(join(pages, name), "utf8").matchAll(/```python\n(.*?)```/gs)].map(
        ([, code]) => code!,
      ),
    );
    expect(blocks).toHaveLength(3);
    for (const code of blocks) {
      if (code.includes("malloc_trim") && process.platform !== "linux") continue;
      ask(python, ["-c", `${code}\nimport gc; gc.collect()`]);
    }
  });
});
