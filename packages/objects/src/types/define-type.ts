/**
 * Types of TypeScript users, from a list of fields. What a collector and a dealloc must know follows from it.
 *
 * ```ts
 * const Pair = defineType(core, {
 *   name: "Pair",
 *   fields: { first: "object", second: "object", weight: "f64" },
 *   finalize: (pair) => console.log(`a pair of weight ${Pair.get(pair, "weight")} goes`),
 * });
 * const pair = Pair.create({ first: core.list.create(0), weight: 1.5 });
 * Pair.set(pair, "second", pair); // a cycle: the collector sees it
 * core.protocol.getsizeof(pair);  // 56 on lp64: PyGC_Head, header, three words
 * ```
 */
import {
  type Address,
  type FieldType,
  layoutCodes,
  layoutOf,
  PyrenaError,
  type StructLayout,
} from "@pyrena/abi";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";

/** What a field holds: a reference that the object owns (or NULL), or a number. */
export type UserField = "object" | Exclude<FieldType, "u64">;

/** What {@link defineType} needs. */
export interface UserTypeSpec<Field extends string> {
  /** Unique in the heap: by it the type is found again when the heap is opened. */
  readonly name: string;
  /** In the order of memory; references together and first is what collectors like best. */
  readonly fields: { readonly [name in Field]: UserField };
  /** Whether instances have a `__dict__`; default false. */
  readonly dict?: boolean;
  /** Whether instances can be weakly referenced; default false. */
  readonly weakrefs?: boolean;
  /** Whether classes may derive from it; default true. */
  readonly subclassable?: boolean;
  /** Runs once before an instance goes; it may revive it. What it throws is reported as unraisable. */
  readonly finalize?: (object: Address) => void;
  /** Further slots: `hash`, `equal`, `less`, `repr`, `length`, `call`, … */
  readonly slots?: Partial<Omit<TypeSlots, "name" | "dealloc" | "traverse" | "clear" | "finalize">>;
}

/** A type that a user has defined. References are borrowed unless said otherwise. */
export interface UserType<Field extends string> {
  readonly type: Address;
  /** Offsets of the fields, in bytes. */
  readonly layout: StructLayout<Field | "ob_refcnt" | "ob_type">;
  /** A new reference; fields left out are NULL or 0. NULL with MemoryError pending. */
  create(this: void, fields?: { readonly [name in Field]?: number }): Address;
  get(this: void, object: Address, field: Field): number;
  /** What a reference field held before is released. */
  set(this: void, object: Address, field: Field, value: number): void;
  /** Whether the object is an instance of the type or of a class that derives from it. */
  check(this: void, object: Address): boolean;
}

/**
 * Define a type from its fields. Instances are collectable if they hold references; fields are attributes as well
 * (a reference that is NULL shows as None).
 * @throws PyrenaError `bad-argument` if the name is taken
 */
