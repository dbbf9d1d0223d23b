/** The memory layout page: everything in the linear memory, by name, while frames and objects come and go. */
import type { Runtime } from "pyrena";
import { liveRuntime } from "../shared/runtime.ts";

/** What a stretch of memory is for. */
export type RegionName = ReturnType<Runtime["py"]["regions"]>[number]["name"];

/** All memory of one kind. */
export interface Kind {
  readonly name: RegionName;
  readonly bytes: number;
  readonly used: number;
}

/** One stretch of memory. */
export interface Stretch {
  readonly name: RegionName;
  readonly base: number;
  readonly bytes: number;
}

export const regionNames: readonly RegionName[] = [
  "header",
  "static data",
  "data stack",
  "object heap",
  "raw blocks",
  "free",
];

/** A program with a stack and a heap. */
export class MemoryLab {
  readonly runtime: Runtime;
  readonly #frames: number[] = [];
  readonly #kept: { release(): void }[] = [];

  constructor(python = "3.13") {
    this.runtime = liveRuntime({ python, memory: { bytes: 4 << 20, maxBytes: 1 << 28 } });
  }

  get depth(): number {
    return this.#frames.length;
  }

  get objects(): number {
    return this.#kept.length;
  }

  /** Call a function so many levels deep; each frame has ten locals. */
  call(levels: number): void {
    const { frames } = this.runtime.objects;
    for (let n = 0; n < levels; n++) {
      const frame = frames.pushNamed(
        "f",
        Array.from({ length: 10 }, (_, i) => `x${i}`),
      );
      if (frame === 0) return;
      this.#frames.push(frame);
    }
  }

  /** Return from all of them. */
  unwind(): void {
    const { frames } = this.runtime.objects;
    for (let frame = this.#frames.pop(); frame !== undefined; frame = this.#frames.pop())
      frames.pop(frame);
  }

  makeSmall(count: number): void {
    for (let n = 0; n < count; n++) this.#kept.push(this.runtime.py.float(n + 0.5));
  }

  makeLarge(bytes: number): void {
    this.#kept.push(this.runtime.py.bytes(new Uint8Array(bytes)));
  }

  drop(): void {
    for (const one of this.#kept.splice(0)) one.release();
  }

  /** The whole memory, in order of address; neighbours of one name are one. */
  stretches(): Stretch[] {
    const found: Stretch[] = [];
    for (const { name, base, bytes } of this.runtime.py.regions()) {
      const last = found.at(-1);
      if (last?.name === name) found[found.length - 1] = { ...last, bytes: last.bytes + bytes };
      else found.push({ name, base, bytes });
    }
    return found;
  }

  kinds(): Kind[] {
    const regions = this.runtime.py.regions();
    return regionNames.map((name) => {
      const own = regions.filter((region) => region.name === name);
      const sum = (of: "bytes" | "used"): number =>
        own.reduce((all, region) => all + region[of], 0);
      return { name, bytes: sum("bytes"), used: sum("used") };
    });
  }

  get bytes(): number {
    return this.runtime.memory.byteLength;
  }
}
