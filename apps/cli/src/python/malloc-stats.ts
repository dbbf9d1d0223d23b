/**
 * `PYTHONMALLOCSTATS`: the statistics on stderr each time a new arena is about to be created, and once at the end. The
 * embedded CPython is built without pymalloc and ignores the variable; so this is done here.
 */
import { writeSync } from "node:fs";
import type { Profile, PyObjectArenaAllocator } from "@pyrena/abi";
import type { Pymalloc } from "@pyrena/pymalloc";
import { debugMallocStats, takeSnapshot } from "@pyrena/stats";

/** Prints the statistics of one pymalloc. */
export class MallocStatsPrinter {
  readonly #profile: Profile;
  /** Set when it exists, which is after its source of arenas does. */
  pymalloc: Pymalloc | undefined;

  constructor(profile: Profile) {
    this.#profile = profile;
  }

  /** A source of arenas that prints first. The heap is consistent then: pymalloc has decided, and done nothing yet. */
  readonly wrapArenas = (next: PyObjectArenaAllocator): PyObjectArenaAllocator => ({
    ctx: next.ctx,
    alloc: (ctx, size) => {
      this.print();
      return next.alloc(ctx, size);
    },
    free: next.free,
  });

  /** Print now. Nothing is allocated in the interpreter's memory, nor does a closed stderr matter. */
  print(): void {
    if (this.pymalloc === undefined) return;
    const { walker, stats } = this.pymalloc;
    writeAll(
      debugMallocStats(takeSnapshot(walker, { stats: [stats] }), { profile: this.#profile }),
    );
  }
}

function writeAll(text: string): void {
  let rest: Uint8Array = new TextEncoder().encode(text);
  let patience = 10_000;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(2, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || --patience === 0) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
