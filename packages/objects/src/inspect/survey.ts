/** One walk over everything that is alive: which objects there are, and what was found to refer to each. */
import { type Address, type Collector, hex, PyrenaError } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import type { References } from "./references.ts";

/** A block that objects own beside their own. */
export interface OwnedBlock {
  /** The first owner found. */
  readonly owner: Address;
  owners: number;
  /** How many owners it says that it has; undefined: exactly one. */
  readonly said: number | undefined;
}

/** What a walk found. */
export interface Survey {
  /** Every object that is reached from a root or tracked, and the references to it that were found. */
  readonly found: Map<Address, number>;
  readonly blocks: Map<Address, OwnedBlock>;
}

/**
 * Walk from the roots, the tracked objects and the references that the caller holds.
 * @throws PyrenaError `heap-corrupt` (O2) at a reference that leads to no living object
 */
export function survey(
  core: Core,
  references: References,
  collector: Collector,
  roots: (visit: (referent: Address, holder: string) => void) => void,
  held: Iterable<Address> = [],
): Survey {
  const found = new Map<Address, number>();
  const blocks = new Map<Address, OwnedBlock>();
  const ahead: Address[] = [];
  // An object's address, or a root's name.
  let holder: string | Address = "";
  const see = (object: Address): void => {
    const before = found.get(object);
    if (before === undefined) {
      checkHeader(core, object, holder);
      ahead.push(object);
    }
    found.set(object, (before ?? 0) + 1);
  };
  roots((object, root) => {
    holder = root;
    see(object);
  });
  holder = "references held by the caller";
  for (const object of held) see(object);
  collector.each(collector.ctx, (object) => {
    if (found.has(object)) return;
    checkHeader(core, object, "the collector");
    found.set(object, 0);
    ahead.push(object);
  });
  for (const type of core.types.all()) {
    if (!found.has(type)) found.set(type, 0);
  }
  for (let object = ahead.pop(); object !== undefined; object = ahead.pop()) {
    const owner = object;
    holder = owner;
    // References of static types are roots already.
    if (isStaticType(core, owner)) continue;
    references.each(owner, see);
    references.buffers(owner, (block, said, inside) => {
      const known = blocks.get(block);
      if (known !== undefined) {
        known.owners++;
        return;
      }
      blocks.set(block, { owner, owners: 1, said });
      inside?.(see);
    });
  }
  return { found, blocks };
}

/** Whether the object is a type in static data. */
export function isStaticType(core: Core, object: Address): boolean {
  return core.types.typeOf(object) === core.types.type && !core.types.isCollectable(object);
}

/**
 * O2 An object's address is aligned and within the memory, its type is a type whose functions are known here, and its
 * count is not 0.
 */
export function checkHeader(core: Core, object: Address, holder: string | Address): void {
  const { memory, word, types } = core;
  const wrong = (why: string): never => {
    throw new PyrenaError(
      "heap-corrupt",
      `O2: ${hex(object)}, held by ${typeof holder === "string" ? holder : hex(holder)}, ${why}`,
      {
        address: object,
        invariant: "O2",
      },
    );
  };
  const isInMemory = (address: Address): boolean =>
    address > 0 && address % word === 0 && address + 4 * word <= memory.byteLength;
  if (!isInMemory(object)) wrong("is no address of an object");
  const type = types.typeOf(object);
  if (!isInMemory(type)) wrong(`has the type ${hex(type)}, which is no address`);
  const metatype = types.typeOf(type);
  if (!isInMemory(metatype) || (types.slots(type) as unknown) === undefined) {
    wrong(`has the type ${hex(type)}, which is no type that is known here`);
  }
  if (memory.u32[object >>> 2] === 0) wrong(`a ${types.name(type)}, has a count of 0`);
}

/** Whether an address lies in static data. */
export function isStatic({ memory, state, at }: Core, address: Address): boolean {
  const u32 = memory.u32;
  for (let chunk = u32[(state + at.static_chunk) >>> 2]; chunk !== 0; chunk = u32[chunk >>> 2]) {
    if (address >= chunk && address < chunk + u32[(chunk >>> 2) + 1]) return true;
  }
  return false;
}
