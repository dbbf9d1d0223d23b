/** What can be counted of objects: how many of each kind are alive, how many are kept for reuse. */
import {
  type Address,
  layoutOf,
  PyrenaError,
  type StatDeclaration,
  type StatSource,
} from "@pyrena/abi";
import type { FreeListLine } from "../api/inspect.ts";
import { typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { dictKeysStruct } from "../types/dict-keys.ts";

/** Kinds of objects that are counted by name; all others count as `otherObjects`. */
const kinds = ["int", "float", "str", "bytes", "tuple", "list", "dict", "set", "function"] as const;

const declarations: readonly StatDeclaration[] = [
  {
    name: "objects",
    unit: "objects",
    kind: "current",
    help: "objects alive; static ones where something refers to them",
  },
  ...kinds.map(
    (kind): StatDeclaration => ({
      name: `${kind}Objects`,
      unit: "objects",
      kind: "current",
      help: `objects alive whose type is exactly ${kind}`,
    }),
  ),
  { name: "instances", unit: "objects", kind: "current", help: "instances of classes alive" },
  { name: "classes", unit: "objects", kind: "current", help: "classes alive" },
  { name: "otherObjects", unit: "objects", kind: "current", help: "objects alive of other types" },
  {
    name: "trackedObjects",
    unit: "objects",
    kind: "current",
    help: "objects that the collector tracks",
  },
  { name: "keptObjects", unit: "objects", kind: "current", help: "dead objects kept for reuse" },
  { name: "handles", unit: "objects", kind: "current", help: "entries in use of the handle table" },
  { name: "frames", unit: "objects", kind: "current", help: "frames on the data stack" },
];

/**
 * The statistics of one heap's objects. Reading a count of living objects visits all of them.
 * @param alive all living objects
 */
export function objectStats(core: Core, alive: () => Iterable<Address>): StatSource {
  const { types, alloc, memory, state, at } = core;

  function kindOf(object: Address): string {
    const type = types.typeOf(object);
    if (types.isSubtype(type, types.type))
      return types.isCollectable(object) ? "classes" : "otherObjects";
    if ((types.flags(type) & typeFlags.heapType) !== 0) return "instances";
    const name = types.name(type);
    return (kinds as readonly string[]).includes(name) ? `${name}Objects` : "otherObjects";
  }

  return {
    layer: "objects",
    declarations,
    read: (index) => {
      const declaration = declarations[index];
      if (declaration === undefined)
        throw new PyrenaError("bad-argument", `objects have no statistic ${index}`);
      const { name } = declaration;
      if (name === "keptObjects")
        return alloc.freeLists.reduce((sum, list) => sum + list.count(), 0);
      if (name === "handles") return memory.u32[(state + at.handle_count) >>> 2];
      if (name === "frames") return core.frames.depth();
      let count = 0;
      for (const object of alive()) {
        if (
          name === "objects" ||
          (name === "trackedObjects"
            ? types.isCollectable(object) && alloc.isTracked(object)
            : kindOf(object) === name)
        )
          count++;
      }
      return count;
    },
  };
}

/** Free lists of which CPython prints a line, with the name it has for them, and where the bytes of one come from. */
export function freeListLines(core: Core): FreeListLine[] {
  const { alloc, types, profile, facts } = core;
  const keysHeader = layoutOf(dictKeysStruct, profile.abi).bytes;
  const counts = new Map(alloc.freeLists.map((list) => [list.name, list.count()]));
  const head = facts.printsSizesWithHead ? profile.headers.gcHead : 0;
  const lines: FreeListLine[] = [];
  const add = (list: string, name: string, bytes: number): void => {
    const free = counts.get(list);
    if (free !== undefined) lines.push({ free, name, bytes });
  };
  add("dict", "PyDictObject", types.basicsize(core.dict.type) + head);
  if (facts.printsKeptKeys) add("dictKeys", "PyDictKeysObject", keysHeader);
  add("float", "PyFloatObject", types.basicsize(core.float.type));
  add("list", "PyListObject", types.basicsize(core.list.type) + head);
  const { tuple } = core;
  for (let length = 1; length <= 20; length++) {
    add(
      `tuple${length}`,
      `${length}-sized PyTupleObject`,
      types.basicsize(tuple.type) + length * types.itemsize(tuple.type) + head,
    );
  }
  return lines;
}
