/** The private heap page: one request at a time, and the layers that it passes. */
import { ArenaLab } from "../arenas/model.ts";
import { hexOf } from "../shared/heap-map.ts";

/** One layer that a request came to. */
export interface Stop {
  readonly layer: "domain" | "pymalloc" | "pool" | "arena" | "raw";
  readonly says: string;
}

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
    const blockBytes = pymalloc.walker.usableSize(address);
    const stops: Stop[] = [
      {
        layer: "domain",
        says: `PyObject_Malloc(${size}): the OBJ domain calls what is installed there: pymalloc.`,
      },
    ];
    if (!pymalloc.walker.owns(address)) {
      stops.push(
        {
          layer: "pymalloc",
          says:
            size === 0
              ? "0 bytes: not for pools."
              : `${size} is more than ${threshold}: not for pools.`,
        },
        {
          layer: "raw",
          says: `The raw allocator (the C library's malloc, in CPython) gives the block at ${hexOf(address)}.`,
        },
      );
      return { size, address, servedBy: "raw", blockBytes, stops };
    }
    const base = address - (address % poolBytes);
    stops.push({
      layer: "pymalloc",
      says: `${size} bytes are rounded up to ${blockBytes}: size class ${blockBytes / profile.abi.alignment - 1}.`,
    });
    if (after.arenas > before.arenas) {
      stops.push({
        layer: "arena",
        says: `No arena has a free pool: a new one of ${profile.pymalloc.arenaBytes.toLocaleString("en")} bytes is fetched.`,
      });
    }
    stops.push({
      layer: "pool",
      says: `${after.pools > before.pools ? "A pool is taken from the arena" : "A pool of this class has room"}: the one at ${hexOf(base)}. Its first free block, at ${hexOf(address)}, is the answer.`,
    });
    return { size, address, servedBy: "pymalloc", blockBytes, stops };
  }
}
