/** A frame on the data stack, seen from JavaScript: its locals by name. */
import { type Address, PyrenaError } from "@pyrena/abi";
import type { Handle, HandleContext, PyValue } from "./handle.ts";
import { Local } from "./local.ts";

/** A running frame. It owns its locals; it is no handle, and is over when its body has returned. */
export class Frame {
  declare readonly context: HandleContext;
  /** For the low-level API; 0 when the frame has been left. */
  declare address: Address;
  declare readonly name: string;
  /** Index of each local by its name. */
  declare readonly places: Map<string, number>;

  constructor(context: HandleContext, address: Address, name: string) {
    const { frames } = context.core;
    this.context = context;
    this.address = address;
    this.name = name;
    this.places = new Map();
    for (let n = frames.localCount(address) - 1; n >= 0; n--)
      this.places.set(frames.localName(address, n), n);
  }

  /** Names of the locals, cells and free variables. */
  get names(): string[] {
    return [...this.places].sort(([, a], [, b]) => a - b).map(([name]) => name);
  }

  /** Whether the local is bound. */
  has(name: string): boolean {
    const place = this.place(name);
    return this.context.core.frames.local(this.address, place) !== 0;
  }

  /** The local's value. @throws PyException UnboundLocalError */
  get(name: string): PyValue {
    return this.context.value(this.load(name));
  }

  /** The local's value, always as a handle. @throws PyException UnboundLocalError */
  ref<Kind extends Handle = Handle>(name: string): Kind {
    return this.context.taken(this.load(name)) as Kind;
  }

  /** Stands for the local where a value is wanted, without a handle and its reference: `f.set("b", f.local("a"))`. */
  local(name: string): Local {
    return new Local(this, this.place(name));
  }

  /** `name = value`: the local owns the value; what was bound before is released. */
  set(name: string, value: unknown): this {
    const place = this.place(name);
    const { context, address } = this;
    const { frames } = context.core;
    if (value instanceof Local && value.frame === this && !this.isFree(place)) {
      context.check(frames.assign(address, place, value.index));
      return this;
    }
    const ref = context.ref(value);
    if (this.isFree(place)) frames.storeCell(address, place, ref);
    else frames.store(address, place, ref);
    return this;
  }

  /** `del name`. @throws PyException UnboundLocalError */
  delete(name: string): void {
    const place = this.place(name);
    const { context, address } = this;
    const { frames } = context.core;
    context.check(
      this.isFree(place) ? frames.deleteCell(address, place) : frames.delete(address, place),
    );
  }

  /** `sys.getrefcount(name)` as code in this frame sees it, the version's temporary reference included. */
  getrefcount(name: string): number {
    return this.context.check(this.context.core.frames.getrefcount(this.address, this.place(name)));
  }

  /** New reference. */
  load(name: string): Address {
    const place = this.place(name);
    const { frames } = this.context.core;
    const ref = this.isFree(place)
      ? frames.loadCell(this.address, place)
      : frames.load(this.address, place);
    return ref === 0 ? this.context.fail() : ref;
  }

  private isFree(place: number): boolean {
    const { frames, functions } = this.context.core;
    return place >= functions.localCount(frames.codeOf(this.address));
  }

  private place(name: string): number {
    if (this.address === 0) {
      throw new PyrenaError(
        "released-handle",
        `the frame '${this.name}' was used after it had been left: its locals are gone`,
      );
    }
    const place = this.places.get(name);
    if (place === undefined) {
      throw new PyrenaError(
        "bad-argument",
        `the frame '${this.name}' has no local '${name}': name all of them when you make it (it has ${this.names.join(", ") || "none"})`,
      );
    }
    return place;
  }
}
