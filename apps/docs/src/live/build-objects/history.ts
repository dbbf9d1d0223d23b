/** Versions of a document. A version is a tuple of paragraphs, and never changes; versions share what they can. */
import type { ListHandle, TupleHandle } from "@pyrena/objects";
import type { Runtime } from "pyrena";

export class History {
  readonly #runtime: Runtime;

  /** @param runtime one with a history in it already, or with a tuple in its global `document` */
  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    for (const name of ["past", "future"])
      if (!runtime.globals.has(name)) runtime.globals.set(name, []);
  }

  /** Make a version with another text in one paragraph. */
  edit(paragraph: number, text: string): void {
    const { py, globals } = this.#runtime;
    py.scope(() => {
      const before = this.#document();
      globals.set("document", before.with(paragraph, text));
      this.#list("past").append(before);
      this.#list("future").clear();
    });
  }

  /** Go one version back. @returns whether there was one */
  undo(): boolean {
    return this.#move("past", "future");
  }

  redo(): boolean {
    return this.#move("future", "past");
  }

  /** How many versions there are before and after this one. */
  get counts(): readonly [past: number, future: number] {
    return this.#runtime.py.scope(() => [this.#list("past").length, this.#list("future").length]);
  }

  get paragraphs(): string[] {
    return this.#runtime.py.scope(() => [...this.#document()].map(String));
  }

  /** Addresses of all versions. */
  get versions(): number[] {
    return this.#runtime.py.scope(() =>
      [...this.#list("past").refs(), this.#document(), ...this.#list("future").refs()].map(
        ({ id }) => id,
      ),
    );
  }

  #move(from: "past" | "future", to: "past" | "future"): boolean {
    return this.#runtime.py.scope(() => {
      if (this.#list(from).length === 0) return false;
      this.#list(to).append(this.#document());
      this.#runtime.globals.set("document", this.#list(from).pop());
      return true;
    });
  }

  #document(): TupleHandle {
    return this.#runtime.globals.ref("document") as TupleHandle;
  }

  #list(name: "past" | "future"): ListHandle {
    return this.#runtime.globals.ref(name) as ListHandle;
  }
}

/** Bytes of all that the objects lead to, each object counted once: `sys.getsizeof`, summed up. */
export function bytesOf({ objects }: Runtime, roots: readonly number[]): number {
  const seen = new Set(roots);
  let bytes = 0;
  // A Set visits what is added to it meanwhile.
  for (const object of seen) {
    bytes += objects.protocol.getsizeof(object);
    objects.inspect.references(object, (referent) => void seen.add(referent));
  }
  return bytes;
}
