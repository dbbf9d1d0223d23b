import { MEM, OBJ, PyrenaError, RAW } from "@pyrena/abi";
import { allocatorLaws, heapWalkerLaws } from "@pyrena/conformance";
import type { Installation } from "@pyrena/pyodide";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { churn, refusingHuge, startPython, type TestPython } from "./python.ts";

let python: TestPython;
beforeAll(async () => {
  python = await startPython();
}, 60_000);

/** Nothing of one test may be left for the next. */
afterEach(() => {
  for (const installation of [...python.live.installations].reverse()) installation.uninstall();
});

const statistic = (installation: Installation, layer: string, name: string): number => {
  const source = installation.stats.find((one) => one.layer === layer)!;
  return source.read(source.declarations.findIndex((one) => one.name === name));
};

describe("pymalloc in a live CPython", () => {
  it("serves a program that makes and drops blocks of all sizes", () => {
    const { live, run } = python;
    const installation = live.install();
    expect(installation.name).toBe("pymalloc");
    expect(installation.domains).toEqual([MEM, OBJ]);
    expect(run(churn)).toBe("ok");
    installation.walker!.verify();
    expect(installation.problems).toEqual([]);
    expect(installation.onTop).toBe(true);
    const { malloc, free, failed, foreign } = installation.requests(OBJ)!;
    expect(malloc).toBeGreaterThan(20_000);
    expect(free).toBeGreaterThan(20_000);
    expect(failed).toBe(0);
    expect(foreign).toBeGreaterThan(0);
    expect(installation.requests(RAW)).toBeUndefined();
  });

  it("holds small objects in its arenas and passes large ones on", () => {
    const { live, run } = python;
    const installation = live.install();
    const before = installation.large;
    const small = run("small = object(); id(small)") as number;
    const large = run(
      "large = bytearray(100_000); import ctypes; ctypes.addressof(ctypes.c_char.from_buffer(large))",
    ) as number;
    const old = run("id(object)") as number;
    const { walker } = installation;
    expect(walker!.owns(small)).toBe(true);
    expect(walker!.usableSize(small)).toBe(16 - 8);
    expect(walker!.owns(large)).toBe(false);
    expect(walker!.owns(old)).toBe(false);
    const after = installation.large;
    expect(after.largest).toBeGreaterThanOrEqual(100_000);
    expect(after.count).toBeGreaterThan(before.count);
    expect(after.liveBytes! - before.liveBytes!).toBeGreaterThanOrEqual(100_000);
    run("del large");
    expect(installation.large.liveBytes! - before.liveBytes!).toBeLessThan(100_000);
    run("del small");
  });

  it("counts live bytes as a walk over the heap finds them, and keeps the peak", () => {
    const { live, run } = python;
    const installation = live.install();
    run(churn);
    run("peak = [i * 1.5 for i in range(50_000)]");
    run("del peak");
    let bytes = 0;
    let blocks = 0;
    installation.walker!.walk({
      block: (_address, size, isLive) => {
        if (isLive) {
          bytes += size;
          blocks++;
        }
      },
    });
    expect(statistic(installation, "pyodide.pymalloc", "liveBytes")).toBe(bytes);
    expect(installation.liveBlocks).toBe(blocks);
    expect(statistic(installation, "pyodide.pymalloc", "peakLiveBytes")).toBeGreaterThan(
      bytes + 50_000 * 16 - 100 * 16,
    );
    expect(statistic(installation, "pymalloc", "allocatedBlocks")).toBe(
      blocks + installation.large.liveBlocks,
    );
    const arenas = statistic(installation, "pymalloc", "arenasCurrent");
    expect(statistic(installation, "pyodide.pymalloc", "arenaBytes")).toBe(arenas * 262_144);
    expect(statistic(installation, "pyodide.pymalloc", "peakArenaBytes")).toBe(
      statistic(installation, "pymalloc", "arenasHighwater") * 262_144,
    );
  });

  it("loses no pool of an arena to alignment", () => {
    const { live, run } = python;
    const installation = live.install();
    run("blocks = [object() for _ in range(100_000)]");
    let arenas = 0;
    installation.walker!.walk({
      region: (base, bytes, kind, _free, poolBytes, alignmentBytes) => {
        arenas++;
        expect([kind, bytes, base % poolBytes, alignmentBytes]).toEqual(["arena", 262_144, 0, 0]);
      },
    });
    expect(arenas).toBeGreaterThan(2);
    run("del blocks");
  });

  it("gives arenas back as CPython does, and the memory is used again", () => {
    const { live, run } = python;
    const events: number[] = [];
    const installation = live.install({
      sink: { ctx: events, event: (_, kind) => void events.push(kind) },
    });
    run("blocks = [object() for _ in range(200_000)]; del blocks");
    expect(events.filter((kind) => kind === 2).length).toBeGreaterThan(2);
    const bytes = live.memory.byteLength;
    for (let n = 0; n < 10; n++) run("blocks = [object() for _ in range(200_000)]; del blocks");
    live.memory.refresh();
    expect(live.memory.byteLength).toBe(bytes);
    installation.walker!.verify();
  });

  it("obeys the laws of allocators from JavaScript, in the memory of a running interpreter", () => {
    const { live } = python;
    const installation = live.install();
    const allocator = refusingHuge(installation.allocator(OBJ)!);
    const subject = {
      allocator,
      memory: live.memory,
      abi: live.abi,
      walker: installation.walker!,
      ownsRequest: (bytes: number) => bytes >= 1 && bytes <= 512,
      exhaustible: false,
    };
    for (const law of [...allocatorLaws, ...heapWalkerLaws]) law.check(() => subject);
  });

  it("can serve the RAW domain too", () => {
    const { live, run } = python;
    const installation = live.install({ domains: [RAW, MEM, OBJ] });
    expect(run(churn)).toBe("ok");
    // Texts on their way from and to C come from RAW.
    run("import os; [os.strerror(n) for n in range(50)]");
    expect(installation.requests(RAW)!.malloc).toBeGreaterThanOrEqual(50);
    installation.walker!.verify();
    expect(installation.problems).toEqual([]);
  });

  it("lets blocks that were made before be freed and resized", () => {
    const { live, run } = python;
    run("old = [[0] * 3 for _ in range(1000)]; text = ['x' * n for n in range(600)]");
    const installation = live.install();
    const before = installation.requests(MEM)!.foreign + installation.requests(OBJ)!.foreign;
    run("for one in old: one.extend(range(100))");
    run("assert old[7][3:] == list(range(100)); del old; text.clear()");
    const after = installation.requests(MEM)!.foreign + installation.requests(OBJ)!.foreign;
    expect(after - before).toBeGreaterThan(2000);
    installation.walker!.verify();
    expect(statistic(installation, "pymalloc", "rawAllocatedBlocks")).toBe(
      installation.large.liveBlocks,
    );
  });
});

