/**
 * The context of one pymalloc: what its functions take first. It holds no state, only where the state lies (state.ts)
 * and the layers around.
 *
 * Names in `…Word` are indices into `memory.u32`. An index is an address shifted right by 2, hence below 2^30: engines
 * keep it as a small integer where an address might become a boxed number.
 */
import type {
  Address,
  Heap,
  LinearMemory,
  PyMemAllocatorEx,
  PyObjectArenaAllocator,
  StatsSink,
} from "@pyrena/abi";
import { Geometry } from "./geometry.ts";
import { stateLayout } from "./state.ts";

/** The layers around a pymalloc. */
export interface PymallocOptions {
  /** Serves requests of 0 bytes and of more than the threshold, and pymalloc's own tables. */
  readonly raw: PyMemAllocatorEx;
  /**
   * Serves arenas. The heap is whole whenever it is called, so that a wrapper may walk it (`PYTHONMALLOCSTATS` has
   * CPython print its statistics each time before an arena is obtained).
   */
  readonly arenas: PyObjectArenaAllocator;
  /** Is told of arenas obtained, refused and given back. */
  readonly sink?: StatsSink | undefined;
}

/** Where everything is. Made by `createPymalloc` and `attachPymalloc`; passed to each function. */
export class PymallocContext extends Geometry {
  declare readonly memory: LinearMemory;

  /**
   * `usedpools`, less the words of one class: the entry of a class lies its block size from here, since a class's two
   * pointers are as long as the alignment in both ABIs.
   */
  declare readonly usedPoolsWord: number;
  /** The address map's first entry. */
  declare readonly addressMapWord: number;
  /** Entries of the address map. */
  declare readonly addressMapSlots: number;
  declare readonly usableArenasWord: number;
  declare readonly unusedArenaObjectsWord: number;
  declare readonly arenasWord: number;
  declare readonly maxarenasWord: number;
  declare readonly arenasCurrentWord: number;
  declare readonly arenasTotalWord: number;
  declare readonly arenasHighwaterWord: number;
  declare readonly rawAllocatedBlocksWord: number;
  declare readonly nfp2lastaWord: number;

  declare readonly raw: PyMemAllocatorEx;
  declare readonly arenas: PyObjectArenaAllocator;
  declare sink: StatsSink | undefined;
  /** Address of the state. */
  declare readonly state: Address;

  constructor(heap: Heap, state: Address, addressMapSlots: number, options: PymallocOptions) {
    super(heap.profile);
    const { at } = stateLayout(heap.profile, addressMapSlots);
    // Shifted, not divided: engines keep the result as a small integer in any case.
    const word = (offset: number): number => (state + offset) >>> 2;
    this.memory = heap.memory;
    this.usedPoolsWord = word(at.usedpools) - 2 * this.pointerWords;
    this.addressMapWord = word(at.address_map);
    this.addressMapSlots = addressMapSlots;
    this.usableArenasWord = word(at.usable_arenas);
    this.unusedArenaObjectsWord = word(at.unused_arena_objects);
    this.arenasWord = word(at.arenas);
    this.maxarenasWord = word(at.maxarenas);
    this.arenasCurrentWord = word(at.narenas_currently_allocated);
    this.arenasTotalWord = word(at.ntimes_arena_allocated);
    this.arenasHighwaterWord = word(at.narenas_highwater);
    this.rawAllocatedBlocksWord = word(at.raw_allocated_blocks);
    this.nfp2lastaWord = word(at.nfp2lasta);
    this.raw = options.raw;
    this.arenas = options.arenas;
    this.sink = options.sink;
    this.state = state;
  }
}
