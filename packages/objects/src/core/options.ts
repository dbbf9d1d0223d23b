/** What objects are made over. */
import type { CollectorFactory, Domains, HeapWalker, PyObjectArenaAllocator } from "@pyrena/abi";
import type { Unraisable } from "../api/errors.ts";

/** Options of `createObjects` and `attachObjects`. */
export interface ObjectsOptions {
  /** The three domains, with whatever allocators are installed. */
  readonly domains: Domains;
  /** Where the data stack's chunks come from (`_PyObject_Arena`). */
  readonly arenas: PyObjectArenaAllocator;
  /** The cycle collector; default: one that tracks and never collects. */
  readonly collector?: CollectorFactory;
  /** Takes the text that a collector's debug flags ask for; default: `console.error`. */
  readonly stderr?: (text: string) => void;
  /** Seed of str and bytes hashes, as `PYTHONHASHSEED`; default 0: no randomisation. */
  readonly hashSeed?: number;
  /** Told of exceptions that nobody could be given; default: `console.error`. */
  readonly onUnraisable?: (report: Unraisable) => void;
  /** Check addresses and types at every low-level call; slower. Default false. */
  readonly debug?: boolean;
  /** Walkers of the installed allocators, for `regions()` and for `verify()` to account for every block. */
  readonly walkers?: readonly HeapWalker[];
}
