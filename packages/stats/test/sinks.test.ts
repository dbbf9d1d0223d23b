import { Worker } from "node:worker_threads";
import {
  type EventKind,
  eventKinds,
  Heap,
  LinearMemory,
  PyrenaError,
  profileFor,
  type StatsSink,
} from "@pyrena/abi";
import { createRawAllocator } from "@pyrena/raw";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  attachRingSink,
  callbackSink,
  createRingSink,
  destroyRingSink,
  eventName,
  nullSink,
  RING_TAG,
} from "../src/index.ts";

type Event = [EventKind, number, number, number];

function heapWithRaw(backing: "wasm" | "shared" = "wasm") {
  const memory = LinearMemory.create({ backing, bytes: 1 << 20, maxBytes: 1 << 24 });
  const heap = Heap.create(memory, profileFor("3.13", "lp64"));
  return { heap, raw: createRawAllocator(heap) };
}

const send = (sink: StatsSink, [kind, a, b, c]: Event): void => sink.event(sink.ctx, kind, a, b, c);

describe("callbackSink and nullSink", () => {
  test("hand every event on at once, or to nobody", () => {
    const seen: Event[] = [];
    const sink = callbackSink((...event) => seen.push(event));
    send(sink, [eventKinds.grow, 1, 2 ** 32, 0]);
    send(nullSink, [eventKinds.grow, 1, 2, 3]);
    expect(seen).toEqual([[eventKinds.grow, 1, 2 ** 32, 0]]);
  });

  test("event kinds have names; one that is not known has its number", () => {
    expect(eventName(eventKinds.arenaAlloc)).toBe("arenaAlloc");
    expect(eventName(eventKinds.outOfMemory)).toBe("outOfMemory");
    expect(eventName(99)).toBe("event 99");
  });
});

