/** The passes in WebAssembly leave the bytes that those in TypeScript leave, and let the same things be seen on the way. */
import { readFileSync } from "node:fs";
import {
  type AbiName,
  type Backing,
  type CollectorFactory,
  Domains,
  Heap,
  LinearMemory,
  profileFor,
} from "@pyrena/abi";
import { createPython, type Handle, type ListHandle, type Python } from "@pyrena/objects";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildEngine } from "../engine/build.ts";
import { GATHERED, ROOM_WORDS } from "../src/engine-numbers.ts";
import { incrementalFields } from "../src/incremental-state.ts";
import { generational, incremental } from "../src/index.ts";
import { stateLayout } from "../src/state.ts";

/** Objects that a program can name; each is held by a list, so that all of them are lists. */
const SLOTS = 6;

interface Twin {
  readonly py: Python;
  /** All bytes but those which mean nothing, or are told by the clock. */
  bytes(): Buffer;
}

function twin(
  python: string,
  abi: AbiName,
  collector: CollectorFactory,
  backing: Exclude<Backing, "host">,
): Twin {
  const memory = LinearMemory.create({ backing, bytes: 1 << 20, maxBytes: 1 << 28 });
  const heap = Heap.create(memory, profileFor(python, abi));
  const raw = createRawAllocator(heap);
  const arenas = createArenaSource(heap);
  const pymalloc = createPymalloc(heap, { raw, arenas });
  const py = createPython(heap, {
    domains: new Domains(heap.abi, { raw, mem: pymalloc, obj: pymalloc }),
    arenas,
    collector,
    walkers: [pymalloc.walker, raw.walker],
    onLost: () => {},
  });
  return {
    py,
    bytes: () => {
      const state = heap.layers().find(({ tag }) => tag === "GCGN" || tag === "GCIN")!;
      const isIncremental = state.tag === "GCIN";
      const { at } = isIncremental
        ? stateLayout(heap.abi, incrementalFields)
        : stateLayout(heap.abi);
      const bytes = Buffer.from(memory.u8.slice(0, memory.byteLength));
      bytes.fill(0, state.address + at.room, state.address + at.room + 4 * ROOM_WORDS);
      bytes.fill(0, state.address + at.durations, state.address + at.durations + 24);
      return bytes;
    },
  };
}

type Step = readonly [kind: string, slot: number, other: number];

const kinds = [
  ...["list", "tuple", "dict", "instance", "mourned", "rescued", "class", "full", "weak", "called"],
  ...["append", "append", "append", "append", "drop", "drop", "clear", "collect", "collect"],
  "freeze",
];
const programs = fc.array(
  fc.tuple(fc.constantFrom(...kinds), fc.nat(SLOTS - 1), fc.nat(SLOTS - 1)),
  { minLength: 4, maxLength: 80 },
);

/** Run a program; what was said in it. After every collection `look` is called. */
function run({ py }: Twin, program: readonly Step[], look: () => void): string[] {
  const said: string[] = [];
  const make = (): ListHandle => py.list();
  const slots = Array.from({ length: SLOTS }, make);
  const rescue = make();
  const plain = py.class("Plain");
  const mourned = py.class("Mourned", { __del__: () => void said.push("mourned") });
  const rescued = py.class("Rescued", {
    __del__: (self: Handle) => {
      said.push("rescued");
      rescue.append(self);
    },
  });
  const hold = (slot: ListHandle, made: Handle): void => {
    slot.append(made);
    made.release();
  };
  const instance = (cls: typeof plain, slot: ListHandle, other: ListHandle): void => {
    const made = cls.new();
    made.setAttr("other", other);
    hold(slot, made);
  };
  const weak = (slot: ListHandle, other: ListHandle, callback?: () => void): void => {
    const made = plain.new();
    made.setAttr("other", other);
    hold(other, py.weakref(made, callback));
    hold(slot, made);
  };
  const acts: Record<string, (slot: ListHandle, other: ListHandle, a: number, b: number) => void> =
    {
      list: (slot) => hold(slot, make()),
      tuple: (slot, other) => hold(slot, py.tuple([other, slot, 1])),
      dict: (slot, other) => {
        const made = py.dict();
        made.set("a", other);
        made.set("b", "text");
        hold(slot, made);
      },
      instance: (slot, other) => instance(plain, slot, other),
      mourned: (slot, other) => instance(mourned, slot, other),
      rescued: (slot, other) => instance(rescued, slot, other),
      class: (slot, other) => hold(slot, py.class("Inner", { other })),
      // More references than are gathered at a time, to what lies before and behind it.
      full: (slot, other) => {
        for (let n = 0; n < GATHERED / 2 + 7; n++) {
          slot.append(other);
          slot.append(null);
        }
      },
      weak: (slot, other) => weak(slot, other),
      called: (slot, other) => weak(slot, other, () => void said.push("called")),
      append: (slot, other) => slot.append(other),
      drop: (slot, _, a) => {
        slot.release();
        slots[a] = make();
      },
      clear: () => rescue.clear(),
      freeze: () => py.core.gc.freeze(),
      collect: (_slot, _other, a) => {
        said.push(`${py.core.gc.collect(a % 3)} of generation ${a % 3}`);
        look();
      },
    };
  py.core.gc.disable();
  for (const [kind, a, b] of program) acts[kind]!(slots[a]!, slots[b]!, a, b);
  py.core.gc.collect(2);
  look();
  py.verify();
  return said;
}

describe.each([
  ["3.11", "ilp32", "generational", generational],
  ["3.13", "lp64", "generational", generational],
  ["3.13", "ilp32", "generational", generational],
  ["3.15", "lp64", "generational", generational],
  ["3.14", "lp64", "incremental", incremental],
  ["3.14", "ilp32", "incremental", incremental],
] as const)("the engine in %s %s, %s", (python, abi, _, collector) => {
  it("leaves the same bytes as the passes in TypeScript after every collection", () => {
    fc.assert(
      fc.property(programs, (program) => {
        const script = twin(python, abi, collector(), "resizable");
        const looks: Buffer[] = [];
        const said = run(script, program, () => looks.push(script.bytes()));
        const engine = twin(python, abi, collector(), "wasm");
        let n = 0;
        expect(
          run(engine, program, () => {
            const bytes = engine.bytes();
            const before = looks[n++]!;
            const end = Math.max(bytes.length, before.length);
            const same = bytes.equals(before);
            if (same) return;
            let at = 0;
            while (at < end && bytes[at] === before[at]) at++;
            expect.fail(`byte ${at} differs after collection ${n}`);
          }),
        ).toEqual(said);
        expect(n).toBe(looks.length);
      }),
      { numRuns: 25 },
    );
  });
});

describe("the engine's bytes", () => {
  it("are those that its source compiles to", async () => {
    const committed = readFileSync(new URL("../src/engine-bytes.ts", import.meta.url), "utf8");
    expect(await buildEngine()).toBe(committed);
  });
});
