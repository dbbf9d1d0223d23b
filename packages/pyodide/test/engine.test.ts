import { MEM, OBJ } from "@pyrena/abi";
import { attach, type Installation } from "@pyrena/pyodide";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { churn, startPython, type TestPython } from "./python.ts";

let python: TestPython;
beforeAll(async () => {
  python = await startPython();
}, 60_000);

afterEach(() => {
  for (const installation of [...python.live.installations].reverse()) installation.uninstall();
});

const engines = ["wasm", "typescript"] as const;

/** What was counted while `code` ran. */
function counted(installation: Installation, code: string): Record<string, number> {
  const read = (): Record<string, number> => ({
    ...installation.requests(OBJ)!,
    realloc: installation.requests(MEM)!.realloc,
    large: installation.large.count,
    largeBytes: installation.large.bytes,
    largeBlocks: installation.large.liveBlocks,
    largeLive: installation.large.liveBytes!,
    pooled: installation.pymalloc!.liveBytes,
  });
  const before = read();
  python.run(code);
  const after = read();
  return Object.fromEntries(Object.entries(after).map(([name, n]) => [name, n - before[name]!]));
}

describe("the WebAssembly engine in a live CPython", () => {
  it("runs pymalloc unless TypeScript is asked for, until it is uninstalled", () => {
    const { live, run } = python;
    const installation = live.install();
    expect(installation.engine).toBe("wasm");
    run("kept = [object() for _ in range(1000)]");
    installation.uninstall();
    expect(installation.engine).toBe("typescript");
    expect(installation.state).toBe("draining");
    run("del kept");
    expect(live.install({ engine: "typescript" }).engine).toBe("typescript");
    expect(live.install({ allocator: "debug" }).engine).toBe("typescript");
    expect(live.install({ allocator: (next) => next, engine: "wasm" }).engine).toBe("typescript");
  });

  it("leaves pymalloc to TypeScript where the module does not show its memory", () => {
    const module: object = (python.pyodide as unknown as { _module: object })._module;
    const hidden = attach(Object.create(module, { memory: { value: undefined } }) as object);
    const installation = hidden.install();
    expect(installation.engine).toBe("typescript");
    expect(python.run(churn)).toBe("ok");
    installation.uninstall();
  });

  it("counts what TypeScript counts", () => {
    const code = "work()";
    python.run(`
import gc
gc.disable()
def work():
    for n in range(2000):
        a = [n * 1.5, object(), str(n) * 9]
        a.extend(range(1000, 1020))
        b = bytes(n)
        c = bytearray(n)
        c.extend(b)
        d = {n: a, -n: b}
work()
`);
    const [wasm, typescript] = engines.map((engine) => {
      const installation = python.live.install({ engine });
      // Once to have everything allocated that stays, and once to be counted.
      counted(installation, code);
      const result = counted(installation, code);
      installation.walker!.verify();
      installation.uninstall();
      return result;
    });
    python.run("gc.enable()");
    expect(wasm!["malloc"]).toBeGreaterThan(2000);
    expect(wasm!["large"]).toBeGreaterThan(2000);
    expect(wasm!["realloc"]).toBeGreaterThan(1000);
    // The call itself, from JavaScript, takes some blocks of its own.
    for (const name of Object.keys(wasm!)) {
      const most = Math.max(Math.abs(typescript![name]!) * 0.002, name.endsWith("ive") ? 4096 : 40);
      expect(Math.abs(wasm![name]! - typescript![name]!), name).toBeLessThanOrEqual(most);
    }
  });

  it("keeps one count of calls from Python and from JavaScript", () => {
    const installation = python.live.install();
    const { ctx, malloc, realloc, free } = installation.allocator(OBJ)!;
    const before = installation.pymalloc!.liveBytes;
    const { count } = installation.large;
    const small = malloc(ctx, 100);
    const large = malloc(ctx, 1 << 20);
    expect(installation.pymalloc!.liveBytes - before).toBe(104);
    expect(installation.large.count - count).toBe(1);
    python.run(churn);
    const moved = realloc(ctx, small, 2000);
    expect(installation.walker!.owns(moved)).toBe(false);
    free(ctx, moved);
    free(ctx, large);
    let bytes = 0;
    installation.walker!.walk({
      block: (_address, size, isLive) => {
        if (isLive) bytes += size;
      },
    });
    expect(installation.pymalloc!.liveBytes).toBe(bytes);
  });

  it("reports a block that is freed twice, and goes on", () => {
    const installation = python.live.install();
    const { malloc, ctx } = installation.allocator(OBJ)!;
    const onTop = python.live.getAllocator(OBJ);
    // Of so many blocks, some fill a pool by themselves.
    const blocks = Array.from({ length: 40 }, () => malloc(ctx, 504));
    const pools = Map.groupBy(blocks, (block) => block - (block % 4096));
    const full = [...pools.values()].find((ours) => ours.length === Math.floor((4096 - 32) / 504))!;
    for (const block of full) onTop.free(onTop.ctx, block);
    expect(installation.problems).toEqual([]);
    onTop.free(onTop.ctx, full.at(-1)!);
    expect(installation.problems.map(({ message }) => message).join()).toMatch(/freed already/);
    for (const block of blocks) if (!full.includes(block)) onTop.free(onTop.ctx, block);
    installation.walker!.verify();
    expect(python.run(churn)).toBe("ok");
  });

  it("can be looked into after WebAssembly alone has made the memory grow", () => {
    const { live, run, pyodide } = python;
    const installation = live.install();
    const { walker, stats } = installation.pymalloc!.pymalloc;
    const module = (pyodide as unknown as { _module: { HEAPU8: Uint8Array } })._module;
    const { byteLength } = module.HEAPU8;
    run("big = []\nfor _ in range(4): big.append(bytearray(50_000_000))");
    expect(module.HEAPU8.byteLength).toBeGreaterThan(byteLength);
    walker.verify();
    expect(
      stats.read(stats.declarations.findIndex(({ name }) => name === "arenasCurrent")),
    ).toBeGreaterThan(0);
    expect(installation.liveBlocks).toBeGreaterThan(0);
    run("del big");
  });

  it("leaves functions behind that pass everything through when it is removed", () => {
    const installation = python.live.install({ domains: [MEM] });
    const kept = python.live.getAllocator(MEM);
    installation.uninstall();
    python.run("import gc; gc.collect()");
    const { large } = installation;
    const blocks = [10, 600, 70_000].map((size) => kept.malloc(kept.ctx, size));
    expect(blocks).not.toContain(0);
    for (const block of blocks) kept.free(kept.ctx, kept.realloc(kept.ctx, block, 5000));
    expect(installation.large).toEqual(large);
    expect(python.run(churn)).toBe("ok");
  });

  it("serves its domains alone or all of them", () => {
    for (const domains of [[MEM], [OBJ], [0, MEM, OBJ]] as const) {
      const installation = python.live.install({ domains });
      expect(installation.engine).toBe("wasm");
      expect(python.run(churn)).toBe("ok");
      installation.walker!.verify();
      installation.uninstall();
    }
  });
});
