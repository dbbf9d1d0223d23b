import {
  type AllocatorFactory,
  domainNames,
  Heap,
  LinearMemory,
  MEM,
  NULL,
  OBJ,
  profileFor,
} from "@pyrena/abi";
import { allocatorLaws } from "@pyrena/conformance";
import type { AllocatorProblem } from "@pyrena/pyodide";
import { createRawAllocator } from "@pyrena/raw";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import bump from "../../../examples/allocators/bump.js";
import counting, { all as counts, report } from "../../../examples/allocators/counting.js";
import { churn, refusingHuge, startPython, type TestPython } from "./python.ts";

let python: TestPython;
beforeAll(async () => {
  python = await startPython();
}, 60_000);

afterEach(() => {
  for (const installation of [...python.live.installations].reverse()) installation.uninstall();
});

/** An allocator that remembers what it handed out, and complains of every block that it did not. */
function jealous(complaints: string[]): AllocatorFactory {
  return (next, { domain }) => {
    const mine = new Set<number>();
    const check = (where: string, ptr: number): void => {
      if (ptr !== NULL && !mine.delete(ptr))
        complaints.push(`${domainNames[domain]}.${where}: ${ptr}`);
    };
    const keep = (address: number): number => {
      if (address !== NULL) mine.add(address);
      return address;
    };
    return {
      ctx: next,
      malloc: (_, size) => keep(next.malloc(next.ctx, size)),
      calloc: (_, nelem, elsize) => keep(next.calloc(next.ctx, nelem, elsize)),
      realloc: (_, ptr, newSize) => {
        check("realloc", ptr);
        return keep(next.realloc(next.ctx, ptr, newSize));
      },
      free: (_, ptr) => {
        check("free", ptr);
        next.free(next.ctx, ptr);
      },
    };
  };
}

/** An allocator that allows so many bytes more, after which every request is refused. */
function budget(limit: { bytes: number }): AllocatorFactory {
  return (next) => {
    const spend = (bytes: number): boolean => (limit.bytes -= bytes) >= 0;
    return {
      ctx: next,
      malloc: (_, size) => (spend(size) ? next.malloc(next.ctx, size) : NULL),
      calloc: (_, n, size) => (spend(n * size) ? next.calloc(next.ctx, n, size) : NULL),
      realloc: (_, ptr, size) => (spend(size) ? next.realloc(next.ctx, ptr, size) : NULL),
      free: (_, ptr) => next.free(next.ctx, ptr),
    };
  };
}

