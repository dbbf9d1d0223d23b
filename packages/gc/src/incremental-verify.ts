/**
 * Invariants of the incremental collector, between collections, beside those that all lists obey (C1 to C3):
 *
 * - I1 What has been visited and what is frozen belongs to the visited space, what is young or pending to the other.
 * - I2 Lists that a collection works with are empty.
 * - I3 heap_size = objects that are tracked + those that the collector was told of
 * - I4 The visited space and the phase are 0 or 1.
 */
import { hex, type ObjectGraph, PyrenaError } from "@pyrena/abi";
import { listHead, type OpenState } from "./control.ts";
import { type Head, SPACE } from "./gc-head.ts";
import { LISTS } from "./state.ts";
import { verifyLists } from "./verify.ts";

/** What is checked. */
export interface IncrementalParts {
  readonly young: Head;
  readonly spaces: readonly [Head, Head];
  readonly permanent: Head;
  readonly atWork: readonly Head[];
  readonly visitedSpace: number;
  readonly phase: number;
  readonly heapSize: number;
  readonly besides: number;
  /** For people: where the state is. */
  readonly where: string;
}

/** @throws PyrenaError `heap-corrupt` */
export function verifyIncremental(
  graph: ObjectGraph,
  open: OpenState,
  parts: IncrementalParts,
): void {
  const { memory, lists } = open;
  const { u32 } = memory;
  const { young, spaces, permanent, visitedSpace, where } = parts;
  const broken = (invariant: string, text: string, address: number): never => {
    throw new PyrenaError("heap-corrupt", `${invariant}: ${text} (${where})`, {
      address,
      invariant,
    });
  };
  if (visitedSpace > 1) broken("I4", `the visited space is ${visitedSpace}`, open.state);
  if (parts.phase > 1) broken("I4", `the phase is ${parts.phase}`, open.state);

  const named: readonly (readonly [string, Head, number])[] = [
    ["young", young, 1 - visitedSpace],
    ["first old", spaces[0], 0],
    ["second old", spaces[1], 1],
    ["permanent", permanent, visitedSpace],
  ];
  verifyLists(graph, lists, named, where);
  let tracked = 0;
  for (const [name, list, space] of named) {
    for (let head = lists.next(list); head !== list; head = lists.next(head)) {
      tracked++;
      if ((u32[head] & SPACE) === space) continue;
      const address = lists.objectOf(head);
      broken(
        "I1",
        `${hex(address)} on the ${name} list belongs to space ${u32[head] & SPACE}`,
        address,
      );
    }
  }
  for (let place = LISTS.unreachable; place <= LISTS.finalized; place++)
    if (!lists.isEmpty(listHead(open, place)))
      broken("I2", `list ${place} of those that a collection works with is not empty`, open.state);
  for (const list of parts.atWork)
    if (!lists.isEmpty(list)) broken("I2", "a collection has left objects behind", open.state);
  if (parts.heapSize !== tracked + parts.besides)
    broken(
      "I3",
      `heap_size is ${parts.heapSize}, but ${tracked} objects are tracked, and ${parts.besides} besides`,
      open.state,
    );
}
