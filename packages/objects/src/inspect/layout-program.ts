/** Layout programs, run step by step: the second opinion on what `traverse` visits. */
import { type Address, hex, layoutCodes, PyrenaError } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import { typeLayout } from "../core/type-object.ts";

/**
 * What a type's layout program says of an object: the references that are not NULL, in order; undefined where there is no
 * program, or it leaves something to `traverse`.
 */
export type LayoutRunner = (object: Address) => Address[] | undefined;

export function makeLayoutRunner(core: Core): LayoutRunner {
  const TRAVERSE = typeLayout(core).at.tp_traverse;
  return (object) => runLayout(core, TRAVERSE, object);
}

function runLayout(core: Core, TRAVERSE: number, object: Address): Address[] | undefined {
  const { memory, types, word } = core;
  const u32 = memory.u32;
  let at = u32[(types.typeOf(object) + TRAVERSE) >>> 2] >>> 2;
  if (at === 0) return undefined;
  const found: Address[] = [];
  const add = (at: Address): void => {
    const referent = u32[at >>> 2];
    if (referent !== 0) found.push(referent);
  };
  const within = (start: Address, count: number): void => {
    if (start + count * word <= memory.byteLength) return;
    throw new PyrenaError(
      "heap-corrupt",
      `O3: the layout program of ${hex(object)} names ${count} words at ${hex(start)}, beyond the memory`,
      { address: object, invariant: "O3" },
    );
  };
  const words = (start: Address, count: number): void => {
    within(start, count);
    for (let n = 0; n < count; n++) add(start + n * word);
  };
  const items = (start: Address, count: number): void => {
    if (start !== 0) within(start, count);
    for (let n = count - 1; n >= 0; n--) add(start + n * word);
  };
  for (;;) {
    switch (u32[at]) {
      case layoutCodes.end:
        return found;
      case layoutCodes.words:
        words(object + memory.i32[at + 1], u32[at + 2]);
        at += 3;
        break;
      case layoutCodes.inlineVar:
        items(object + memory.i32[at + 1], u32[(object + memory.i32[at + 2]) >>> 2]);
        at += 3;
        break;
      case layoutCodes.buffer:
        items(u32[(object + memory.i32[at + 1]) >>> 2], u32[(object + memory.i32[at + 2]) >>> 2]);
        at += 3;
        break;
      default:
        return undefined;
    }
  }
}
