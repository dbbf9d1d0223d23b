/**
 * The four functions of a pymalloc, made once for each profile: all pymallocs of a profile share them, and with them
 * the code that the engine makes of them.
 */
import type { Profile } from "@pyrena/abi";
import { type Free, makeFree } from "./free.ts";
import { Geometry } from "./geometry.ts";
import { type Calloc, type Malloc, makeCalloc, makeMalloc } from "./malloc.ts";
import { makeRealloc, type Realloc } from "./realloc.ts";

/** The functions of one profile. */
export interface Operations {
  readonly malloc: Malloc;
  readonly calloc: Calloc;
  readonly realloc: Realloc;
  readonly free: Free;
}

const made = new WeakMap<Profile, Operations>();

/** The functions of a profile, as constants folded into them. */
export function operationsOf(profile: Profile): Operations {
  let operations = made.get(profile);
  if (operations === undefined) {
    const geometry = new Geometry(profile);
    const malloc = makeMalloc(geometry);
    const free = makeFree(geometry);
    operations = {
      malloc,
      calloc: makeCalloc(geometry, malloc),
      realloc: makeRealloc(geometry, malloc, free),
      free,
    };
    made.set(profile, operations);
  }
  return operations;
}
