import {
  type Abi,
  type Domain,
  Domains,
  domainApiIds,
  domainNames,
  ilp32,
  lp64,
  MEM,
  NULL,
  OBJ,
  type PyMemAllocatorEx,
  PyrenaError,
  RAW,
  requireAllocator,
} from "@pyrena/abi";
import { describe, expect, it } from "vitest";

const abis: readonly Abi[] = [lp64, ilp32];
const all: readonly Domain[] = [RAW, MEM, OBJ];

/** An allocator that writes down its calls and answers with the address 4096. */
function recorder(
  name = "a",
  calls: unknown[][] = [],
): { allocator: PyMemAllocatorEx; calls: unknown[][] } {
  const allocator: PyMemAllocatorEx = {
    ctx: name,
    malloc: (ctx, size) => {
      calls.push([ctx, "malloc", size]);
      return 4096;
    },
    calloc: (ctx, nelem, elsize) => {
      calls.push([ctx, "calloc", nelem, elsize]);
      return 4096;
    },
    realloc: (ctx, ptr, newSize) => {
      calls.push([ctx, "realloc", ptr, newSize]);
      return 4096;
    },
    free: (ctx, ptr) => {
      calls.push([ctx, "free", ptr]);
    },
  };
  return { allocator, calls };
}

function domainsOver(allocator: PyMemAllocatorEx, abi: Abi = lp64): Domains {
  return new Domains(abi, { raw: allocator, mem: allocator, obj: allocator });
}

describe("the domains", () => {
  it("have CPython's numbers, names and id bytes", () => {
    expect(all).toEqual([0, 1, 2]);
    expect(domainNames).toEqual(["raw", "mem", "obj"]);
    expect(String.fromCharCode(...domainApiIds)).toBe("rmo");
  });

  it("call each the struct that is installed in them", () => {
    const parts = { raw: recorder("r"), mem: recorder("m"), obj: recorder("o") };
    const domains = new Domains(lp64, {
      raw: parts.raw.allocator,
      mem: parts.mem.allocator,
      obj: parts.obj.allocator,
    });
    domains.raw.malloc(1);
    domains.mem.calloc(2, 3);
    domains.obj.realloc(64, 5);
    domains.domain(OBJ).free(48);
    expect(parts.raw.calls).toEqual([["r", "malloc", 1]]);
    expect(parts.mem.calls).toEqual([["m", "calloc", 2, 3]]);
    expect(parts.obj.calls).toEqual([
      ["o", "realloc", 64, 5],
      ["o", "free", 48],
    ]);
    for (const [n, domain] of [domains.raw, domains.mem, domains.obj].entries()) {
      expect(domain.domain).toBe(n);
      expect(domains.domain(n as Domain)).toBe(domain);
    }
  });
});

describe.each(abis)("at the edge of a domain on $name, a size of", (abi) => {
  const most = abi === ilp32 ? 2 ** 31 - 1 : 2 ** 32 - 1;
  const passed = [0, 1, 512, 2 ** 31 - 1, most];
  const refused = [
    ...(abi === ilp32 ? [2 ** 31, 2 ** 32 - 1] : []),
    2 ** 32,
    2 ** 53,
    2 ** 63,
    -1,
    -(2 ** 31),
    0.5,
    1.5,
    2 ** 31 - 0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];

  it.each(passed)("%d is passed on", (size) => {
    const { allocator, calls } = recorder();
    const { mem } = domainsOver(allocator, abi);
    expect([
      mem.malloc(size),
      mem.calloc(1, size),
      mem.calloc(size, 1),
      mem.realloc(NULL, size),
    ]).toEqual(Array(4).fill(4096));
    expect(calls).toEqual([
      ["a", "malloc", size],
      ["a", "calloc", 1, size],
      ["a", "calloc", size, 1],
      ["a", "realloc", NULL, size],
    ]);
  });

  it.each(refused)("%d is answered with NULL before the allocator is called", (size) => {
    const { allocator, calls } = recorder();
    const { mem } = domainsOver(allocator, abi);
    expect(mem.malloc(size)).toBe(NULL);
    expect(mem.calloc(1, size)).toBe(NULL);
    expect(mem.calloc(size, 1)).toBe(NULL);
    expect(mem.realloc(64, size)).toBe(NULL);
    expect(calls).toEqual([]);
  });
});