describe("uninstall", () => {
  it("serves no new request, still frees what is live, and goes when nothing is left", () => {
    const { live, run } = python;
    const installation = live.install();
    run("kept = [(n, str(n)) for n in range(5000)]; grown = [0] * 3");
    const { walker } = installation;
    const address = run("id(kept[4999])") as number;
    expect(walker!.owns(address)).toBe(true);
    installation.uninstall();
    expect(installation.state).toBe("draining");
    expect(live.installations.at(-1)).toBe(installation);
    const left = installation.liveBlocks;
    expect(left).toBeGreaterThan(10_000);

    expect(walker!.owns(run("new = object(); id(new)") as number)).toBe(false);
    run("grown.extend(range(50)); assert grown[3:] == list(range(50))");
    run("assert kept[4999] == (4999, '4999'); del kept, grown, new");
    expect(installation.liveBlocks).toBeLessThan(left - 10_000);
    walker!.verify();
    expect(installation.problems).toEqual([]);
  });

  it("is complete at once where nothing is live", () => {
    const { live, run, pyodide } = python;
    const module = (pyodide as unknown as { _module: { _mallinfo?(): number } })._module;
    void module;
    // A domain of its own, in which nothing happens by itself between these two calls.
    const installation = live.install({ domains: [RAW] });
    const used = installation.liveBlocks;
    installation.uninstall();
    expect(used).toBe(0);
    expect(installation.state).toBe("removed");
    expect(live.installations).not.toContain(installation);
    expect(run("1 + 1")).toBe(2);
  });

  it("gives table slots and memory back", () => {
    const { live, pyodide } = python;
    const module = (pyodide as unknown as { _module: { wasmTable: WebAssembly.Table } })._module;
    const cycle = (): void => {
      const installation = live.install({ domains: [RAW] });
      const allocator = installation.allocator(RAW)!;
      const blocks = Array.from({ length: 5000 }, () => allocator.malloc(allocator.ctx, 200));
      for (const block of blocks) allocator.free(allocator.ctx, block);
      installation.uninstall();
      expect(installation.state).toBe("removed");
    };
    cycle();
    live.memory.refresh();
    const slots = module.wasmTable.length;
    const bytes = live.memory.byteLength;
    for (let n = 0; n < 50; n++) cycle();
    live.memory.refresh();
    expect(module.wasmTable.length).toBe(slots);
    expect(live.memory.byteLength).toBe(bytes);
  });

  it("does nothing the second time", () => {
    const installation = python.live.install({ domains: [RAW] });
    installation.uninstall();
    installation.uninstall();
    expect(installation.state).toBe("removed");
    expect(installation.liveBlocks).toBe(0);
  });
});

