/**
 * Address for address: every call's result is compared with a model that was written from the description of CPython's
 * pymalloc and shares nothing with the code (support/model.ts), and every invariant is checked after every call.
 */
import { NULL, type Profile } from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { harness, realProfiles, tinyProfiles } from "./support/harness.ts";
import { Model, RAW_BLOCK } from "./support/model.ts";

/** A call; `pick` chooses among the live blocks. */
type Call =
  | { readonly call: "malloc"; readonly bytes: number }
  | { readonly call: "calloc"; readonly nelem: number; readonly elsize: number }
  | { readonly call: "realloc"; readonly pick: number; readonly bytes: number }
  | { readonly call: "free"; readonly pick: number }
  /** Many at once, so that pools fill and arenas empty. */
  | { readonly call: "mallocMany"; readonly bytes: number; readonly count: number }
  | {
      readonly call: "freeMany";
      readonly pick: number;
      readonly count: number;
      readonly step: number;
    };

function calls(threshold: number, burst: number): fc.Arbitrary<Call[]> {
  const bytes = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 1, max: threshold }) },
    { weight: 2, arbitrary: fc.constantFrom(1, 16, threshold >> 1, threshold) },
    { weight: 1, arbitrary: fc.constantFrom(0, threshold + 1, 2000) },
  );
  const pick = fc.nat();
  const small = fc.integer({ min: 1, max: threshold });
  return fc.array(
    fc.oneof(
      fc.record({ call: fc.constant("malloc" as const), bytes }),
      fc.record({
        call: fc.constant("calloc" as const),
        nelem: fc.integer({ min: 0, max: 12 }),
        elsize: fc.integer({ min: 0, max: 16 }),
      }),
      fc.record({ call: fc.constant("realloc" as const), pick, bytes }),
      fc.record({ call: fc.constant("free" as const), pick }),
      {
        weight: 3,
        arbitrary: fc.record({
          call: fc.constant("mallocMany" as const),
          bytes: small,
          count: fc.integer({ min: 1, max: burst }),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          call: fc.constant("freeMany" as const),
          pick,
          count: fc.integer({ min: 1, max: burst }),
          step: fc.constantFrom(1, 1, 1, 2, 3),
        }),
      },
    ),
    { minLength: 1, maxLength: 30, size: "max" },
  );
}

/** Run calls on both; `verifyEach` = after every single one. Returns how many arenas were given back. */
function compare(
  profile: Profile,
  offset: number,
  program: readonly Call[],
  verifyEach: boolean,
): number {
  const maxBytes = profile.pymalloc.arenaBytes > 4096 ? 48 << 20 : 3 << 20;
  const h = harness(profile, { offset, rawBytes: 1 << 20, maxBytes });
  const { ctx, calloc, walker } = h.pymalloc;
  const bases: number[] = [];
  const events: string[] = [];
  const { choose } = h.arenas;
  h.arenas.choose = (size) => {
    const base = choose(size);
    bases.push(base);
    events.push(`+${base}`);
    return base;
  };
  const model = new Model(profile, () => bases.shift() ?? NULL);
  const live: number[] = [];

  const same = (own: number, expected: number | typeof RAW_BLOCK): void => {
    const right = expected === RAW_BLOCK ? own !== NULL && !walker.owns(own) : own === expected;
    if (!right) throw new Error(`${own} where the model says ${expected}`);
    if (verifyEach) walker.verify();
  };
  const malloc = (bytes: number): void => {
    const own = h.malloc(bytes);
    same(own, model.malloc(bytes));
    live.push(own);
  };
  const free = (at: number): void => {
    const [ptr] = live.splice(at, 1);
    const freed = h.arenas.freed.length;
    h.free(ptr!);
    for (const base of h.arenas.freed.slice(freed)) events.push(`-${base}`);
    model.free(ptr!);
    if (verifyEach) walker.verify();
  };
  for (const step of program) {
    switch (step.call) {
      case "malloc":
        malloc(step.bytes);
        break;
      case "calloc": {
        const own = calloc(ctx, step.nelem, step.elsize);
        same(own, model.malloc(step.nelem * step.elsize));
        live.push(own);
        break;
      }
      case "realloc": {
        if (live.length === 0) break;
        const at = step.pick % live.length;
        const old = live[at]!;
        const freed = h.arenas.freed.length;
        const own = h.realloc(old, step.bytes);
        for (const base of h.arenas.freed.slice(freed)) events.push(`-${base}`);
        same(own, model.poolOf(old) === undefined ? RAW_BLOCK : model.realloc(old, step.bytes));
        live[at] = own;
        break;
      }
      case "free":
        if (live.length > 0) free(step.pick % live.length);
        break;
      case "mallocMany":
        for (let n = 0; n < step.count; n++) malloc(step.bytes);
        break;
      case "freeMany": {
        let at = live.length === 0 ? 0 : step.pick % live.length;
        // Blocks that were taken one after another lie together, so that runs of frees empty pools and arenas.
        for (let n = 0; n < step.count && at < live.length; n++, at += step.step - 1) free(at);
        break;
      }
    }
  }
  while (live.length > 0) free(live.length >> 1);
  walker.verify();
  expect(events).toEqual(model.arenaEvents);
  // State and arena vector; all blocks that were passed on have been freed.
  expect(h.raw.live.size).toBe(h.arenas.requests > 0 ? 2 : 1);
  return h.arenas.freed.length;
}

describe.each(tinyProfiles)("$name", (profile) => {
  test.each([0, 16, 200])("addresses are the model's; arenas %d bytes off", (offset) => {
    let arenasFreed = 0;
    fc.assert(
      fc.property(calls(profile.pymalloc.threshold, 80), (program) => {
        arenasFreed += compare(profile, offset, program, true);
      }),
      { numRuns: 24 },
    );
    expect(arenasFreed).toBeGreaterThan(24);
  });
});

describe.each(realProfiles)("$name", (profile) => {
  test.each([0, 4096])("addresses are the model's; arenas %d bytes off", (offset) => {
    const burst = Math.floor(profile.pymalloc.arenaBytes / 200);
    let arenasFreed = 0;
    fc.assert(
      fc.property(calls(512, burst), (program) => {
        arenasFreed += compare(profile, offset, program, false);
      }),
      { numRuns: 20 },
    );
    expect(arenasFreed).toBeGreaterThan(10);
  });
});
