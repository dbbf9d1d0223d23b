/** What must hold of the objects' state before anything follows what it says: a heap that is opened may be damaged. */
import { hex, PyrenaError } from "@pyrena/abi";
import type { Core } from "./core.ts";

/** Bytes of an entry of the type table. */
const TYPE_ENTRY = 8;

/**
 * Tables lie in the memory, counts fit in them, and the list of chunks of static data ends.
 * @throws PyrenaError `heap-corrupt`
 */
export function checkState({ memory, state, at }: Core): void {
  const { u32, byteLength } = memory;
  const field = (name: keyof typeof at): number => u32[(state + at[name]) >>> 2];
  const broken = (text: string): never => {
    throw new PyrenaError("heap-corrupt", `the objects' state at ${hex(state)}: ${text}`, {
      address: state,
    });
  };
  const table = (
    what: string,
    address: number,
    count: number,
    room: number,
    bytes: number,
  ): void => {
    if (count > room) broken(`${count} ${what} in a table for ${room}`);
    if (address % 4 !== 0 || address + room * bytes > byteLength)
      broken(`the table of ${what} at ${hex(address)} is not in the memory`);
  };
  table("types", field("type_table"), field("type_count"), field("type_capacity"), TYPE_ENTRY);
  table("handles", field("handles"), field("handle_count"), field("handle_capacity"), 4);
  let left = byteLength;
  for (let chunk = field("static_chunk"); chunk !== 0; chunk = u32[chunk >>> 2]) {
    const bytes = u32[(chunk >>> 2) + 1];
    if (chunk % 4 !== 0 || !(chunk + bytes <= byteLength))
      broken(`the chunk of static data at ${hex(chunk)} is not in the memory`);
    left -= bytes;
    if (bytes === 0 || left < 0) broken("the list of chunks of static data does not end");
  }
  for (let n = 0; n < field("type_count"); n++) {
    const entry = (field("type_table") + n * TYPE_ENTRY) >>> 2;
    if (u32[entry] >= byteLength || u32[entry + 1] % 4 !== 0 || u32[entry + 1] >= byteLength)
      broken(`entry ${n} of the table of types leads out of the memory`);
  }
}