describe("RingSink", () => {
  test("gives back what was put in, in order, and counts what it had no room for", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.oneof(fc.constant("drain" as const), fc.nat({ max: 20 })), { maxLength: 40 }),
        (capacity, steps) => {
          const { heap, raw } = heapWithRaw();
          const ring = createRingSink(heap, raw, capacity);
          const model: Event[] = [];
          let dropped = 0;
          let next = 0;
          const drain = (): void => {
            const seen: Event[] = [];
            expect(ring.drain((...event) => seen.push(event))).toBe(seen.length);
            expect(seen).toEqual(model.splice(0));
          };
          for (const step of steps) {
            if (step === "drain") drain();
            else {
              for (let n = 0; n < step; n++, next++) {
                const event: Event = [eventKinds.arenaAlloc, next, 2 ** 32 + next, -next];
                send(ring, event);
                if (model.length < ring.capacity) model.push(event);
                else dropped++;
              }
            }
            expect(ring.dropped).toBe(dropped);
          }
          drain();
          expect(ring.capacity).toBeGreaterThanOrEqual(capacity);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("is found again in the heap's bytes, its events included", () => {
    const { heap, raw } = heapWithRaw();
    const ring = createRingSink(heap, raw, 8);
    send(ring, [eventKinds.grow, 10, 20, 30]);
    const copy = LinearMemory.over(heap.memory.buffer.slice(0) as ArrayBuffer);
    const seen: Event[] = [];
    attachRingSink(Heap.attach(copy)).drain((...event) => seen.push(event));
    expect(seen).toEqual([[eventKinds.grow, 10, 20, 30]]);
    expect(ring.drain(() => {})).toBe(1);
  });

  test("goes on when its counters wrap around", () => {
    const { heap, raw } = heapWithRaw();
    const ring = createRingSink(heap, raw, 4);
    const words = heap.memory.i32.subarray(ring.address >>> 2);
    const start = 2 ** 31 - 2;
    words[1] = start;
    words[2] = start;
    for (let n = 0; n < 4; n++) words[8 + 8 * ((start + n) % 4)] = (start + n) | 0;
    for (let n = 0; n < 12; n++) {
      send(ring, [eventKinds.shrink, n, 0, 0]);
      const seen: number[] = [];
      ring.drain((_kind, a) => seen.push(a));
      expect(seen).toEqual([n]);
    }
    expect(words[1]).toBeLessThan(0);
  });

  test("a receiver may use the heap: what it causes comes the next time", () => {
    const { heap, raw } = heapWithRaw();
    const ring = createRingSink(heap, raw, 4);
    send(ring, [eventKinds.grow, 0, 0, 0]);
    let calls = 0;
    const receive = (): void => {
      calls++;
      send(ring, [eventKinds.grow, 0, 0, 0]);
    };
    expect(ring.drain(receive)).toBeLessThanOrEqual(ring.capacity);
    expect(calls).toBeLessThanOrEqual(ring.capacity);
    expect(ring.drain(() => {})).toBe(1);
  });

  test("gives its memory back, and leaves the heap's directory", () => {
    const { heap, raw } = heapWithRaw();
    const before = raw.stats.read(0);
    const ring = createRingSink(heap, raw);
    expect(raw.stats.read(0)).toBe(before + 1);
    destroyRingSink(heap, raw, ring);
    expect(raw.stats.read(0)).toBe(before);
    expect(heap.layers().some(({ tag }) => tag === RING_TAG)).toBe(false);
    expect(() => destroyRingSink(heap, raw, ring)).toThrow(PyrenaError);
    expect(() => attachRingSink(heap)).toThrow(/no layer/);
  });

  test("a ring that can't be made leaves nothing behind", () => {
    const { heap, raw } = heapWithRaw();
    for (const capacity of [0, -1, 1.5, Number.NaN, 2 ** 21]) {
      expect(() => createRingSink(heap, raw, capacity)).toThrow(/capacity/);
    }
    const full = { ...raw, calloc: () => 0 };
    expect(() => createRingSink(heap, full)).toThrow(/no room/);
    const before = raw.stats.read(0);
    for (;;) {
      try {
        heap.register("FULL", 0, 0, 1);
      } catch {
        break;
      }
    }
    expect(() => createRingSink(heap, raw)).toThrow(/no room for 'RING'|directory/);
    expect(raw.stats.read(0)).toBe(before);
  });

  test("several workers put events in while one takes them out: none is lost or torn", async () => {
    const { heap, raw } = heapWithRaw("shared");
    const ring = createRingSink(heap, raw, 64);
    const each = 3000;
    // Workers run in plain Node: they load the packages as they are built.
    const modules = {
      abi: import.meta.resolve("@pyrena/abi"),
      stats: import.meta.resolve("@pyrena/stats"),
    };
    const code = `
      const { workerData, parentPort } = require("node:worker_threads");
      (async () => {
        const { Heap, LinearMemory } = await import(workerData.modules.abi);
        const { attachRingSink } = await import(workerData.modules.stats);
        const ring = attachRingSink(Heap.attach(LinearMemory.over(workerData.memory)));
        const never = new Int32Array(new SharedArrayBuffer(4));
        for (let n = 0; n < workerData.each; n++) {
          ring.event(ring, 1 + workerData.id, n, n * 2 ** 20, -n);
          // Bursts and pauses: the ring is full, empty and in between.
          if (n % 50 === 49) Atomics.wait(never, 0, 0, 2);
        }
        parentPort.postMessage("done");
      })();
    `;
    const workers = [1, 2].map(
      (id) =>
        new Worker(code, {
          eval: true,
          workerData: { modules, memory: heap.memory.transferable, each, id },
        }),
    );
    let running = workers.length;
    for (const worker of workers) {
      worker.on("message", () => running--);
      worker.on("error", (error) => {
        throw error;
      });
    }
    const last = [0, -1, -1, -1];
    let taken = 0;
    const take = (kind: number, a: number, b: number, c: number): void => {
      taken++;
      expect(b).toBe(a * 2 ** 20);
      expect(c).toBe(-a);
      expect(a).toBeGreaterThan(last[kind]!);
      last[kind] = a;
    };
    while (running > 0) {
      ring.drain(take);
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (ring.drain(take) > 0);
    await Promise.all(workers.map((worker) => worker.terminate()));
    expect(taken).toBeGreaterThan(64);
    expect(taken + ring.dropped).toBe(2 * each);
  }, 60_000);
});
