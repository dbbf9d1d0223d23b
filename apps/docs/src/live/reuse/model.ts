/** The reuse page: which objects are shared, and which are kept for the next who needs one. */
import type { Runtime } from "pyrena";
import { liveRuntime } from "../shared/runtime.ts";

/** Whether two objects that were made alike are one. */
export interface Sameness {
  readonly same: boolean;
  readonly first: number;
  readonly second: number;
}

/** Two ints made at run time, apart from each other. */
export function sameInts(value: number, python = "3.13"): Sameness {
  return pair(python, (py) => py.int(value));
}

/** Two strs of the same text, made at run time; interned or not. */
export function sameStrs(text: string, interned: boolean, python = "3.13"): Sameness {
  return pair(python, (py) => (interned ? py.intern(text) : py.str(text)));
}

function pair(
  python: string,
  make: (py: Runtime["py"]) => ReturnType<Runtime["py"]["str"]>,
): Sameness {
  const { py } = liveRuntime({ python });
  const [one, other] = [make(py), make(py)];
  return { same: one.is(other), first: one.id, second: other.id };
}

export const recyclable = ["list", "float", "dict", "tuple of 2"] as const;
export type Recyclable = (typeof recyclable)[number];

type AnyHandle = ReturnType<Runtime["py"]["str"]>;

/** Objects of one type that come and go. */
export class FreeListLab {
  readonly runtime: Runtime;
  #live: AnyHandle[] = [];
  /** Addresses of those that died last, in order. */
  #died: number[] = [];

  constructor(python = "3.13") {
    this.runtime = liveRuntime({ python });
    this.runtime.gc.disable();
  }

  get live(): number {
    return this.#live.length;
  }

  /** @returns how many of the new ones lie where one died before */
  make(kind: Recyclable, count: number): number {
    const { py } = this.runtime;
    let reused = 0;
    for (let n = 0; n < count; n++) {
      const one: AnyHandle =
        kind === "list"
          ? py.list()
          : kind === "float"
            ? py.float(n + 0.5)
            : kind === "dict"
              ? py.dict()
              : py.tuple([n % 2 === 0, null]);
      if (this.#died.includes(one.id)) reused++;
      this.#live.push(one);
    }
    return reused;
  }

  drop(): number {
    this.#died = this.#live.map(({ id }) => id);
    for (const one of this.#live) one.release();
    const dropped = this.#live.length;
    this.#live = [];
    return dropped;
  }

  collect(): void {
    this.runtime.gc.collect();
  }

  /** Free lists that hold something. */
  kept(): { readonly name: string; readonly free: number; readonly bytes: number }[] {
    return this.runtime.objects.inspect
      .freeListLines()
      .filter(({ free }) => free > 0)
      .map(({ name, free, bytes }) => ({ name, free, bytes }));
  }
}
