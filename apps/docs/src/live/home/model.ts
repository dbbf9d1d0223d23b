/** The first page's picture: a program that makes and drops objects, and the arenas that it lives in. */
import type { Runtime } from "pyrena";
import { type ArenaCell, readArenas } from "../shared/heap-map.ts";
import { liveRuntime } from "../shared/runtime.ts";

/** Python objects that come and go. */
export class ChurnLab {
  readonly runtime: Runtime;
  readonly #live: { release(): void }[] = [];
  #seed = 1;
  #made = 0;

  constructor() {
    this.runtime = liveRuntime({ python: "3.13" });
    this.runtime.gc.disable();
  }

  /** A small generator of its own: the picture is the same on every visit. */
  #random(below: number): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#seed / 2 ** 32) * below);
  }

  get made(): number {
    return this.#made;
  }

  get live(): number {
    return this.#live.length;
  }

  /** Make objects of many sizes, and drop some that live. */
  turn(make: number, drop: number): void {
    const { py } = this.runtime;
    for (let n = 0; n < make; n++) {
      const size = this.#random(8) === 0 ? this.#random(400) : this.#random(60);
      this.#live.push(
        n % 3 === 0
          ? py.float(n + 0.5)
          : n % 3 === 1
            ? py.str("x".repeat(size))
            : py.tuple([null, true, false]),
      );
      this.#made++;
    }
    for (let n = 0; n < drop && this.#live.length > 0; n++) {
      const at = this.#random(this.#live.length);
      const last = this.#live.pop()!;
      if (at < this.#live.length) {
        this.#live[at]!.release();
        this.#live[at] = last;
      } else {
        last.release();
      }
    }
  }

  /** Drop all but one in a hundred. */
  dropMost(): void {
    const stay = this.#live.filter((_, n) => n % 100 === 0);
    this.#live.forEach((one, n) => {
      if (n % 100 !== 0) one.release();
    });
    this.#live.splice(0, this.#live.length, ...stay);
  }

  arenas(): ArenaCell[] {
    return readArenas(this.runtime.pymalloc!);
  }
}
