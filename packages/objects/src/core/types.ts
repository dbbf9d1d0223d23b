/**
 * The registry of types. A type is an object in linear memory; the functions behind it are JavaScript and are named
 * there by a number. The heap's type table holds each number's name, so that a heap that is opened again finds the
 * functions by name, in whatever order they are registered then.
 */
import { type Address, layoutCodes, PyrenaError } from "@pyrena/abi";
import { type TypeSlots, type TypesApi, typeFlags } from "../api/types.ts";
import type { Core } from "./core.ts";
import { completeSlots } from "./layout-slots.ts";
import type { Refs } from "./refcount.ts";
import { heapTypeLayout, typeLayout } from "./type-object.ts";

/** Bytes of an entry of the type table: address of the name, address of the static type or 0. */
const ENTRY = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function makeTypes(core: Core, refs: Refs): TypesApi {
  const { memory, raw, word, wide, state, at, facts, alloc } = core;
  const layout = typeLayout(core);
  const HT_NAME = heapTypeLayout(core).at.ht_name;
  const T = layout.at;
  const TYPE = word;
  const GC_HEAD = core.profile.headers.gcHead;
  const slotsByNumber: TypeSlots[] = [];
  const numbers = new Map<string, number>();
  /** Numbers of the names that the heap's table has, of the first `namesRead` of its entries. */
  const numbersInHeap = new Map<string, number>();
  let namesRead = 0;
  const flagsOf = (type: Address): number => memory.u32[(type + T.tp_flags) >>> 2];

  function tableAddress(): Address {
    return memory.u32[(state + at.type_table) >>> 2];
  }

  function tableCount(): number {
    return memory.u32[(state + at.type_count) >>> 2];
  }

  /** Names are NUL-terminated UTF-8 in static data. */
  function writeName(name: string): Address {
    const bytes = encoder.encode(name);
    const address = alloc.staticData(bytes.length + 1);
    memory.u8.set(bytes, address);
    return address;
  }

  function readName(address: Address): string {
    const u8 = memory.u8;
    return decoder.decode(u8.slice(address, u8.indexOf(0, address)));
  }

  function nameOf(number: number): string {
    return readName(memory.u32[(tableAddress() + number * ENTRY) >>> 2]);
  }

  /**
   * The number that the heap knows a name by, -1 if it does not. Each entry is read once: to read all of them for each
   * type took most of the time that it takes to make objects. What was read may be of a table that is no more, where a
   * heap has been set back, so it is looked at again.
   */
  function numberInHeap(name: string): number {
    const count = tableCount();
    namesRead = Math.min(namesRead, count);
    for (; namesRead < count; namesRead++) numbersInHeap.set(nameOf(namesRead), namesRead);
    const number = numbersInHeap.get(name);
    return number !== undefined && number < count && nameOf(number) === name ? number : -1;
  }

  function growTable(): void {
    const capacity = memory.u32[(state + at.type_capacity) >>> 2];
    const larger = capacity === 0 ? 128 : 2 * capacity;
    const table = raw.realloc(tableAddress(), larger * ENTRY);
    if (table === 0) {
      throw new PyrenaError("memory-limit", `no room for a table of ${larger} types`, {
        size: larger * ENTRY,
      });
    }
    memory.u32[(state + at.type_table) >>> 2] = table;
    memory.u32[(state + at.type_capacity) >>> 2] = larger;
  }

  /** Number of slots already named in the heap (attached, not registered here yet), or a new one. */
  function enter(slots: TypeSlots): number {
    if (numbers.has(slots.name)) {
      throw new PyrenaError(
        "bad-argument",
        `type slots named '${slots.name}' are registered already`,
      );
    }
    let number = numberInHeap(slots.name);
    if (number < 0) {
      number = tableCount();
      if (number === memory.u32[(state + at.type_capacity) >>> 2]) growTable();
      const name = writeName(slots.name);
      memory.u32[(tableAddress() + number * ENTRY) >>> 2] = name;
      memory.u32[(tableAddress() + number * ENTRY + 4) >>> 2] = 0;
      memory.u32[(state + at.type_count) >>> 2] = number + 1;
    }
    slotsByNumber[number] = slots;
    const nests = slots.traverse !== undefined && slots.unwind === undefined;
    if (slots.plain === true) refs.deallocs[number] = alloc.freeObject;
    else refs.deallocs[number] = nests ? refs.guarded(slots.dealloc) : slots.dealloc;
    numbers.set(slots.name, number);
    return number;
  }

  function setWord(address: Address, value: number): void {
    memory.u32[address >>> 2] = value;
    if (wide) memory.u32[(address >>> 2) + 1] = 0;
  }

  function writeLayout(program: readonly number[]): Address {
    const address = alloc.staticData(4 * (program.length + 1));
    memory.i32.set(program, address >>> 2);
    memory.u32[(address >>> 2) + program.length] = layoutCodes.end;
    return address;
  }

  /** Numbers that the heap names and for which nothing is registered here. */
  /** Types for which `standIn` has registered functions. */
  const stoodIn: { readonly name: string; readonly hasLayout: boolean }[] = [];

  function missing(): number[] {
    return Array.from({ length: tableCount() }, (_, number) => number).filter(
      (number) => slotsByNumber[number] === undefined,
    );
  }

  /** A type's layout program, if it has one that says everything. */
  function readLayout(type: Address): number[] | undefined {
    const program: number[] = [];
    const first = type === 0 ? 0 : memory.u32[(type + T.tp_traverse) >>> 2] >>> 2;
    if (first === 0) return undefined;
    for (let n = first; memory.i32[n] !== layoutCodes.end; n += 3) {
      if (!(memory.i32[n] >= layoutCodes.words && memory.i32[n] <= layoutCodes.buffer))
        return undefined;
      program.push(...memory.i32.subarray(n, n + 3));
    }
    return program;
  }

  /** The static type that has slots of this number. */
  function definedType(number: number): Address {
    return memory.u32[(tableAddress() + number * ENTRY + 4) >>> 2];
  }

  const api: { -readonly [name in keyof TypesApi]: TypesApi[name] } = {
    type: 0,
    object: 0,
    define: (spec) => {
      // Built-in types are complete, and trusted.
      const isBuiltin = (core.inspect as typeof core.inspect | undefined) === undefined;
      const number: number = enter(
        isBuiltin
          ? (spec.slots as TypeSlots)
          : completeSlots(core, spec, () => definedType(number)),
      );
      const known = definedType(number);
      if (known !== 0) return known;
      const type = alloc.staticData(layout.bytes);
      setWord(type, facts.refcount.staticImmortal);
      setWord(type + TYPE, api.type);
      setWord(type + T.tp_name, writeName(spec.name));
      setWord(type + T.tp_basicsize, spec.basicsize);
      setWord(type + T.tp_itemsize, spec.itemsize ?? 0);
      setWord(type + T.tp_dealloc, number);
      setWord(type + T.tp_flags, (spec.flags | typeFlags.ready | typeFlags.immutable) >>> 0);
      setWord(type + T.tp_base, spec.base ?? api.object);
      setWord(type + T.tp_dictoffset, spec.dictoffset ?? 0);
      setWord(type + T.tp_weaklistoffset, spec.weaklistoffset ?? 0);
      if (spec.layout !== undefined) setWord(type + T.tp_traverse, writeLayout(spec.layout));
      memory.u32[(tableAddress() + number * ENTRY + 4) >>> 2] = type;
      return type;
    },
    registerSlots: enter,
    missing: () => missing().map(nameOf),
    standIn: () =>
      missing().flatMap((number) => {
        const type = definedType(number);
        const name = nameOf(number);
        const layout = readLayout(type);
        const flags = type === 0 ? 0 : flagsOf(type);
        enter(
          completeSlots(
            core,
            {
              name,
              basicsize: 0,
              flags,
              layout: layout ?? [],
              dictoffset: type === 0 ? 0 : api.dictoffset(type),
              weaklistoffset: type === 0 ? 0 : memory.i32[(type + T.tp_weaklistoffset) >>> 2],
              slots: { name },
            },
            () => type,
          ),
        );
        stoodIn.push({ name, hasLayout: layout !== undefined });
        return layout === undefined ? [name] : [];
      }),
    stoodIn: () => stoodIn,
    slotNumber: (type) => memory.u32[(type + T.tp_dealloc) >>> 2],
    slots: (type) => slotsByNumber[memory.u32[(type + T.tp_dealloc) >>> 2]],
    slotsOf: (object) => {
      const u32 = memory.u32;
      return slotsByNumber[u32[(u32[(object + TYPE) >>> 2] + T.tp_dealloc) >>> 2]];
    },
    typeOf: (object) => memory.u32[(object + TYPE) >>> 2],
    name: (type) => {
      const name = memory.u32[(type + T.tp_name) >>> 2];
      if (name !== 0) return readName(name);
      return core.str.value(memory.u32[(type + HT_NAME) >>> 2]);
    },
    flags: flagsOf,
    base: (type) => memory.u32[(type + T.tp_base) >>> 2],
    basicsize: (type) => memory.u32[(type + T.tp_basicsize) >>> 2],
    itemsize: (type) => memory.u32[(type + T.tp_itemsize) >>> 2],
    isSubtype: (type, base) => {
      if (type === base) return true;
      const mro = memory.u32[(type + T.tp_mro) >>> 2];
      if (mro !== 0) {
        const length = core.tuple.length(mro);
        for (let n = 1; n < length; n++) if (core.tuple.getItem(mro, n) === base) return true;
        return false;
      }
      for (let t = type; t !== 0; t = memory.u32[(t + T.tp_base) >>> 2])
        if (t === base) return true;
      return false;
    },
    isInstance: (object, type) => api.isSubtype(memory.u32[(object + TYPE) >>> 2], type),
    isCollectable: (object) => {
      const type = memory.u32[(object + TYPE) >>> 2];
      if ((flagsOf(type) & typeFlags.hasGc) === 0) return false;
      // Static types are no objects of the collector (`type_is_gc`), classes are.
      return (
        (flagsOf(type) & typeFlags.typeSubclass) === 0 ||
        (flagsOf(object) & typeFlags.heapType) !== 0
      );
    },
    preBytes: (type) => {
      const flags = flagsOf(type);
      if ((flags & (typeFlags.managedDict | typeFlags.managedWeakref)) !== 0) return 4 * word;
      return (flags & typeFlags.hasGc) !== 0 ? GC_HEAD : 0;
    },
    dictoffset: (type) => memory.i32[(type + T.tp_dictoffset) >>> 2],
    weaklistOffset: (type) =>
      (flagsOf(type) & typeFlags.managedWeakref) !== 0
        ? -4 * word
        : memory.i32[(type + T.tp_weaklistoffset) >>> 2],
    all: () => {
      const types: Address[] = [];
      for (let n = 0; n < tableCount(); n++) {
        const type = memory.u32[(tableAddress() + n * ENTRY + 4) >>> 2];
        if (type !== 0) types.push(type);
      }
      return types;
    },
  };
  return api;
}
