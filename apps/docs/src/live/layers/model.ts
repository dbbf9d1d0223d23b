/** The private heap page: one request at a time, and the layers that it passes. */
import { ArenaLab } from "../arenas/model.ts";
import { hexOf } from "../shared/heap-map.ts";

/** One layer that a request came to, and what happened there. Addresses are ready to be shown. */
export type Stop =
  | { readonly layer: "domain"; readonly what: "asked"; readonly size: number }
  | { readonly layer: "pymalloc"; readonly what: "nothing" }
  | {
      readonly layer: "pymalloc";
      readonly what: "tooMuch";
      readonly size: number;
      readonly threshold: number;
    }
  | {
      readonly layer: "pymalloc";
      readonly what: "rounded";
      readonly size: number;
      readonly blockBytes: number;
      readonly sizeClass: number;
    }
  | { readonly layer: "arena"; readonly what: "newArena"; readonly bytes: number }
  | {
      readonly layer: "pool";
      readonly what: "newPool" | "poolWithRoom";
      readonly pool: string;
      readonly address: string;
    }
  | { readonly layer: "raw"; readonly what: "rawBlock"; readonly address: string }
  | { readonly layer: "raw"; readonly what: "refused" };

/** The way of one request. */
export interface Way {
  readonly size: number;
  readonly address: number;
  readonly servedBy: "pymalloc" | "raw";
  /** Bytes that the block takes; of a raw one, as many as it can hold. */
  readonly blockBytes: number;
  readonly stops: readonly Stop[];
}

/** Requests through a domain that pymalloc serves. */
export class RequestLab {
  readonly lab: ArenaLab;

  constructor(python = "3.13") {
    this.lab = new ArenaLab(python);
  }

  request(size: number): Way {
    const { lab } = this;
    const { pymalloc, profile } = lab;
    const before = lab.totals();
    const [address = 0] = lab.allocate(1, size);
    const after = lab.totals();
    const { threshold, poolBytes } = profile.pymalloc;
    const blockBytes = address === 0 ? 0 : pymalloc.walker.usableSize(address);
    const stops: Stop[] = [{ layer: "domain", what: "asked", size }];
    if (!pymalloc.walker.owns(address)) {
      if (size === 0) stops.push({ layer: "pymalloc", what: "nothing" });
      else if (size > threshold)
        stops.push({ layer: "pymalloc", what: "tooMuch", size, threshold });
      stops.push(
        address === 0
          ? { layer: "raw", what: "refused" }
          : { layer: "raw", what: "rawBlock", address: hexOf(address) },
      );
      return { size, address, servedBy: "raw", blockBytes, stops };
    }
    const base = address - (address % poolBytes);
    stops.push({
      layer: "pymalloc",
      what: "rounded",
      size,
      blockBytes,
      sizeClass: blockBytes / profile.abi.alignment - 1,
    });
    if (after.arenas > before.arenas) {
      stops.push({ layer: "arena", what: "newArena", bytes: profile.pymalloc.arenaBytes });
    }
    stops.push({
      layer: "pool",
      what: after.pools > before.pools ? "newPool" : "poolWithRoom",
      pool: hexOf(base),
      address: hexOf(address),
    });
    return { size, address, servedBy: "pymalloc", blockBytes, stops };
  }
}
