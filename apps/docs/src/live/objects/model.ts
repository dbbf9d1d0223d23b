/** The objects page: one object, the names that refer to it, and its bytes. */
import type { Runtime } from "pyrena";
import { grouped } from "../../i18n/texts.ts";
import type { ByteField } from "../shared/BytesView.tsx";
import { hexOf } from "../shared/heap-map.ts";
import { liveRuntime } from "../shared/runtime.ts";

type AnyHandle = ReturnType<Runtime["py"]["from"]>;

/** What can be looked at. */
export const kinds = ["[1, 2]", "(1, 2)", "1.5", "1000", "'abc'", "None"] as const;
export type Kind = (typeof kinds)[number];

/** What a field is for. */
export type Meaning =
  | "gcNext"
  | "gcPrev"
  | "refcount"
  | "double"
  | "tag"
  | "digits"
  | "digit"
  | "characters"
  | "hash"
  | "state"
  | "text"
  | "items"
  | "tupleHash"
  | "one"
  | "two"
  | "itemsAt"
  | "room";

/** A field of the object, or of the words before it. */
export interface ObjectField extends ByteField {
  /** Of `ob_type`: the type's name. */
  readonly meaning: Meaning | { readonly type: string };
}

/** The object's bytes, with the words before it if it has any. */
export interface ObjectBytes {
  /** Address of the first byte that is shown. */
  readonly base: number;
  readonly bytes: Uint8Array;
  readonly fields: readonly ObjectField[];
  /** Offset of the object in these bytes. */
  readonly origin: number;
}

export class ObjectLab {
  readonly runtime: Runtime;
  readonly address: number;
  readonly sizeof: number;
  readonly #kind: Kind;
  readonly #names: AnyHandle[] = [];
  readonly #box: ReturnType<Runtime["py"]["list"]>;
  #alive = true;

  constructor(python = "3.13", kind: Kind = "[1, 2]") {
    this.runtime = liveRuntime({ python });
    this.#kind = kind;
    const { py } = this.runtime;
    this.#box = py.list();
    const made = this.#make();
    this.#names.push(made);
    this.address = made.id;
    this.sizeof = made.sizeof;
  }

  #make(): AnyHandle {
    const { py } = this.runtime;
    switch (this.#kind) {
      case "[1, 2]":
        return py.list([1, 2]);
      case "(1, 2)":
        return py.tuple([1, 2]);
      case "1.5":
        return py.float(1.5);
      case "1000":
        return py.int(1000);
      case "'abc'":
        return py.str("abc");
      case "None":
        return py.none.dup();
    }
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Names bound to it: a, b, c … */
  get names(): string[] {
    return this.#names.map((_, n) => "abcdefgh"[n]!);
  }

  get boxed(): number {
    return this.#box.length;
  }

  /** The count that stands in memory: of a dead object, what its last owner left. */
  get refcount(): number {
    return this.runtime.memory.u32[this.address >>> 2]!;
  }

  /** `b = a`. @returns whether there was a letter left */
  bind(): boolean {
    if (!this.#alive || this.#names.length >= 8) return false;
    this.#names.push(this.#another());
    return true;
  }

  /** `del` the last name. */
  unbind(): void {
    this.#names.pop()?.release();
    this.#look();
  }

  /** `box.append(a)`. */
  box(): void {
    if (!this.#alive) return;
    const one = this.#another();
    this.#box.append(one);
    one.release();
  }

  /** `box.clear()`. */
  unbox(): void {
    this.#box.clear();
    this.#look();
  }

  #another(): AnyHandle {
    const { py, objects } = this.runtime;
    return py.own(objects.refs.newRef(this.address));
  }

  #look(): void {
    const { inspect } = this.runtime.objects;
    if (this.#names.length > 0 || this.#box.length > 0) return;
    let found = false;
    inspect.each((object) => {
      if (object === this.address) found = true;
    });
    this.#alive = found;
  }

  bytes(): ObjectBytes {
    const { memory, profile } = this.runtime;
    const word = profile.abi.pointerBytes;
    const { gcHead } = profile.headers;
    const isGc = this.#kind === "[1, 2]" || this.#kind === "(1, 2)";
    const origin = isGc ? gcHead : 0;
    const base = this.address - origin;
    const read = (at: number): number => memory.u32[(this.address + at) >>> 2]!;
    const fields: ObjectField[] = [];
    const add = (
      name: string,
      at: number,
      bytes: number,
      value: string,
      meaning: ObjectField["meaning"],
    ): void => {
      fields.push({ name, offset: origin + at, bytes, value, meaning });
    };
    if (isGc) {
      const next = read(-gcHead);
      add("_gc_next", -gcHead, word, hexOf(next), "gcNext");
      add("_gc_prev", -gcHead + word, word, hexOf(read(word - gcHead)), "gcPrev");
    }
    add("ob_refcnt", 0, word, grouped(this.refcount), "refcount");
    const type = read(word);
    add("ob_type", word, word, hexOf(type), { type: this.runtime.objects.types.name(type) });
    const end = this.#fieldsOf(add, 2 * word, word, read);
    return {
      base,
      bytes: memory.u8.slice(base, this.address + end),
      fields,
      origin,
    };
  }

  /** Fields after the header. @returns where they end */
  #fieldsOf(
    add: (name: string, at: number, bytes: number, value: string, meaning: Meaning) => void,
    at: number,
    word: number,
    read: (at: number) => number,
  ): number {
    const { memory, profile } = this.runtime;
    switch (this.#kind) {
      case "None":
        return at;
      case "1.5":
        add("ob_fval", at, 8, String(memory.f64[(this.address + at) >>> 3]), "double");
        return at + 8;
      case "1000": {
        const tagged = profile.python !== "3.11";
        add(tagged ? "lv_tag" : "ob_size", at, word, String(read(at)), tagged ? "tag" : "digits");
        add("ob_digit[0]", at + word, 4, String(read(at + word)), "digit");
        return at + word + 4;
      }
      case "'abc'": {
        add("length", at, word, String(read(at)), "characters");
        add("hash", at + word, word, `0x${read(at + word).toString(16)}…`, "hash");
        add("state", at + 2 * word, 4, `0x${(read(at + 2 * word) & 0xff).toString(16)}`, "state");
        const data = this.sizeof - 4;
        add("data", data, 4, "'abc'", "text");
        return data + 4;
      }
      case "(1, 2)": {
        add("ob_size", at, word, String(read(at)), "items");
        let first = at + word;
        if (this.sizeof - profile.headers.gcHead > first + 2 * word) {
          add("ob_hash", first, word, "-1", "tupleHash");
          first += word;
        }
        add("ob_item[0]", first, word, hexOf(read(first)), "one");
        add("ob_item[1]", first + word, word, hexOf(read(first + word)), "two");
        return first + 2 * word;
      }
      case "[1, 2]":
        add("ob_size", at, word, String(read(at)), "items");
        add("ob_item", at + word, word, hexOf(read(at + word)), "itemsAt");
        add("allocated", at + 2 * word, word, String(read(at + 2 * word)), "room");
        return at + 3 * word;
    }
  }
}
