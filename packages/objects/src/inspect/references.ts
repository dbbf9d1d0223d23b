/** What an object owns: every reference and every block, those included that `traverse` leaves out as CPython's does. */
import type { Address } from "@pyrena/abi";
import type { BufferVisit, Ownership, Visit } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { type LayoutRunner, makeLayoutRunner } from "./layout-program.ts";
import { builtinOwnership } from "./ownership.ts";

/** What objects own, by their types. */
export interface References {
  /** Visit each owned reference once. */
  each(this: void, object: Address, visit: Visit): void;
  /** Visit each block that the object owns beside its own. */
  buffers(this: void, object: Address, visit: BufferVisit): void;
  /** The first thing that is wrong with the object's own fields, or undefined. */
  check(this: void, object: Address): string | undefined;
}

export function makeReferences(core: Core): References {
  const { types } = core;
  const known = builtinOwnership(core);
  const runLayout = makeLayoutRunner(core);

  /** Of an object's type and all its bases, the most derived first. */
  function ownershipsOf(object: Address): Ownership[] {
    const found: Ownership[] = [];
    for (let type = types.typeOf(object); type !== 0; type = types.base(type)) {
      const slots = types.slots(type);
      const ownership = slots.ownership ?? known.get(slots.name);
      if (ownership !== undefined && !found.includes(ownership)) found.push(ownership);
    }
    return found;
  }

  return {
    each: (object, visit) => {
      types.slotsOf(object).traverse?.(object, visit);
      for (const ownership of ownershipsOf(object)) ownership.hidden?.(object, visit);
    },
    buffers: (object, visit) => {
      for (const ownership of ownershipsOf(object)) ownership.buffers?.(object, visit);
    },
    check: (object) => {
      for (const ownership of ownershipsOf(object)) {
        const wrong = ownership.check?.(object);
        if (wrong !== undefined) return wrong;
      }
      return checkLayout(core, runLayout, object);
    },
  };
}

/** A layout program and `traverse` must show a collector the same references. */
function checkLayout(core: Core, runLayout: LayoutRunner, object: Address): string | undefined {
  const byLayout = runLayout(object);
  const { traverse } = core.types.slotsOf(object);
  if (byLayout === undefined || traverse === undefined) return undefined;
  const byTraverse: Address[] = [];
  traverse(object, (referent) => void byTraverse.push(referent));
  const same =
    byLayout.length === byTraverse.length && byLayout.every((one, n) => one === byTraverse[n]);
  return same
    ? undefined
    : `has ${byLayout.length} references by its layout program, and ${byTraverse.length} by traverse, or others, or in another order`;
}
