import { type AllocatorFactory, MEM, NULL, OBJ, type PyMemAllocatorEx, RAW } from "@pyrena/abi";
import { beforeAll, describe, expect, it } from "vitest";
import { churn, startPython, type TestPython } from "./python.ts";

let python: TestPython;
beforeAll(async () => {
  python = await startPython();
}, 60_000);

/** Passes everything on, and notes in a log who was asked for blocks of the size that is watched for. */
function noting(name: string, log: string[], watched: number): AllocatorFactory {
  return (next) => ({
    ...next,
    malloc: (_, size) => {
      if (size === watched) log.push(name);
      return next.malloc(next.ctx, size);
    },
  });
}

/**
 * Domain RAW, in which nothing happens unless it is called from here: blocks come and go exactly as the test says.
 */
const domains = [RAW];

describe("installations on top of one another", () => {
  it("each call through those below it", () => {
    const { live } = python;
    const log: string[] = [];
    const a = live.install({ allocator: noting("A", log, 777), domains });
    const b = live.install({ allocator: noting("B", log, 777), domains });
    const raw = live.getAllocator(RAW);
    raw.free(raw.ctx, raw.malloc(raw.ctx, 777));
    expect(log).toEqual(["B", "A"]);
    expect([a.requests(RAW)!.malloc, b.requests(RAW)!.malloc]).toEqual([1, 1]);
    expect([a.requests(RAW)!.free, b.requests(RAW)!.free]).toEqual([1, 1]);
    expect([a.onTop, b.onTop]).toEqual([false, true]);
    b.uninstall();
    a.uninstall();
    expect([a.state, b.state]).toEqual(["removed", "removed"]);
  });

  it("uninstalled from the top: each goes at once", () => {
    const { live } = python;
    const a = live.install({ domains });
    const b = live.install({ allocator: "malloc", domains });
    b.uninstall();
    expect([a.state, b.state]).toEqual(["active", "removed"]);
    expect(a.onTop).toBe(true);
    a.uninstall();
    expect(a.state).toBe("removed");
    expect(live.installations).toEqual([]);
  });

  it("uninstalled from below: it stops serving at once, and goes when the one above goes", () => {
    const { live } = python;
    const log: string[] = [];
    const a = live.install({ allocator: noting("A", log, 777), domains });
    const b = live.install({ allocator: noting("B", log, 777), domains });
    a.uninstall();
    expect(a.state).toBe("draining");
    const raw = live.getAllocator(RAW);
    const block = raw.malloc(raw.ctx, 777);
    expect(log).toEqual(["B"]);
    raw.free(raw.ctx, block);
    b.uninstall();
    expect([a.state, b.state]).toEqual(["removed", "removed"]);
    expect(live.installations).toEqual([]);
  });

  it("uninstalled in any order with blocks alive: each block ends where it came from", () => {
    const { live } = python;
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      const before = live.getAllocator(RAW);
      const installations = [];
      const blocks: number[] = [];
      const owners: number[][] = [];
      const take = (): void => {
        const raw = live.getAllocator(RAW);
        for (const size of [24, 400, 3000]) {
          const block = raw.malloc(raw.ctx, size);
          live.memory.u8.fill(blocks.length + 1, block, block + size);
          blocks.push(block);
        }
      };
      for (let n = 0; n < 3; n++) {
        const mine = new Set<number>();
        const wrong: number[] = [];
        owners.push(wrong);
        installations.push(
          n === 1
            ? live.install({ domains })
            : live.install({
                domains,
                allocator: (next) => ({
                  ...next,
                  malloc: (_, size) => {
                    const block = next.malloc(next.ctx, size);
                    mine.add(block);
                    return block;
                  },
                  calloc: (_, nelem, size) => {
                    const block = next.calloc(next.ctx, nelem, size);
                    mine.add(block);
                    return block;
                  },
                  realloc: (_, ptr, size) => {
                    if (ptr !== NULL && !mine.delete(ptr)) wrong.push(ptr);
                    const moved = next.realloc(next.ctx, ptr, size);
                    mine.add(moved);
                    return moved;
                  },
                  free: (_, ptr) => {
                    if (!mine.delete(ptr)) wrong.push(ptr);
                    next.free(next.ctx, ptr);
                  },
                }),
              }),
        );
        take();
      }
      for (const index of order) {
        installations[index]!.uninstall();
        take();
        // Resized while some drain: what is in them is kept, whoever serves them now.
        for (const [n, block] of blocks.entries()) {
          const raw = live.getAllocator(RAW);
          const moved = raw.realloc(raw.ctx, block, 500);
          expect(moved).not.toBe(NULL);
          expect(live.memory.u8[moved]).toBe(n + 1);
          expect(live.memory.u8[moved + 23]).toBe(n + 1);
          blocks[n] = moved;
        }
      }
      expect(new Set(blocks).size).toBe(18);
      for (const block of blocks) {
        const raw = live.getAllocator(RAW);
        raw.free(raw.ctx, block);
      }
      // What is drained looks now and then whether it can go: let it.
      for (let n = 0; n < 200; n++) {
        const raw = live.getAllocator(RAW);
        raw.free(raw.ctx, raw.malloc(raw.ctx, 8));
      }
      expect(owners.flat()).toEqual([]);
      expect(installations.map(({ state }) => state)).toEqual(["removed", "removed", "removed"]);
      expect(installations.flatMap(({ problems }) => problems)).toEqual([]);
      const after = live.getAllocator(RAW);
      expect(after.ctx).toBe(before.ctx);
      expect(live.installations).toEqual([]);
    }
  });

  it("removed: their functions pass everything through to whoever kept them", () => {
    const { live } = python;
    for (const allocator of ["pymalloc", (next: PyMemAllocatorEx) => ({ ...next })] as const) {
      const installation = live.install({ allocator, domains });
      const kept = live.getAllocator(RAW);
      const first = kept.malloc(kept.ctx, 100);
      installation.uninstall();
      kept.free(kept.ctx, first);
      expect(installation.state).toBe("removed");
      for (let n = 1; n < 2000; n++) {
        const block = kept.malloc(kept.ctx, n);
        live.memory.u8.fill(n & 0xff, block, block + n);
        const moved = kept.realloc(kept.ctx, block, n + 100);
        expect(live.memory.u8[moved + n - 1]).toBe(n & 0xff);
        kept.free(kept.ctx, moved);
      }
      expect(installation.problems).toEqual([]);
    }
  });

  it("hold a real program", () => {
    const { live, run } = python;
    const a = live.install();
    expect(run(churn)).toBe("ok");
    const b = live.install({ allocator: (next) => ({ ...next }), name: "pass" });
    expect(run(churn)).toBe("ok");
    const c = live.install();
    expect(run(churn)).toBe("ok");
    a.uninstall();
    expect(run(churn)).toBe("ok");
    c.uninstall();
    expect(run(churn)).toBe("ok");
    b.uninstall();
    expect(run(churn)).toBe("ok");
    for (const one of [a, b, c]) {
      one.walker?.verify();
      expect(one.problems).toEqual([]);
    }
    expect(a.domains).toEqual([MEM, OBJ]);
  });
});
