import {
  type Address,
  Heap,
  LinearMemory,
  MEM,
  OBJ,
  type Profile,
  PyrenaError,
  profileFor,
  profiles,
  RAW,
} from "@pyrena/abi";
import { randomProgram, seededRandom, tinyProfile } from "@pyrena/conformance";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { describe, expect, test } from "vitest";
import { headerFor, openTrace, replay, TraceRecorder, TraceWriter } from "../src/index.ts";
import { readAll } from "./support/read.ts";

/** A heap all of whose layers are recorded. */
function recordedHeap(profile: Profile) {
  const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 28 });
  const heap = Heap.create(memory, profile);
  const recorder = new TraceRecorder(new TraceWriter(headerFor(profile)));
  const raw = recorder.wrap(createRawAllocator(heap), RAW);
  const arenas = recorder.wrapArenas(createArenaSource(heap));
  // What pymalloc itself takes for its state is no request of a program's.
  recorder.recording = false;
  const pymalloc = createPymalloc(heap, { raw, arenas });
  recorder.recording = true;
  return {
    recorder,
    raw,
    mem: recorder.wrap(pymalloc, MEM),
    obj: recorder.wrap(pymalloc, OBJ),
    pymalloc,
  };
}

describe("TraceRecorder", () => {
  test.each(profiles.map((profile) => [profile.name, profile] as const))(
    "%s: a program on Pyrena's own heap replays exactly",
    async (_name, profile) => {
      const { recorder, raw, mem, obj } = recordedHeap(profile);
      const random = seededRandom(profile.id);
      const live: { address: Address; by: typeof raw }[] = [];
      for (let n = 0; n < 6000; n++) {
        const by = [raw, mem, obj, obj][Math.floor(random() * 4)]!;
        const pick = Math.floor(random() * live.length);
        const size = Math.floor(random() * (n % 7 === 0 ? 3000 : 520));
        const kind = random();
        if (kind < 0.45 || live.length < 20) {
          live.push({ address: by.malloc(by.ctx, size), by });
        } else if (kind < 0.55) {
          live.push({ address: by.calloc(by.ctx, 3, size), by });
        } else if (kind < 0.7) {
          const block = live[pick]!;
          block.address = block.by.realloc(block.by.ctx, block.address, size);
        } else {
          const [block] = live.splice(pick, 1);
          block!.by.free(block!.by.ctx, block!.address);
        }
        if (n === 4000)
          for (const block of live.splice(30)) block.by.free(block.by.ctx, block.address);
      }
      const reader = await openTrace(recorder.writer.finish());
      const result = await replay(reader, { profile });
      expect(result).toMatchObject({ wrong: 0, unmatchedFrees: 0, missingFrees: 0 });
      expect(result).toMatchObject({ arenasFreedInOrder: true, liveBlocks: live.length });
      expect(result.exact).toBeGreaterThan(2000);
      expect(result.events).toBe(result.records - 1 - result.arenas - result.arenasFreed);
    },
  );

  test("in the tiny profile, where arenas come and go all the time, too", async () => {
    for (const options of [{}, { keepsLastArena: false }]) {
      for (const abi of ["lp64", "ilp32"] as const) {
        const profile = tinyProfile(abi, options);
        const { recorder, obj } = recordedHeap(profile);
        const blocks = new Map<number, Address>();
        for (const { slot, ...operation } of randomProgram(5, { length: 6000, slots: 300 })) {
          const block = blocks.get(slot) ?? 0;
          // Sizes for CPython's limit are too large for this profile's.
          if (operation.op === "realloc") {
            blocks.set(slot, obj.realloc(obj.ctx, block, operation.bytes % 130));
          } else {
            obj.free(obj.ctx, block);
            blocks.set(slot, 0);
            if (operation.op === "malloc") {
              blocks.set(slot, obj.malloc(obj.ctx, operation.bytes % 130));
            } else if (operation.op === "calloc") {
              blocks.set(slot, obj.calloc(obj.ctx, operation.nelem % 7, operation.elsize));
            }
          }
        }
        for (const block of blocks.values()) obj.free(obj.ctx, block);
        const result = await replay(await openTrace(recorder.writer.finish()), { profile });
        expect(result).toMatchObject({ wrong: 0, arenasFreedInOrder: true, liveBlocks: 0 });
        expect(result.arenasFreed).toBeGreaterThan(0);
      }
    }
  });

  test("only the outermost call is written, and free(NULL) is not", async () => {
    const { recorder, mem } = recordedHeap(profileFor("3.13", "lp64"));
    const large = mem.malloc(mem.ctx, 5000);
    mem.free(mem.ctx, 0);
    mem.free(mem.ctx, large);
    const { records } = await readAll(recorder.writer.finish());
    expect(records.map(({ kind }) => kind)).toEqual(["malloc", "free", "end"]);
    expect(records[0]).toMatchObject({ domain: MEM, size: 5000, result: large });
  });

  test("goes on after an allocator that threw", async () => {
    const recorder = new TraceRecorder(new TraceWriter(headerFor(profileFor("3.13", "lp64"))));
    const fail = (): never => {
      throw new PyrenaError("bad-block", "broken");
    };
    const broken = recorder.wrap(
      { ctx: null, malloc: fail, calloc: fail, realloc: fail, free: fail },
      OBJ,
    );
    expect(() => broken.malloc(broken.ctx, 1)).toThrow("broken");
    expect(() => broken.calloc(broken.ctx, 1, 1)).toThrow("broken");
    expect(() => broken.realloc(broken.ctx, 0, 1)).toThrow("broken");
    expect(() => broken.free(broken.ctx, 16)).toThrow("broken");
    const whole = recorder.wrap(
      { ctx: null, malloc: () => 32, calloc: () => 0, realloc: () => 0, free: () => {} },
      OBJ,
    );
    whole.malloc(whole.ctx, 7);
    const { records } = await readAll(recorder.writer.finish());
    expect(records).toMatchObject([{ kind: "free", ptr: 16 }, { kind: "malloc", result: 32 }, {}]);
  });

  test("passes on the walker of what it wraps", () => {
    const { obj, pymalloc } = recordedHeap(profileFor("3.13", "lp64"));
    expect(obj.walker).toBe(pymalloc.walker);
  });
});
