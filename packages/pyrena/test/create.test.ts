import {
  type AllocatorFactory,
  type Collector,
  type CollectorFactory,
  type ErrorCode,
  LinearMemory,
  MEM,
  OBJ,
  type PyMemAllocatorEx,
  PyrenaError,
  RAW,
} from "@pyrena/abi";
import { everyFailure } from "@pyrena/conformance";
import { generational } from "@pyrena/gc";
import { attachRawAllocator, createArenaSource, createRawAllocator } from "@pyrena/raw";
import { createRuntime, type RuntimeOptions, restore } from "pyrena";
import { describe, expect, test } from "vitest";

function errorOf(run: () => unknown): { code: ErrorCode | undefined; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof PyrenaError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** A struct that counts requests; its walker is that of the one below. */
function counting(next: PyMemAllocatorEx, count: { requests: number }): PyMemAllocatorEx {
  return {
    ...next,
    malloc: (ctx, size) => {
      count.requests++;
      return next.malloc(ctx, size);
    },
    calloc: (ctx, nelem, elsize) => {
      count.requests++;
      return next.calloc(ctx, nelem, elsize);
    },
    realloc: (ctx, ptr, newSize) => {
      count.requests++;
      return next.realloc(ctx, ptr, newSize);
    },
  };
}

describe("createRuntime", () => {
  test("makes CPython 3.13 in 64 bits, where nothing is asked for", () => {
    const runtime = createRuntime();
    expect(runtime.profile.name).toBe("cpython-3.13-lp64");
    expect(runtime.collector.name).toBe("generational");
    expect(runtime.pymalloc).toBeDefined();
    expect(runtime.domains.obj.allocator).toBe(runtime.pymalloc);
    expect(runtime.domains.raw.allocator).toBe(runtime.raw);
    runtime.verify();
    runtime.dispose();
  });

  test("takes the collector of the version", () => {
    const names = ["3.11", "3.12", "3.13", "3.14", "3.15"].map((python) => {
      const runtime = createRuntime({ python });
      runtime.dispose();
      return runtime.collector.name;
    });
    expect(names).toEqual([
      "generational",
      "generational",
      "generational",
      "incremental",
      "generational",
    ]);
  });

  test("makes runtimes that know nothing of one another", () => {
    const runtimes = ["3.11", "3.13", "3.15"].map((python) =>
      createRuntime({ python, abi: python === "3.13" ? "ilp32" : "lp64" }),
    );
    for (const [n, { globals }] of runtimes.entries()) globals.set("x", [n]);
    expect(runtimes.map(({ py, globals }) => py.scope(() => globals.ref("x")!.repr()))).toEqual([
      "[0]",
      "[1]",
      "[2]",
    ]);
    for (const runtime of runtimes) {
      runtime.verify();
      runtime.dispose();
    }
  });

  test.each<[string, RuntimeOptions, ErrorCode, RegExp]>([
    ["a version there is not", { python: "2.7" }, "unknown-profile", /'2\.7'.*3\.13/],
    ["a version without objects", { python: "3.8" }, "unknown-profile", /3\.11/],
    ["a data model there is not", { abi: "llp64" as "lp64" }, "unknown-profile", /llp64/],
    ["an allocator there is not", { allocator: "jemalloc" }, "unknown-allocator", /pymalloc_debug/],
    ["one that is not built in", { allocator: "mimalloc" }, "not-built-in", /factory or a struct/],
    ["half a struct", { allocator: { malloc: () => 0 } as never }, "bad-argument", /calloc/],
    ["a domain there is not", { allocator: { heap: () => {} } as never }, "bad-argument", /'heap'/],
    ["a number as allocator", { allocator: 7 as never }, "bad-argument", /PYTHONMALLOC/],
    ["a factory of nothing", { allocator: (() => null) as never }, "bad-argument", /domain raw/],
    ["a raw allocator that is none", { raw: {} as never }, "bad-argument", /raw/],
    ["an arena source that is none", { arenas: {} as never }, "bad-argument", /alloc and free/],
    ["a collector there is not", { collector: "boehm" as "none" }, "bad-argument", /incremental/],
    ["a number as memory", { memory: 4096 as never }, "bad-argument", /LinearMemory/],
    ["a memory too small", { memory: { bytes: 65536, maxBytes: 65536 } }, "memory-limit", /room/],
    ["a seed that is none", { hashSeed: -1.5 }, "bad-argument", /hashSeed/],
  ])("says what is wrong with %s", (_, options, code, message) => {
    const error = errorOf(() => createRuntime(options));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test("tells of no room wherever it ends while a runtime is made, and makes it where it suffices", () => {
    const failures = everyFailure((failure) => {
      try {
        const runtime = createRuntime({
          raw: ({ heap }) => failure.allocator(createRawAllocator(heap)),
          arenas: ({ heap }) => failure.arenas(createArenaSource(heap)),
        });
        runtime.verify();
        runtime.dispose();
      } catch (error) {
        if (!(error instanceof PyrenaError) || error.code !== "memory-limit") throw error;
      }
    });
    expect(failures).toBeGreaterThan(3);
  });
});

describe("layers of one's own", () => {
  test("a factory serves each domain, around what would be there otherwise", () => {
    const counts = [RAW, MEM, OBJ].map(() => ({ requests: 0 }));
    const allocator: AllocatorFactory = (next, { domain }) => counting(next, counts[domain]);
    const runtime = createRuntime({ allocator });
    runtime.globals.set("x", [1.5]);
    for (const { requests } of counts) expect(requests).toBeGreaterThan(0);
    runtime.verify();
    const error = errorOf(() => restore(runtime.save()));
    expect(error.message).toMatch(/allocator/);
    const again = restore(runtime.save(), { allocator });
    again.verify();
    again.dispose();
    runtime.dispose();
  });

  test("a record serves the domains that it names, in debug hooks if they are wanted", () => {
    const count = { requests: 0 };
    const obj: AllocatorFactory = (next) => counting(next, count);
    const runtime = createRuntime({ allocator: { obj }, debug: true });
    runtime.globals.set("x", [1.5]);
    expect(count.requests).toBeGreaterThan(0);
    runtime.verify();
    const again = restore(runtime.save(), { allocator: { obj }, debug: true });
    again.globals.set("y", [2.5]);
    again.verify();
    again.dispose();
    runtime.dispose();
  });

  test("a raw allocator is made, and opened, by its function", () => {
    const asked: boolean[] = [];
    const raw: RuntimeOptions["raw"] = ({ heap, fresh }) => {
      asked.push(fresh);
      return (fresh ? createRawAllocator : attachRawAllocator)(heap);
    };
    const runtime = createRuntime({ raw });
    expect(errorOf(() => restore(runtime.save())).message).toMatch(/option raw/);
    restore(runtime.save(), { raw }).dispose();
    expect(asked).toEqual([true, false]);
    runtime.dispose();
  });

  test("a collector goes by the name that it has", () => {
    const named =
      (name: string): CollectorFactory =>
      (graph, host): Collector => ({ ...generational()(graph, host), name });
    const runtime = createRuntime({ collector: named("mine") });
    const image = runtime.save();
    expect(errorOf(() => restore(image)).message).toMatch(/'mine'/);
    expect(errorOf(() => restore(image, { collector: named("other") })).message).toMatch(/'other'/);
    const again = restore(image, { collector: named("mine") });
    again.verify();
    again.dispose();
    runtime.dispose();
  });

  test("an allocator that is replaced while it runs counts as one's own", () => {
    const runtime = createRuntime();
    const count = { requests: 0 };
    runtime.setAllocator(OBJ, counting(runtime.domains.obj.allocator, count));
    runtime.globals.set("x", [1.5]);
    expect(count.requests).toBeGreaterThan(0);
    runtime.verify();
    const image = runtime.save();
    expect(errorOf(() => restore(image)).message).toMatch(/replaced while it ran/);
    const again = restore(image, { allocator: "pymalloc" });
    again.verify();
    again.dispose();
    runtime.dispose();
  });

  test("a memory may be the user's, of any kind", () => {
    for (const backing of ["wasm", "resizable", "fixed", "shared", "wasm-shared"] as const) {
      const memory = LinearMemory.create({ backing, bytes: 1 << 22, maxBytes: 1 << 23 });
      const runtime = createRuntime({ memory });
      expect(runtime.memory).toBe(memory);
      runtime.globals.set("x", [backing]);
      const other = LinearMemory.create({ backing, bytes: 1 << 22, maxBytes: 1 << 24 });
      other.u8.fill(0xaa);
      const again = restore(runtime.save(), { memory: other });
      expect(again.py.scope(() => again.globals.ref("x")!.repr())).toBe(`['${backing}']`);
      again.verify();
      again.dispose();
      runtime.dispose();
    }
    const odd = createRuntime({ memory: LinearMemory.over(new ArrayBuffer((1 << 22) + 100)) });
    odd.memory.u8[odd.memory.byteLength - 4] = 7;
    const opened = restore(odd.save());
    expect(opened.memory.u8[odd.memory.byteLength - 4]).toBe(7);
    opened.verify();
    const image = createRuntime({ memory: { bytes: 1 << 24 } }).save();
    const small = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 20 });
    expect(errorOf(() => restore(image, { memory: small })).code).toBe("memory-limit");
  });
});

test("a runtime shows what it holds", () => {
  const runtime = createRuntime();
  runtime.globals.set(
    "x",
    Array.from({ length: 1000 }, (_, n) => [n]),
  );
  const snapshot = runtime.snapshot();
  expect(snapshot.totals.liveBlocks).toBeGreaterThan(1000);
  expect(JSON.stringify(snapshot)).toContain("pymalloc");
  expect(runtime.debugMallocStats()).toMatch(/arenas \* 1048576 bytes\/arena/);
  expect(runtime.stats.map(({ layer }) => layer)).toContain("pymalloc");
  expect(errorOf(() => createRuntime({ allocator: "malloc" }).debugMallocStats()).code).toBe(
    "not-built-in",
  );
  runtime.dispose();
});
