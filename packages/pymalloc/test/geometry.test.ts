import { type Profile, type PymallocProfile, profileFor, profiles } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import { expect, test } from "vitest";
import { Geometry } from "../src/geometry.ts";
import { createPymalloc } from "../src/index.ts";
import { layers } from "./support/layers.ts";

const base = profileFor("3.13", "lp64");

function varied(change: Partial<PymallocProfile>): Profile {
  return { ...base, name: "varied", pymalloc: { ...base.pymalloc, ...change } };
}

test("every profile's numbers are small integers", () => {
  for (const profile of [...profiles, tinyProfile("lp64"), tinyProfile("ilp32")]) {
    for (const [name, value] of Object.entries(new Geometry(profile))) {
      if (name === "profile" || name === "keepsLastArena") continue;
      expect(value, `${profile.name} ${name}`).toBe(value | 0);
    }
  }
});

test.each([
  [{ poolBytes: 5000 }, "pools must be a power of two, not 5000 bytes"],
  [{ arenaBytes: 3 << 19 }, "arenas must be a power of two"],
  [{ arenaBytes: 32768 }, "at least 4 pools"],
  [{ threshold: 500 }, "multiple of the alignment (16), not 500"],
  [{ threshold: 0 }, "multiple of the alignment"],
  [{ threshold: 8192 }, "must hold two blocks of the threshold (8192)"],
  [{ initialArenaObjects: 0 }, "at least one record, not 0"],
] as const)("a profile with %j is refused by name", (change, rule) => {
  const profile = varied(change);
  const { heap, raw, arenas } = layers(base);
  expect(() =>
    createPymalloc(Object.create(heap, { profile: { value: profile } }), {
      raw: raw.allocator,
      arenas: arenas.allocator,
    }),
  ).toThrow(expect.objectContaining({ code: "bad-argument" }));
  expect(() => new Geometry(profile)).toThrow(rule);
  expect(raw.live.size).toBe(0);
});
