/** The memory by name: header, static data, data stack, object heap, raw blocks, free. */
import { type Address, PyrenaError } from "@pyrena/abi";
import type { Region } from "../api/inspect.ts";
import type { Core } from "../core/core.ts";
import { stateBlocks } from "./blocks.ts";

/** A free stretch of a segment from this size on is a region of its own: a page. */
const FREE_BYTES = 4096;

interface Piece {
  name: Region["name"];
  base: Address;
  bytes: number;
  used: number;
}

export function makeRegions(core: Core): () => Region[] {
  return () => {
    const { walkers, arenas } = core.options;
    if (walkers === undefined) {
      throw new PyrenaError(
        "bad-argument",
        "regions() needs the allocators' walkers: give them to createObjects as `walkers`",
      );
    }
    const pieces: Piece[] = [];
    const chunks = (core.frames as typeof core.frames | undefined)?.chunks() ?? [];
    const ours = new Map(stateBlocks(core));
    ours.set(core.state, "the objects' state");
    for (const walker of walkers) {
      walker.walk({
        region: (base, bytes, kind) => {
          pieces.push({
            name: kind === "arena" ? "object heap" : "raw blocks",
            base,
            bytes,
            used: 0,
          });
        },
        block: (address, bytes, live) => {
          const region = pieces[pieces.length - 1];
          if (live) region.used += bytes;
          if (region.name === "object heap" || pieces.length === 0) return;
          if (live ? ours.has(address) : bytes >= FREE_BYTES) {
            cut(pieces, live ? "static data" : "free", address, bytes);
          }
        },
      });
    }
    arenas.walk?.(arenas.ctx, (base, bytes, kind) => {
      if (pieces.some((piece) => piece.base === base)) return;
      if (kind === "free") pieces.push({ name: "free", base, bytes, used: 0 });
      else if (kind === "own") pieces.push({ name: "header", base, bytes, used: bytes });
      else if (kind === "arena") {
        const chunk = chunks.find((one) => one.base === base);
        const name = chunk === undefined ? "object heap" : "data stack";
        pieces.push({ name, base, bytes, used: chunk?.used ?? 0 });
      }
    });
    for (const { base, bytes, used } of chunks) {
      if (!pieces.some((piece) => piece.base <= base && base < piece.base + piece.bytes))
        pieces.push({ name: "data stack", base, bytes, used });
    }
    return fillUp(pieces, core.memory.byteLength);
  };
}

/** Make a piece of its own of a stretch at the end of the last one, which is being walked in order of address. */
function cut(pieces: Piece[], name: Region["name"], base: Address, bytes: number): void {
  const before = pieces[pieces.length - 1];
  const end = before.base + before.bytes;
  const live = name === "static data" ? bytes : 0;
  before.bytes = base - before.base;
  before.used -= live;
  pieces.push({ name, base, bytes, used: live });
  pieces.push({ name: before.name, base: base + bytes, bytes: end - base - bytes, used: 0 });
}

/** What lies between the pieces is the header's before the first one, and nobody's behind it. */
function fillUp(pieces: readonly Piece[], byteLength: number): Region[] {
  const whole: Piece[] = [];
  let end = 0;
  const add = (piece: Piece): void => {
    if (piece.bytes === 0) return;
    const last = whole.at(-1);
    if (last?.name === piece.name && piece.name !== "object heap" && piece.name !== "data stack") {
      last.bytes += piece.bytes;
      last.used += piece.used;
    } else whole.push({ ...piece });
    end = piece.base + piece.bytes;
  };
  for (const piece of [...pieces].sort((a, b) => a.base - b.base || a.bytes - b.bytes)) {
    if (piece.base > end) {
      const bytes = piece.base - end;
      add(
        end === 0
          ? { name: "header", base: 0, bytes, used: bytes }
          : { name: "free", base: end, bytes, used: 0 },
      );
    }
    add(piece);
  }
  if (end < byteLength) add({ name: "free", base: end, bytes: byteLength - end, used: 0 });
  return whole;
}