describe.each(abis)("at the edge of a domain on $name, calloc", (abi) => {
  const most = abi === ilp32 ? 2 ** 31 - 1 : 2 ** 32 - 1;

  it("refuses products that exceed PY_SSIZE_T_MAX, and passes on those that reach it", () => {
    const { allocator, calls } = recorder();
    const { obj } = domainsOver(allocator, abi);
    const over: [number, number][] = [
      [2 ** 16, 2 ** 16],
      [2 ** 31, 2],
      [2, 2 ** 31],
      [2 ** 32 - 1, 2 ** 32 - 1],
      [2 ** 53, 2 ** 53],
      [most, 2],
      [Math.floor(most / 3) + 1, 3],
    ];
    for (const [nelem, elsize] of over)
      expect(obj.calloc(nelem, elsize), `${nelem} * ${elsize}`).toBe(NULL);
    expect(calls).toEqual([]);
    expect(obj.calloc(Math.floor(most / 3), 3)).toBe(4096);
    expect(obj.calloc(1, most)).toBe(4096);
  });

  it("takes a factor of any size where the other one is 0, as CPython does", () => {
    const { allocator, calls } = recorder();
    const { obj } = domainsOver(allocator, abi);
    for (const [nelem, elsize] of [
      [0, 0],
      [0, 8],
      [8, 0],
      [2 ** 40, 0],
      [0, 2 ** 40],
    ])
      expect(obj.calloc(nelem, elsize)).toBe(4096);
    expect(calls).toHaveLength(5);
  });

  it("refuses factors that are no sizes, though their product would be one", () => {
    const { allocator, calls } = recorder();
    const { obj } = domainsOver(allocator, abi);
    for (const [nelem, elsize] of [
      [-2, -8],
      [0, -8],
      [-8, 0],
      [0.5, 8],
      [8, 0.5],
      [Number.NaN, 0],
      [0, Number.NaN],
      [Number.POSITIVE_INFINITY, 0],
      [0, Number.POSITIVE_INFINITY],
    ])
      expect(obj.calloc(nelem, elsize), `${nelem} * ${elsize}`).toBe(NULL);
    expect(calls).toEqual([]);
  });
});

describe("at the edge of a domain", () => {
  it("NULL pointers and zero bytes are passed on, so that hooks see them", () => {
    const { allocator, calls } = recorder();
    const { mem } = domainsOver(allocator);
    mem.free(NULL);
    mem.realloc(NULL, 0);
    mem.malloc(0);
    expect(calls).toEqual([
      ["a", "free", NULL],
      ["a", "realloc", NULL, 0],
      ["a", "malloc", 0],
    ]);
  });
});

/** A hook as people write them: keeps what it wraps in its context. */
function hook(name: string, next: PyMemAllocatorEx, log: string[]): PyMemAllocatorEx {
  interface Ctx {
    readonly next: PyMemAllocatorEx;
  }
  const noted = (call: string): void => void log.push(`${name}.${call}`);
  const struct: PyMemAllocatorEx<Ctx> = {
    ctx: { next },
    malloc: ({ next: inner }, size) => {
      noted("malloc");
      return inner.malloc(inner.ctx, size);
    },
    calloc: ({ next: inner }, nelem, elsize) => {
      noted("calloc");
      return inner.calloc(inner.ctx, nelem, elsize);
    },
    realloc: ({ next: inner }, ptr, newSize) => {
      noted("realloc");
      return inner.realloc(inner.ctx, ptr, newSize);
    },
    free: ({ next: inner }, ptr) => {
      noted("free");
      inner.free(inner.ctx, ptr);
    },
  };
  return struct as PyMemAllocatorEx;
}

