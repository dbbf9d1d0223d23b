/** Programs of Python objects, as the calls that they make: the same calls can then be made to any allocator. */
import type { AllocatorFactory } from "@pyrena/abi";
import type { Handle } from "@pyrena/objects";
import type { Runtime } from "pyrena";
import { liveRuntime } from "../shared/runtime.ts";

/** Operations of a trace. */
export const ops = { malloc: 0, calloc: 1, realloc: 2, free: 3 } as const;

/** Calls in their order. A slot stands for a block: `malloc` and `calloc` fill it, `free` empties it. */
export interface Trace {
  /** Three numbers a call: operation, slot, bytes. */
  readonly calls: Uint32Array;
  readonly slots: number;
}

/** Writes a trace down. */
export class TraceBuilder {
  readonly #calls: number[] = [];
  readonly #idle: number[] = [];
  #slots = 0;

  /** A new block. @returns its slot */
  born(op: typeof ops.malloc | typeof ops.calloc, bytes: number): number {
    const slot = this.#idle.pop() ?? this.#slots++;
    this.#calls.push(op, slot, bytes);
    return slot;
  }

  resized(slot: number, bytes: number): void {
    this.#calls.push(ops.realloc, slot, bytes);
  }

  died(slot: number): void {
    this.#calls.push(ops.free, slot, 0);
    this.#idle.push(slot);
  }

  build(): Trace {
    return { calls: Uint32Array.from(this.#calls), slots: this.#slots };
  }
}

/** Wraps an allocator, and notes the calls that it serves. */
export function recording(trace: TraceBuilder): AllocatorFactory {
  const slots = new Map<number, number>();
  const born = (
    op: typeof ops.malloc | typeof ops.calloc,
    bytes: number,
    block: number,
  ): number => {
    if (block !== 0) slots.set(block, trace.born(op, bytes));
    return block;
  };
  return (next) => ({
    ctx: undefined,
    malloc: (_, size) => born(ops.malloc, size, next.malloc(next.ctx, size)),
    calloc: (_, nelem, elsize) =>
      born(ops.calloc, nelem * elsize, next.calloc(next.ctx, nelem, elsize)),
    realloc(_, ptr, size) {
      const block = next.realloc(next.ctx, ptr, size);
      if (ptr === 0) return born(ops.malloc, size, block);
      const slot = slots.get(ptr);
      if (block !== 0 && slot !== undefined) {
        trace.resized(slot, size);
        slots.delete(ptr);
        slots.set(block, slot);
      }
      return block;
    },
    free(_, ptr) {
      const slot = slots.get(ptr);
      if (slot !== undefined) trace.died(slot);
      slots.delete(ptr);
      next.free(next.ctx, ptr);
    },
    walker: next.walker,
  });
}

/** Programs to choose from: what they are called on the page, and what they do. */
export const programs = {
  "20,000 strs; each 50th stays": ({ py }) => {
    const kept: Handle[] = [];
    const strs = Array.from({ length: 20_000 }, (_, n) => py.str(`number ${n}`));
    for (const [n, str] of strs.entries()) {
      if (n % 50 === 0) kept.push(str);
      else str.release();
    }
  },
  "strs of all sizes, then others": ({ py }) => {
    const make = (from: number): Handle[] =>
      Array.from({ length: 3000 }, (_, n) => py.str("x".repeat(from + ((n * 37) % 400))));
    const first = make(1);
    for (const str of first) str.release();
    make(90);
  },
  "40,000 strs; all go": ({ py }) => {
    const strs = Array.from({ length: 40_000 }, (_, n) => py.str(`number ${n}`));
    for (const str of strs) str.release();
  },
  "a list of 30,000 floats, grown by append": ({ py }) => {
    const list = py.list();
    for (let n = 0; n < 30_000; n++) list.append(n + 0.5);
  },
  "3,000 dicts come and go": ({ py }) => {
    for (let n = 0; n < 3000; n++) {
      py.scope(() => void py.dict({ number: n + 1000, name: `dict ${n}`, more: [n + 0.5] }));
    }
  },
} as const satisfies Record<string, (runtime: Runtime) => void>;

export type ProgramName = keyof typeof programs;
export const programNames = Object.keys(programs) as ProgramName[];

/** Run a program on a Python heap, and note what its objects ask of the domains MEM and OBJ. */
export function record(name: ProgramName): Trace {
  const trace = new TraceBuilder();
  const step = recording(trace);
  programs[name](liveRuntime({ allocator: { mem: step, obj: step } }));
  return trace.build();
}