describe("install", () => {
  const thrown = (action: () => unknown): PyrenaError => {
    try {
      action();
    } catch (error) {
      if (error instanceof PyrenaError) return error;
      throw error;
    }
    throw new Error("nothing was thrown");
  };

  it.each([
    ["an unknown name", { allocator: "jemalloc" }, "unknown-allocator"],
    ["mimalloc", { allocator: "mimalloc" }, "not-built-in"],
    ["something that is neither name nor factory", { allocator: 7 as never }, "bad-argument"],
    ["a factory that makes no allocator", { allocator: () => ({}) as never }, "bad-argument"],
    ["an unknown domain", { domains: [3 as never] }, "unknown-domain"],
    ["a domain twice", { domains: [MEM, MEM] }, "bad-argument"],
    ["no domain", { domains: [] }, "bad-argument"],
  ])("refuses %s and changes nothing", (_, options, code) => {
    const { live, run } = python;
    const count = live.installations.length;
    expect(thrown(() => live.install(options)).code).toBe(code);
    expect(live.installations.length).toBe(count);
    expect(run("[object() for _ in range(1000)]; 'ok'")).toBe("ok");
  });

  it("passes on what a factory throws, and changes nothing", () => {
    const { live, run } = python;
    expect(() =>
      live.install({
        allocator: () => {
          throw new Error("no, thanks");
        },
      }),
    ).toThrow("no, thanks");
    expect(run("1")).toBe(1);
  });

  it("is refused while tracemalloc is tracing, which would take it out again", () => {
    const { live, run } = python;
    run("import tracemalloc; tracemalloc.start()");
    try {
      const error = thrown(() => live.install());
      expect(error.code).toBe("not-attached");
      expect(error.message).toContain("tracemalloc.stop()");
    } finally {
      run("tracemalloc.stop()");
    }
  });

  it("works below tracemalloc, which may start and stop on top of it", () => {
    const { live, run } = python;
    const installation = live.install();
    run("tracemalloc.start()");
    expect(installation.onTop).toBe(false);
    expect(
      run("data = [bytes(100) for _ in range(1000)]; tracemalloc.get_traced_memory()[0] > 100_000"),
    ).toBe(true);
    installation.uninstall();
    run("del data");
    run("tracemalloc.stop()");
    expect(run(churn)).toBe("ok");
    installation.walker?.verify();
  });
});
