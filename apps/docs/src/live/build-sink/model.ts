/** A Python heap with the page's sink and its counter by size class. */
import type { Runtime } from "pyrena";
import { liveRuntime } from "../shared/runtime.ts";
import { byClass, type Counts } from "./by-class.ts";
import { type ArenaLog, arenaSink } from "./sink.ts";

type Held = { release(): void };

/** What can be made in it. */
export const kinds = ["floats", "strs", "lists", "dicts"] as const;
export type Kind = (typeof kinds)[number];

export class SinkLab {
  readonly log: ArenaLog;
  readonly counts: Counts = new Uint32Array(33);
  readonly runtime: Runtime;
  #held: Held[] = [];

  constructor() {
    const sink = arenaSink();
    this.log = sink.ctx;
    this.runtime = liveRuntime({
      allocator: {
        mem: (next) => byClass(next, this.counts),
        obj: (next) => byClass(next, this.counts),
      },
    });
    const pymalloc = this.runtime.pymalloc!;
    // Arenas from before are no events any more.
    pymalloc.walker.walk({ region: () => void this.log.arenas++ });
    this.log.peak = this.log.arenas;
    pymalloc.sink = sink;
  }

  /** Objects that are made and kept. */
  get held(): number {
    return this.#held.length;
  }

  make(kind: Kind, count: number): void {
    const { py } = this.runtime;
    const one: Record<Kind, (n: number) => Held> = {
      floats: (n) => py.float(n + 0.5),
      strs: (n) => py.str(`number ${n}`),
      lists: (n) => py.list([n, n]),
      dicts: (n) => py.dict({ n }),
    };
    for (let n = 0; n < count; n++) this.#held.push(one[kind](n));
  }

  /** Let go of all but each n-th; 0: of all. */
  drop(nth: number): void {
    const stays = (n: number): boolean => nth > 0 && n % nth === 0;
    for (const [n, handle] of this.#held.entries()) if (!stays(n)) handle.release();
    this.#held = this.#held.filter((_, n) => stays(n));
  }
}
