/** What the program made and is still alive, and who holds it. */
import type { Address } from "@pyrena/abi";
import type { Leak } from "../api/inspect.ts";
import type { Core } from "../core/core.ts";
import { reach } from "./graph-walks.ts";
import { completeWays, describeReferences, lineOf } from "./labels.ts";
import type { References } from "./references.ts";
import { SYSTEM } from "./roots.ts";
import { isStatic } from "./survey.ts";

/**
 * Everything that is alive, but for what the interpreter itself holds: static data, immortal objects, and what is
 * reached from them alone.
 * @param objects everything alive
 */
export function leaksOf(
  core: Core,
  references: References,
  roots: (visit: (referent: Address, holder: string) => void) => void,
  objects: ReadonlySet<Address>,
): Leak[] {
  const system: Address[] = [];
  const held: Address[] = [];
  const holders = new Map<Address, string[]>();
  roots((referent, holder) => {
    if (holder.startsWith(SYSTEM)) {
      system.push(referent);
      return;
    }
    held.push(referent);
    note(holders, referent, holder);
  });
  const ofSystem = new Set<Address>();
  reach(references, system, () => {}, ofSystem);
  const reached = new Set<Address>();
  reach(references, held, () => {}, reached);
  const leaked = [...objects].filter(
    (object) => !ofSystem.has(object) && !isStatic(core, object) && !core.refs.isImmortal(object),
  );
  const isLeaked = new Set(leaked);
  for (const holder of objects) {
    const times = new Map<Address, number>();
    const count = (referent: Address): void => {
      if (isLeaked.has(referent)) times.set(referent, (times.get(referent) ?? 0) + 1);
    };
    references.each(holder, count);
    references.buffers(holder, (_block, _owners, inside) => inside?.(count));
    if (times.size === 0) continue;
    const ways = describeReferences(core, holder, times);
    for (const [referent, n] of times)
      for (const how of completeWays(core, holder, ways.get(referent), n))
        note(holders, referent, how);
  }
  return leaked.map((address) => {
    const heldBy = holders.get(address) ?? [];
    if (!reached.has(address)) heldBy.push(heldBy.length === 0 ? "nobody that is known" : "cycle");
    return {
      address,
      type: core.types.name(core.types.typeOf(address)),
      repr: lineOf(core, address),
      bytes: core.protocol.getsizeof(address),
      refcount: core.refs.refcount(address),
      heldBy,
    };
  });
}

function note(holders: Map<Address, string[]>, object: Address, how: string): void {
  const known = holders.get(object);
  if (known === undefined) holders.set(object, [how]);
  else known.push(how);
}

/** For a message: at most a handful of holders. */
export function someHolders(how: readonly string[]): string {
  if (how.length === 0) return "none";
  const shown = how.slice(0, 6).join("; ");
  return how.length > 6 ? `${shown}; and ${how.length - 6} more` : shown;
}
