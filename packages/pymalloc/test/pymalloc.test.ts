import { profileFor } from "@pyrena/abi";
import { expect, test } from "vitest";
import { createPymalloc } from "../src/index.ts";
import { layers } from "./support/layers.ts";

test("the first block of a class is the first behind the pool's header, the second its neighbour", () => {
  const { heap, raw, arenas } = layers(profileFor("3.13", "lp64"));
  const pymalloc = createPymalloc(heap, { raw: raw.allocator, arenas: arenas.allocator });
  const first = pymalloc.malloc(pymalloc.ctx, 20);
  const second = pymalloc.malloc(pymalloc.ctx, 32);
  const [base] = arenas.live.keys();
  expect(first).toBe(base! + 48);
  expect(second).toBe(first + 32);
  pymalloc.free(pymalloc.ctx, first);
  expect(pymalloc.malloc(pymalloc.ctx, 17)).toBe(first);
  pymalloc.walker.verify();
});
