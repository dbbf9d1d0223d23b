/**
 * Invariants of what a collector keeps, between collections:
 *
 * - C1 Each list is a ring: the head after a head names it as the one before.
 * - C2 What is on a list is collectable, and on one list only.
 * - C3 No head is marked as one of a collection under way.
 */
import { type Address, hex, type ObjectGraph, PyrenaError } from "@pyrena/abi";
import { COLLECTING, type Head, type HeadLists, SPACE, UNREACHABLE } from "./gc-head.ts";

/** @throws PyrenaError `heap-corrupt` */
export function verifyLists(
  graph: ObjectGraph,
  lists: HeadLists,
  named: readonly (readonly [name: string, list: Head, ...rest: unknown[]])[],
  where: string,
): void {
  const { memory, ctx } = graph;
  const { prevWords: PREV, objectOf } = lists;
  const { u32 } = memory;
  const seen = new Map<Head, string>();
  const broken = (invariant: string, text: string, address: Address): never => {
    throw new PyrenaError("heap-corrupt", `${invariant}: ${text} (${where})`, {
      address,
      invariant,
    });
  };
  for (const [name, list] of named) {
    let before = list;
    for (let head = u32[list] >>> 2; ; head = u32[head] >>> 2) {
      const address = (head << 2) >>> 0;
      if (head === 0 || head + lists.objectWords >= u32.length || u32[head + PREV] >>> 2 !== before)
        broken("C1", `the ${name} list is broken at ${hex(address)}`, address);
      if (head === list) break;
      const other = seen.get(head);
      if (other !== undefined)
        broken("C2", `${hex(address)} is on the ${name} list and on the ${other} list`, address);
      seen.set(head, name);
      if (!graph.isCollectable(ctx, objectOf(head)))
        broken(
          "C2",
          `the object at ${hex(objectOf(head))}, on the ${name} list, is not collectable`,
          address,
        );
      if ((u32[head] & UNREACHABLE & ~SPACE) !== 0 || (u32[head + PREV] & COLLECTING) !== 0)
        broken("C3", `${hex(address)} on the ${name} list is marked as in a collection`, address);
      before = head;
    }
  }
}
