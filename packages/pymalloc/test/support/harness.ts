/** Profiles that tests run on, and a pymalloc on the stand-ins. */
import { type AbiName, type Profile, profileFor } from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import { createPymalloc, type Pymalloc } from "../../src/index.ts";
import { type Layers, type LayersOptions, layers } from "./layers.ts";

const abis: readonly AbiName[] = ["lp64", "ilp32"];

/** Tiny pools and arenas, with both rules for the last arena, in both ABIs. */
export const tinyProfiles: readonly Profile[] = abis.flatMap((abi) => [
  tinyProfile(abi),
  tinyProfile(abi, { keepsLastArena: false }),
]);

/** One profile for each geometry and rule that CPython has had. */
export const realProfiles: readonly Profile[] = abis.flatMap((abi) =>
  ["3.8", "3.9", "3.13"].map((python) => profileFor(python, abi)),
);

export interface Harness extends Layers {
  readonly pymalloc: Pymalloc;
  malloc(bytes: number): number;
  free(ptr: number): void;
  realloc(ptr: number, bytes: number): number;
  verify(): void;
}

/** A pymalloc on stand-ins. */
export function harness(profile: Profile, options: LayersOptions = {}): Harness {
  const made = layers(profile, options);
  const pymalloc = createPymalloc(made.heap, {
    raw: made.raw.allocator,
    arenas: made.arenas.allocator,
  });
  const { ctx } = pymalloc;
  return {
    ...made,
    pymalloc,
    malloc: (bytes) => pymalloc.malloc(ctx, bytes),
    free: (ptr) => pymalloc.free(ctx, ptr),
    realloc: (ptr, bytes) => pymalloc.realloc(ctx, ptr, bytes),
    verify: () => pymalloc.walker.verify(),
  };
}