describe("a custom allocator in a live CPython", () => {
  it("never sees a block that is not its own", () => {
    const { live, run } = python;
    run("old = [str(n) * 5 for n in range(3000)]; grow = [[0] for _ in range(500)]");
    const complaints: string[] = [];
    const installation = live.install({ allocator: jealous(complaints), name: "jealous" });
    run("for one in grow: one.extend(range(40))");
    run("del old");
    expect(run(churn)).toBe("ok");
    run("del grow");
    expect(complaints).toEqual([]);
    expect(installation.requests(OBJ)!.foreign).toBeGreaterThan(3000);
    expect(installation.requests(MEM)!.foreign).toBeGreaterThan(500);
    expect(installation.name).toBe("jealous");
    const live1 = installation.liveBlocks;
    run("more = [object() for _ in range(1000)]");
    expect(installation.liveBlocks - live1).toBeGreaterThan(990);
    run("del more");
    installation.uninstall();
    run(churn);
    expect(complaints).toEqual([]);
  });

  it("is told which domain it serves and whose memory it works in", () => {
    const { live } = python;
    const hosts: [number, boolean][] = [];
    live.install({
      allocator: (next, { memory, domain }) => {
        hosts.push([domain, memory === live.memory]);
        return next;
      },
      domains: [OBJ, MEM],
    });
    expect(hosts).toEqual([
      [OBJ, true],
      [MEM, true],
    ]);
  });

  it("answers NULL, and Python raises MemoryError, catches it and goes on", () => {
    const { live, run } = python;
    const limit = { bytes: Number.POSITIVE_INFINITY };
    const installation = live.install({ allocator: budget(limit) });
    run(`
def hoard():
    kept = []
    try:
        while True:
            kept.append(bytearray(10_000))
    except MemoryError:
        n = len(kept)
        kept.clear()
        return n
def more():
    return sum(len(str(n)) for n in range(1000))
hoarded = None
`);
    limit.bytes = 3_000_000;
    // While the budget is exhausted even the traceback may not be made: Python falls back on what it keeps in reserve.
    run("hoarded = hoard()");
    limit.bytes = Number.POSITIVE_INFINITY;
    expect(run("hoarded")).toBeGreaterThan(200);
    expect(run("hoarded")).toBeLessThanOrEqual(300);
    expect(run("more()")).toBe(2890);
    const failed = installation.requests(MEM)!.failed + installation.requests(OBJ)!.failed;
    expect(failed).toBeGreaterThan(0);
    expect(installation.problems).toEqual([]);
  });

  it("may throw: Python sees MemoryError, the caller is told, and everything stays usable", () => {
    const { live, run } = python;
    let broken = false;
    const told: AllocatorProblem[] = [];
    const fail = (): void => {
      if (broken) throw new Error("out of ideas");
    };
    const installation = live.install({
      allocator: (next) => ({
        ctx: next,
        malloc: (_, size) => {
          if (size > 50_000) fail();
          return next.malloc(next.ctx, size);
        },
        calloc: (_, n, size) => {
          if (n * size > 50_000) fail();
          return next.calloc(next.ctx, n, size);
        },
        realloc: (_, ptr, size) => {
          if (size > 50_000) fail();
          return next.realloc(next.ctx, ptr, size);
        },
        free: (_, ptr) => next.free(next.ctx, ptr),
      }),
      onError: (problem) => told.push(problem),
    });
    broken = true;
    expect(
      run(`
results = []
small = [1, 2, 3]
for attempt in (lambda: bytes(100_000), lambda: bytearray(100_000), lambda: small.extend(range(100_000))):
    try:
        attempt()
        results.append("no error")
    except MemoryError:
        results.append("MemoryError")
"|".join(results) + str(small[:3])
`),
    ).toBe("MemoryError|MemoryError|MemoryError[1, 2, 3]");
    broken = false;
    expect(run("len(bytes(100_000))")).toBe(100_000);
    expect(told.length).toBeGreaterThanOrEqual(3);
    expect(told[0]!.message).toBe("out of ideas");
    const total = installation.problems.reduce((sum, problem) => sum + problem.times, 0);
    expect(total).toBe(told.length);
    expect(run(churn)).toBe("ok");
  });

  it("may throw in free: the block is lost, and nothing else", () => {
    const { live, run } = python;
    let broken = false;
    const installation = live.install({
      allocator: (next) => ({
        ...next,
        free: (_, ptr) => {
          if (broken) throw new RangeError("not now");
          next.free(next.ctx, ptr);
        },
      }),
      onError: () => {
        throw new Error("the reporter fails as well");
      },
    });
    run("lost = [bytes(1000) for _ in range(10)]");
    broken = true;
    run("lost.clear()");
    broken = false;
    expect(installation.problems.every(({ where }) => where === "free")).toBe(true);
    expect(installation.problems[0]!.times).toBeGreaterThanOrEqual(10);
    expect(run(churn)).toBe("ok");
  });

  it.each([
    ["undefined", undefined],
    ["NaN", Number.NaN],
    ["a fraction", 1000.5],
    ["a negative number", -8],
    ["an address that is not aligned", 1001],
    ["an address beyond the memory", 2 ** 32 - 8],
    ["a text", "0x1000"],
  ])("may return %s: it counts as NULL, and the caller is told", (_, result) => {
    const { live, run } = python;
    let broken = false;
    const installation = live.install({
      allocator: (next) => ({
        ...next,
        malloc: (_ctx, size) =>
          broken && size > 50_000 ? (result as number) : next.malloc(next.ctx, size),
      }),
    });
    broken = true;
    expect(
      run(`
try:
    b"x" * 100_000
    outcome = "no error"
except MemoryError:
    outcome = "MemoryError"
outcome
`),
    ).toBe("MemoryError");
    broken = false;
    expect(installation.problems[0]!.message).toContain("no address");
    installation.uninstall();
  });
});

describe("the example allocators", () => {
  it("counting: counts what a live CPython asks for", () => {
    const { live, run } = python;
    counts.length = 0;
    const installation = live.install({ allocator: counting });
    run("blocks = [object() for _ in range(10_000)]");
    const obj = counts.find(({ domain }) => domain === OBJ)!;
    expect(obj["live"]).toBeGreaterThanOrEqual(10_000);
    run("del blocks");
    expect(obj["live"]).toBeLessThan(5000);
    expect(obj["peak"]).toBeGreaterThanOrEqual(10_000);
    expect(obj["malloc"]! + obj["calloc"]!).toBe(
      installation.requests(OBJ)!.malloc + installation.requests(OBJ)!.calloc,
    );
    expect(run(churn)).toBe("ok");
    expect(report()).toMatch(/^domain 1: \d+ blocks.*\ndomain 2: \d+ blocks/);
    installation.uninstall();
  });

  it("bump: serves a live CPython", () => {
    const { live, run } = python;
    const installation = live.install({ allocator: bump });
    expect(run(churn)).toBe("ok");
    expect(installation.problems).toEqual([]);
  });

  it.each([
    ["counting", counting, true],
    ["bump", bump, false],
  ] as const)("%s: obeys the laws in a live CPython", (_, factory, reuses) => {
    const { live } = python;
    for (const law of allocatorLaws) {
      law.check(() => ({
        allocator: refusingHuge(
          factory(live.getAllocator(OBJ), { memory: live.memory, domain: OBJ }),
        ),
        memory: live.memory,
        abi: live.abi,
        exhaustible: false,
        reuses,
      }));
    }
  });

  it.each([
    ["counting", counting, true],
    ["bump", bump, false],
  ] as const)("%s: obeys the laws in Pyrena's own heap, unchanged", (_, factory, reuses) => {
    for (const abi of ["lp64", "ilp32"] as const) {
      for (const law of allocatorLaws) {
        law.check(() => {
          const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 4 << 20 });
          const heap = Heap.create(memory, profileFor("3.14", abi));
          const allocator = factory(createRawAllocator(heap), { memory, domain: OBJ });
          return { allocator, memory, abi: heap.abi, reuses };
        });
      }
    }
  });
});
