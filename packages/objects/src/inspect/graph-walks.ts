/** Walks over the object graph that people ask for: what is alive, who refers to what. */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import { completeWays, describeReferences } from "./labels.ts";
import type { References } from "./references.ts";

/** Visit each object that is reached from these, once, themselves included. */
export function reach(
  references: References,
  from: Iterable<Address>,
  visit: (object: Address) => void,
  within: Set<Address> = new Set(),
): void {
  const ahead: Address[] = [];
  const see = (object: Address): void => {
    if (within.has(object)) return;
    within.add(object);
    ahead.push(object);
  };
  for (const object of from) see(object);
  for (let object = ahead.pop(); object !== undefined; object = ahead.pop()) {
    visit(object);
    eachReference(references, object, see);
  }
}

/** Who refers to an object, among these objects and the roots. */
export function referrersOf(
  core: Core,
  references: References,
  roots: (visit: (referent: Address, holder: string) => void) => void,
  objects: Iterable<Address>,
  target: Address,
): { holder: Address; how: string }[] {
  const found: { holder: Address; how: string }[] = [];
  roots((referent, holder) => {
    if (referent === target) found.push({ holder: 0, how: holder });
  });
  for (const holder of objects) {
    let times = 0;
    const count = (referent: Address): void => {
      if (referent === target) times++;
    };
    eachReference(references, holder, count);
    if (times > 0) {
      const ways = describeReferences(core, holder, new Set([target])).get(target);
      for (const how of completeWays(core, holder, ways, times)) found.push({ holder, how });
    }
  }
  return found;
}

/** What an object refers to, each reference with the way of it: `[0]`, `.name`; "" where none is known. */
export function referentsOf(
  core: Core,
  references: References,
  holder: Address,
): { referent: Address; how: string }[] {
  const referents: Address[] = [];
  eachReference(references, holder, (referent) => void referents.push(referent));
  const ways = describeReferences(core, holder, new Set(referents));
  const [name] = completeWays(core, holder, undefined, 1);
  const taken = new Map<Address, number>();
  return referents.map((referent) => {
    const n = taken.get(referent) ?? 0;
    taken.set(referent, n + 1);
    return { referent, how: ways.get(referent)?.[n]?.slice(name.length).trim() ?? "" };
  });
}

/** Visit each reference that an object owns, those included that lie in a block which it shares with others. */
export function eachReference(
  references: References,
  object: Address,
  visit: (referent: Address) => void,
): void {
  references.each(object, visit);
  references.buffers(object, (_block, _owners, inside) => inside?.(visit));
}
