/** Going through the items of any built-in container, as `iter()` would: for what takes "an iterable". */
import type { Address } from "@pyrena/abi";
import type { TableCursor } from "../api/tables.ts";
import type { Core } from "./core.ts";

/**
 * How many items there are to go through.
 * @returns -1 with TypeError pending if the object is none of those that `eachItem` knows
 */
export function itemCount(core: Core, items: Address): number {
  if (!isIterable(core, items)) {
    core.errors.raise(
      "TypeError",
      `'${core.types.name(core.types.typeOf(items))}' object cannot be gone through item by item`,
    );
    return -1;
  }
  return core.protocol.length(items);
}

function isIterable(core: Core, items: Address): boolean {
  return (
    core.list.check(items) ||
    core.tuple.check(items) ||
    core.dict.check(items) ||
    core.set.check(items) ||
    core.str.check(items) ||
    core.range.check(items) ||
    core.types.isInstance(items, core.bytes.type) ||
    core.types.isInstance(items, core.bytearray.type)
  );
}

/**
 * Hand out the items in order, as new references that `take` steals.
 * @param items an object for which `itemCount` gave a count
 * @returns 0, or -1 with an exception pending if an item could not be made; those before it have been handed out
 */
export function eachItem(core: Core, items: Address, take: (item: Address) => void): number {
  const { refs } = core;
  if (core.list.check(items)) {
    for (let n = 0; n < core.list.length(items); n++)
      take(refs.newRef(core.list.getItem(items, n)));
    return 0;
  }
  if (core.tuple.check(items)) {
    for (let n = 0; n < core.tuple.length(items); n++)
      take(refs.newRef(core.tuple.getItem(items, n)));
    return 0;
  }
  if (core.dict.check(items) || core.set.check(items)) {
    const table = core.dict.check(items) ? core.dict : core.set;
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (table.next(items, cursor)) take(refs.newRef(cursor.key));
    return 0;
  }
  const count = core.protocol.length(items);
  const at = itemMaker(core, items);
  for (let n = 0; n < count; n++) {
    const item = at(n);
    if (item === 0) return -1;
    take(item);
  }
  return 0;
}

/** Containers whose items are made as they are asked for. */
function itemMaker(core: Core, items: Address): (index: number) => Address {
  if (core.str.check(items)) return (index) => core.str.at(items, index);
  if (core.types.isInstance(items, core.bytes.type)) {
    const bytes = core.bytes.value(items);
    return (index) => core.int.from(bytes[index]);
  }
  if (core.types.isInstance(items, core.bytearray.type)) {
    const bytes = core.bytearray.value(items);
    return (index) => core.int.from(bytes[index]);
  }
  return (index) => core.int.from(core.range.valueAt(items, index));
}
