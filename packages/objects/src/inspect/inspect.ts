/**
 * Looking at the whole of a heap's objects.
 *
 *     references.ts  what an object owns          ownership.ts   the same of built-in types, beyond `traverse`
 *     roots.ts       what holds from outside      survey.ts      one walk over everything
 *     verify.ts      invariants O1 to O8          blocks.ts  free-lists.ts  handle-table.ts
 *     leaks.ts       what is alive, by whom       graph-walks.ts  labels.ts
 *     regions.ts     named pieces of the memory   walker.ts      objects as a HeapWalker shows them
 *     stats.ts       what can be counted
 */
import type { Address } from "@pyrena/abi";
import type { InspectApi } from "../api/inspect.ts";
import type { Core } from "../core/core.ts";
import { eachReference, referentsOf, referrersOf } from "./graph-walks.ts";
import { lineOf } from "./labels.ts";
import { leaksOf, someHolders } from "./leaks.ts";
import { makeReferences } from "./references.ts";
import { makeRegions } from "./regions.ts";
import { makeRoots } from "./roots.ts";
import { freeListLines, objectStats } from "./stats.ts";
import { survey } from "./survey.ts";
import { verify } from "./verify.ts";
import { objectWalker } from "./walker.ts";

export function makeInspect(core: Core): InspectApi {
  const { graph, collector } = core.gc;
  const references = makeReferences(core);
  let handleName = (entry: number): string => `handle #${entry}`;
  const roots = makeRoots(core, references, (entry) => handleName(entry));

  function alive(): Map<Address, number> {
    return survey(core, references, collector(), roots).found;
  }

  function referrers(target: Address): { holder: Address; how: string }[] {
    return referrersOf(core, references, roots, alive().keys(), target);
  }

  const api: InspectApi = {
    graph,
    roots,
    each: (visit) => {
      for (const object of alive().keys()) visit(object);
    },
    leaks: () => leaksOf(core, references, roots, new Set(alive().keys())),
    referrers,
    referents: (object) => referentsOf(core, references, object),
    references: (object, visit) => eachReference(references, object, visit),
    line: (object) => lineOf(core, object),
    blocks: (object, visit) => references.buffers(object, (block) => visit(block)),
    nameHandles: (name) => {
      handleName = name;
    },
    regions: makeRegions(core),
    stats: objectStats(core, () => alive().keys()),
    freeListLines: () => freeListLines(core),
    walker: objectWalker(core, alive, () => api.verify()),
    verify: (options = {}) =>
      verify(
        {
          core,
          references,
          collector: collector(),
          roots,
          describeHolders: (object) => someHolders(referrers(object).map(({ how }) => how)),
        },
        options,
      ),
  };
  return api;
}
