/** From an address to what is to be said about the object there. */
import { type Address, FROZEN, hex, type ObjectGraph } from "@pyrena/abi";
import { type Explanation, explain } from "@pyrena/gc";
import type { Objects } from "@pyrena/objects";
import { CliError } from "../errors.ts";
import { version } from "../version.ts";
import { type Contents, readContents, typeName } from "./contents.ts";
import { blockOf, describePlace, locate } from "./locate.ts";
import { type Neighbour, OBJECT_REPORT_VERSION, type ObjectReport } from "./object-report.ts";

/** What names of handles begin with, among those of roots. */
const HANDLE = "handle ";

/**
 * Everything about one object.
 * @throws CliError saying what lies at the address if it is no living object's
 */
export function describeObject(image: string, objects: Objects, address: Address): ObjectReport {
  const contents = readContents(objects);
  const { all, generations, isStatic } = contents;
  if (!all.includes(address)) {
    throw new CliError(
      `--object ${hex(address)}: no object begins there: it is ${describePlace(contents, address)}`,
    );
  }
  const { types, refs, alloc, inspect, protocol, weakrefs } = objects;
  const type = types.typeOf(address);
  const collectable = types.isCollectable(address);
  const generation = generations.get(address);
  const fixed = isStatic(address);
  const { region, pool, block } = locate(contents, fixed ? address : blockOf(contents, address));
  return {
    schema: "pyrena-object",
    version: OBJECT_REPORT_VERSION,
    pyrena: version,
    image,
    address,
    type: { name: types.name(type), address: type },
    line: inspect.line(address),
    bytes: protocol.getsizeof(address),
    refcount: refs.isImmortal(address) ? null : refs.refcount(address),
    collectable,
    tracked: generation !== undefined,
    generation: generation === FROZEN ? "frozen" : (generation ?? null),
    finalized: collectable && alloc.isFinalized(address),
    weakrefs: types.weaklistOffset(type) === 0 ? 0 : weakrefs.count(address),
    region: region ?? null,
    pool: pool ?? null,
    block: fixed ? null : (block ?? null),
    referents: inspect
      .referents(address)
      .map(({ referent, how }) => neighbour(objects, referent, how)),
    referrers: inspect.referrers(address).map(({ holder, how }) => referrer(objects, holder, how)),
    isStatic: fixed,
    why: whyAlive(contents, address),
  };
}

function neighbour(objects: Objects, address: Address, how: string): Neighbour {
  return { address, type: typeName(objects, address), how, line: objects.inspect.line(address) };
}

/** `how` begins with the holder's name, unless it is no object. */
function referrer(objects: Objects, holder: Address, how: string): Neighbour {
  if (holder === 0) return { address: 0, type: "", how, line: "" };
  const name = `${typeName(objects, holder)} at ${hex(holder)}`;
  return neighbour(objects, holder, how.startsWith(name) ? how.slice(name.length).trim() : how);
}

/**
 * A way from a root, or what makes the object garbage. Roots of the program itself come first: handles of JavaScript's
 * are let go when the heap is restored.
 */
function whyAlive({ objects }: Contents, address: Address): Explanation {
  const { memory, state, at, gc } = objects;
  const { graph } = gc;
  // The dict of interned strs does not count in their counts, and keeps none of them.
  const interned = memory.u32[(state + at.interned) >>> 2];
  const whole: ObjectGraph = {
    ...graph,
    references: (ctx, object, visit) => {
      if (object !== interned) graph.references?.(ctx, object, visit);
    },
  };
  const held = new Map<Address, number>();
  graph.roots(graph.ctx, (object, holder) => {
    if (holder.startsWith(HANDLE)) held.set(object, (held.get(object) ?? 0) + 1);
  });
  const withoutHandles: ObjectGraph = {
    ...whole,
    refcount: (ctx, object) => graph.refcount(ctx, object) - (held.get(object) ?? 0),
    roots: (ctx, visit) =>
      graph.roots(ctx, (object, holder) => {
        if (!holder.startsWith(HANDLE)) visit(object, holder);
      }),
  };
  if (withoutHandles.refcount(graph.ctx, address) > 0) {
    const why = explain(withoutHandles, gc.collector(), address);
    if (why.fate === "reachable") return why;
  }
  return explain(whole, gc.collector(), address);
}
