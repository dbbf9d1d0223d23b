/**
 * capsule (`Objects/capsule.c`): a raw address that travels through Python code.
 *
 *     0   count, type
 *     2W  pointer
 *     3W  name: NUL-terminated UTF-8 in a block of the RAW domain, or NULL
 *     4W  context (unused)
 *     5W  number of the destructor, a JavaScript function, or 0
 *     6W  3.13 and later: two functions for the collector (unused)
 *
 * From 3.13 on a capsule has a PyGC_Head, but it is tracked only if it has functions for the collector: never here.
 */
import {
  type Address,
  defineStruct,
  type FieldSpec,
  layoutOf,
  type StructDefinition,
} from "@pyrena/abi";
import type { CapsulesApi } from "../api/functions.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import type { ObjectFacts } from "../facts.ts";

type CapsuleField =
  | "ob_refcnt"
  | "ob_type"
  | "pointer"
  | "name"
  | "context"
  | "destructor"
  | "traverse_func"
  | "clear_func";

/** `PyCapsule` as the version has it. */
export function capsuleStruct(
  facts: Pick<ObjectFacts, "capsulesCollectable">,
): StructDefinition<CapsuleField> {
  const fields = {
    ob_refcnt: "size",
    ob_type: "ptr",
    pointer: "ptr",
    name: "ptr",
    context: "ptr",
    destructor: "ptr",
    ...(facts.capsulesCollectable ? { traverse_func: "ptr", clear_func: "ptr" } : {}),
  };
  return defineStruct("PyCapsule", fields as { readonly [name in CapsuleField]: FieldSpec });
}

export function makeCapsules(core: Core): CapsulesApi {
  const { memory, alloc, types, errors, raw, word, facts, profile } = core;
  const { bytes: BYTES, at } = layoutOf(capsuleStruct(facts), profile.abi);
  const collectable = facts.capsulesCollectable;
  const PRE = collectable ? profile.headers.gcHead : 0;
  const get = (capsule: Address, offset: number): number => memory.u32[(capsule + offset) >>> 2];

  function nameOf(capsule: Address): string | undefined {
    const address = get(capsule, at.name);
    if (address === 0) return undefined;
    const u8 = memory.u8;
    return new TextDecoder().decode(u8.slice(address, u8.indexOf(0, address)));
  }

  const slots: TypeSlots = {
    name: "PyCapsule",
    dealloc: (capsule) => {
      const number = get(capsule, at.destructor);
      const destructor = core.jsValues.held(number) as ((capsule: Address) => void) | undefined;
      if (destructor !== undefined) {
        const pending = errors.fetch();
        errors.guard(() => {
          destructor(capsule);
          return 0;
        });
        errors.writeUnraisable(`destructor of ${describe(capsule)}`);
        errors.restore(pending);
        core.jsValues.drop(number);
      }
      if (get(capsule, at.name) !== 0) raw.free(get(capsule, at.name));
      if (collectable) alloc.freeGcObject(capsule, PRE);
      else alloc.freeObject(capsule);
    },
    ...(collectable ? { traverse: () => {} } : {}),
    ownership: {
      buffers: (capsule, visit) => {
        if (get(capsule, at.name) !== 0) visit(get(capsule, at.name));
      },
    },
    repr: describe,
  };
  const type = types.define({
    name: "PyCapsule",
    basicsize: BYTES,
    flags: collectable ? typeFlags.hasGc : 0,
    slots,
  });

  function describe(capsule: Address): string {
    const name = nameOf(capsule);
    return `<capsule object ${name === undefined ? "NULL" : `"${name}"`} at 0x${capsule.toString(16)}>`;
  }

  return {
    type,
    create: (pointer, name, destructor) => {
      if (pointer === 0) {
        return errors.raise("ValueError", "a capsule cannot hold the address 0");
      }
      const text = name === undefined ? undefined : new TextEncoder().encode(name);
      const nameAddress = text === undefined ? 0 : raw.malloc(text.length + 1);
      if (text !== undefined && nameAddress === 0) return errors.noMemory();
      const capsule = collectable ? alloc.gcObject(type, BYTES, PRE) : alloc.object(type, BYTES);
      if (capsule === 0) {
        if (nameAddress !== 0) raw.free(nameAddress);
        return 0;
      }
      memory.u32.fill(0, (capsule + 2 * word) >>> 2, (capsule + BYTES) >>> 2);
      if (text !== undefined) {
        memory.u8.set(text, nameAddress);
        memory.u8[nameAddress + text.length] = 0;
      }
      memory.u32[(capsule + at.pointer) >>> 2] = pointer;
      memory.u32[(capsule + at.name) >>> 2] = nameAddress;
      if (destructor !== undefined) {
        memory.u32[(capsule + at.destructor) >>> 2] = core.jsValues.hold(destructor);
      }
      return capsule;
    },
    pointer: (capsule) => get(capsule, at.pointer),
    name: nameOf,
    isBound: (capsule) => {
      const number = get(capsule, at.destructor);
      return number === 0 || core.jsValues.held(number) !== undefined;
    },
    bind: (capsule, destructor) => {
      core.jsValues.drop(get(capsule, at.destructor));
      memory.u32[(capsule + at.destructor) >>> 2] = core.jsValues.hold(destructor);
    },
  };
}