export function defineType<const Field extends string>(
  core: Core,
  spec: UserTypeSpec<Field>,
): UserType<Field> {
  const { memory, alloc, refs, types, word, profile } = core;
  const kinds: { readonly [name: string]: UserField | undefined } = spec.fields;
  const names = Object.keys(spec.fields) as Field[];
  const reserved = { __dict__: spec.dict, __weakref__: spec.weakrefs };
  const extra = Object.entries(reserved).filter(([, wanted]) => wanted === true);
  const layout = layoutOf(
    {
      name: spec.name,
      fields: {
        ob_refcnt: "size",
        ob_type: "ptr",
        ...(Object.fromEntries(
          names.map((name) => [name, kinds[name] === "object" ? "ptr" : kinds[name]]),
        ) as { [name in Field]: FieldType }),
        ...Object.fromEntries(extra.map(([name]) => [name, "ptr"])),
      } as { [name in Field | "ob_refcnt" | "ob_type"]: FieldType },
    },
    profile.abi,
  );
  const offsets: { readonly [name: string]: number } = layout.at;
  const references = names.filter((name) => kinds[name] === "object");
  const collectable = references.length > 0 || spec.dict === true;
  const GC_HEAD = profile.headers.gcHead;
  const BYTES = layout.bytes;

  function offsetOf(field: string): number {
    if (kinds[field] !== undefined) return offsets[field];
    throw new PyrenaError(
      "bad-argument",
      `${spec.name} has no field '${field}': it has ${names.join(", ")}`,
    );
  }

  function get(object: Address, field: string): number {
    const at = object + offsetOf(field);
    switch (kinds[field]) {
      case "u8":
        return memory.u8[at];
      case "u16":
        return memory.u8[at] | (memory.u8[at + 1] << 8);
      case "i32":
        return memory.i32[at >>> 2];
      case "f64":
        return memory.f64[at >>> 3];
      default:
        return memory.u32[at >>> 2];
    }
  }

  function set(object: Address, field: string, value: number): void {
    const at = object + offsetOf(field);
    switch (kinds[field]) {
      case "object": {
        const before = memory.u32[at >>> 2];
        refs.xincref(value);
        memory.u32[at >>> 2] = value;
        refs.xdecref(before);
        break;
      }
      case "u8":
        memory.u8[at] = value;
        break;
      case "u16":
        memory.u8[at] = value;
        memory.u8[at + 1] = value >>> 8;
        break;
      case "f64":
        memory.f64[at >>> 3] = value;
        break;
      default:
        memory.u32[at >>> 2] = value;
    }
  }

  /** A field as an attribute: new reference. */
  function attribute(object: Address, name: string): Address {
    const kind = kinds[name];
    if (kind === undefined) return 0;
    const value = get(object, name);
    if (kind === "object") return refs.newRef(value === 0 ? core.constants.none : value);
    return kind === "f64" ? core.float.from(value) : core.int.from(value);
  }

  /** Runs of adjacent references, one `words` operation each. */
  function program(): number[] {
    const found: number[] = [];
    for (const name of references) {
      const last = found.length - 3;
      if (last >= 0 && found[last + 1] + found[last + 2] * word === offsets[name])
        found[last + 2]++;
      else found.push(layoutCodes.words, offsets[name], 1);
    }
    if (spec.dict === true) found.push(layoutCodes.words, offsets.__dict__, 1);
    return found;
  }

  const type = types.define({
    name: spec.name,
    basicsize: BYTES,
    flags:
      (spec.subclassable === false ? 0 : typeFlags.baseType) | (collectable ? typeFlags.hasGc : 0),
    ...(spec.dict === true ? { dictoffset: offsets.__dict__ } : {}),
    ...(spec.weakrefs === true ? { weaklistoffset: offsets.__weakref__ } : {}),
    layout: program(),
    slots: {
      getAttribute: attribute,
      setAttribute: (object, name, value) => {
        if (kinds[name] === undefined) return 2;
        if (kinds[name] === "object") {
          set(object, name, value);
          return 0;
        }
        const number =
          value === 0
            ? undefined
            : types.typeOf(value) === core.float.type
              ? core.float.value(value)
              : core.int.check(value)
                ? Number(core.int.value(value))
                : undefined;
        if (number === undefined) {
          core.errors.raise("TypeError", `${spec.name}.${name} must be a number`);
          return -1;
        }
        set(object, name, number);
        return 0;
      },
      // An instance of a class: zeroed memory with the arguments in the fields, in order.
      create: (cls, args) => {
        const object = core.classes.allocate(cls, 0);
        if (object === 0) return 0;
        args.forEach((value, n) => {
          if (n < references.length) set(object, references[n], value);
        });
        return object;
      },
      ...spec.slots,
      name: spec.name,
      ...(spec.finalize === undefined ? {} : { finalize: spec.finalize }),
    },
  });

  return {
    type,
    layout,
    create: (fields = {}) => {
      const object = collectable ? alloc.gcObject(type, BYTES, GC_HEAD) : alloc.object(type, BYTES);
      if (object === 0) return 0;
      memory.u32.fill(0, (object + 2 * word) >>> 2, (object + BYTES) >>> 2);
      for (const name of names) {
        const value = (fields as { readonly [name: string]: number | undefined })[name];
        if (value !== undefined) set(object, name, value);
      }
      if (collectable) alloc.track(object);
      return object;
    },
    get,
    set,
    check: (object) => types.isInstance(object, type),
  };
}