describe("an allocator that is installed", () => {
  it("is what getAllocator returns, and what every call goes through from then on", () => {
    const one = recorder("one");
    const two = recorder("two");
    const domains = domainsOver(one.allocator);
    for (const domain of all) {
      expect(domains.getAllocator(domain)).toBe(one.allocator);
      domains.setAllocator(domain, two.allocator);
      expect(domains.getAllocator(domain)).toBe(two.allocator);
      domains.domain(domain).malloc(8);
    }
    expect(one.calls).toEqual([]);
    expect(two.calls).toHaveLength(3);
  });

  it("can wrap the one before, and be wrapped again, and be taken out again", () => {
    const log: string[] = [];
    const plain = recorder("plain", log as unknown as unknown[][]).allocator;
    const domains = domainsOver(plain);
    const outside = domains.mem.malloc(8);
    expect(log.splice(0)).toEqual([["plain", "malloc", 8]]);
    for (const name of ["inner", "middle", "outer"])
      domains.setAllocator(MEM, hook(name, domains.getAllocator(MEM), log));
    const block = domains.mem.malloc(10);
    domains.mem.free(domains.mem.realloc(block, 20));
    // A block from before the hooks is not converted; these pass it on untouched.
    domains.mem.free(outside);
    const calls = [
      ["malloc", 10],
      ["realloc", 4096, 20],
      ["free", 4096],
      ["free", outside],
    ];
    expect(log.splice(0)).toEqual(
      calls.flatMap(([call, ...args]) => [
        ...["outer", "middle", "inner"].map((name) => `${name}.${call}`),
        ["plain", call, ...args],
      ]),
    );
    // OBJ has not been hooked; and MEM is itself again once the first struct is back.
    domains.obj.malloc(1);
    domains.setAllocator(MEM, plain);
    domains.mem.calloc(1, 2);
    expect(log).toEqual([
      ["plain", "malloc", 1],
      ["plain", "calloc", 1, 2],
    ]);
  });

  it("may install another one in the middle of a call", () => {
    const log: string[] = [];
    const last = recorder("last", log as unknown as unknown[][]);
    const domains = domainsOver(last.allocator);
    const once = hook("once", last.allocator, log);
    const removing: PyMemAllocatorEx = {
      ...once,
      malloc: (ctx, size) => {
        domains.setAllocator(OBJ, last.allocator);
        return once.malloc(ctx, size);
      },
    };
    domains.setAllocator(OBJ, removing);
    expect([domains.obj.malloc(1), domains.obj.malloc(2)]).toEqual([4096, 4096]);
    expect(log).toEqual(["once.malloc", ["last", "malloc", 1], ["last", "malloc", 2]]);
  });
});

describe("what is no domain or no allocator", () => {
  it.each([3, -1, 0.5, Number.NaN, undefined, "mem"])(
    "as domain %s is refused by all three calls",
    (wrong) => {
      const domains = domainsOver(recorder().allocator);
      for (const call of [
        () => domains.domain(wrong as Domain),
        () => domains.getAllocator(wrong as Domain),
        () => domains.setAllocator(wrong as Domain, recorder().allocator),
      ]) {
        expect(call).toThrow(PyrenaError);
        expect(call).toThrow(/there are 0 \(raw\), 1 \(mem\), 2 \(obj\)/);
      }
    },
  );

  it("is not installed, and the message names what is missing", () => {
    const { allocator } = recorder();
    const domains = domainsOver(allocator);
    const { free, realloc, ...rest } = allocator;
    expect([typeof free, typeof realloc]).toEqual(["function", "function"]);
    expect(() => domains.setAllocator(MEM, rest as PyMemAllocatorEx)).toThrow(
      "setAllocator(mem, …): not a PyMemAllocatorEx, missing functions realloc, free",
    );
    expect(() => domains.setAllocator(MEM, { ...allocator, free: 7 } as never)).toThrow(
      /missing function free/,
    );
    for (const nothing of [undefined, null, 7, () => {}])
      expect(() => requireAllocator(nothing, "here")).toThrow(
        /^here: not a PyMemAllocatorEx, missing functions malloc/,
      );
    expect(domains.getAllocator(MEM)).toBe(allocator);
  });
});
