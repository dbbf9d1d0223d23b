/**
 * Checking everything that objects are made of.
 *
 * - O1 Every object's count is the number of references found: those that other objects own, roots, and what the
 *   caller says it holds. Immortal objects are excepted; a static object of 3.11 counts from its first count; the dict
 *   of interned strs does not count in its mortal strs.
 * - O2 What a reference leads to is a living object of a known type (survey.ts).
 * - O3 An object's own fields agree with one another (ownership.ts).
 * - O4 The collector's own invariants hold; what it tracks is collectable and alive, and is all whose PyGC_Head says so.
 * - O5 A block that objects own has one owner, or as many as it says.
 * - O6 Free lists have as many entries as they count, each once, none of them alive (free-lists.ts).
 * - O7 Every live block of the allocators belongs to exactly one object, buffer, free list or piece of state, and every
 *   object and buffer lies in a live block (blocks.ts).
 * - O8 The handle table's free list has every entry that is not in use, once; its count is right (handle-table.ts).
 * - O9 A weak reference is in the list of its referent, which lives; lists hold living weak references to their object.
 */
import { type Address, type Collector, hex, PyrenaError } from "@pyrena/abi";
import type { VerifyOptions } from "../api/inspect.ts";
import type { Core } from "../core/core.ts";
import { checkBlocks } from "./blocks.ts";
import { checkFreeLists } from "./free-lists.ts";
import { checkHandleTable } from "./handle-table.ts";
import type { References } from "./references.ts";
import { isStatic, type Survey, survey } from "./survey.ts";

/** What `verify` looks at. */
export interface Verifying {
  readonly core: Core;
  readonly references: References;
  readonly collector: Collector;
  readonly roots: (visit: (referent: Address, holder: string) => void) => void;
  /** Who refers to an object, for the message. */
  readonly describeHolders: (object: Address) => string;
}

/** @throws PyrenaError `heap-corrupt` naming the invariant and the address */
export function verify(looking: Verifying, options: VerifyOptions): void {
  const { core, references, collector, roots } = looking;
  collector.verify(collector.ctx);
  const seen = survey(core, references, collector, roots, options.held);
  checkHandleTable(core);
  checkTracked(core, collector, seen);
  for (const object of seen.found.keys()) {
    const wrong = references.check(object);
    if (wrong !== undefined) broken("O3", object, `${describe(core, object)} ${wrong}`);
  }
  checkWeakrefs(core, seen);
  checkCounts(looking, seen);
  for (const [block, { owner, owners, said }] of seen.blocks) {
    if (owners !== (said ?? 1)) {
      const says = said === undefined ? "which can have only one" : `which says ${said}`;
      broken(
        "O5",
        block,
        `the block at ${hex(block)} of ${describe(core, owner)} has ${owners} owners, ${says}`,
      );
    }
  }
  const kept = checkFreeLists(core, seen.found);
  const { walkers } = core.options;
  if (options.blocks ?? walkers !== undefined) checkBlocks(core, walkers ?? [], seen, kept);
}

function checkTracked(core: Core, collector: Collector, seen: Survey): void {
  const { types, alloc } = core;
  const tracked = new Set<Address>();
  collector.each(collector.ctx, (object) => {
    tracked.add(object);
    if (!types.isCollectable(object))
      broken("O4", object, `${describe(core, object)} is tracked, but is not collectable`);
    if (!alloc.isTracked(object))
      broken(
        "O4",
        object,
        `${describe(core, object)} is among the tracked, but its PyGC_Head says it is not`,
      );
    if (!seen.found.has(object))
      broken("O4", object, `${describe(core, object)} is tracked, but was not found`);
  });
  for (const object of seen.found.keys()) {
    if (types.isCollectable(object) && alloc.isTracked(object) && !tracked.has(object))
      broken(
        "O4",
        object,
        `${describe(core, object)} says it is tracked, but the collector has it not`,
      );
  }
}

function checkWeakrefs(core: Core, { found }: Survey): void {
  const { types, weakrefs } = core;
  const listed = new Set<Address>();
  for (const object of found.keys()) {
    if (types.weaklistOffset(types.typeOf(object)) === 0) continue;
    weakrefs.each(object, (ref) => {
      if (!found.has(ref) || !weakrefs.check(ref))
        broken("O9", ref, `${describe(core, object)} lists ${hex(ref)}, no living weak reference`);
      if (weakrefs.referent(ref) !== object)
        broken("O9", ref, `${describe(core, object)} lists a weak reference to another object`);
      listed.add(ref);
    });
  }
  for (const ref of found.keys()) {
    if (weakrefs.check(ref) && !weakrefs.isDead(ref) && !listed.has(ref))
      broken("O9", ref, `${describe(core, ref)} is in no list of a living object`);
  }
}

function checkCounts({ core, describeHolders }: Verifying, { found }: Survey): void {
  const { refs, facts, types, str } = core;
  const { staticImmortal } = facts.refcount;
  for (const [object, references] of found) {
    if (refs.isImmortal(object)) continue;
    const count = refs.refcount(object);
    const first = !facts.hasImmortals && isStatic(core, object) ? staticImmortal : 0;
    const uncounted = types.typeOf(object) === str.type ? str.uncounted(object) : 0;
    if (count - first === references - uncounted) continue;
    const beyond = first === 0 ? "" : ` beyond the first ${first}`;
    broken(
      "O1",
      object,
      `${describe(core, object)} has a count of ${count - first}${beyond}, but ${references} references were found: ` +
        describeHolders(object),
    );
  }
}

function describe(core: Core, object: Address): string {
  const { types } = core;
  return `${types.name(types.typeOf(object))} at ${hex(object)}`;
}

function broken(invariant: string, address: Address, text: string): never {
  throw new PyrenaError("heap-corrupt", `${invariant}: ${text}`, { address, invariant });
}
