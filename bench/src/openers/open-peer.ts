/** What a peer is once it is open. */
import type { PyMemAllocatorEx } from "@pyrena/abi";
import type { BlockMemory } from "../kernels.ts";

/** An allocator ready to run. */
export interface OpenPeer {
  /** Serves everything, or the MEM and OBJ domains where `raw` is another one. */
  readonly allocator: PyMemAllocatorEx;
  /** Serves the RAW domain's events of a recording. */
  readonly raw: PyMemAllocatorEx;
  readonly memory: BlockMemory;
  /** Called when a program is loaded: from here on memory is counted. */
  begin?(): void;
  /**
   * The most bytes that it has taken since then: `heap`, what the allocator itself counts as its heap; `memory`, by
   * how much the linear memory is longer.
   */
  memoryUse(): Record<string, number>;
}

/** Opens a peer, or throws an error that says why it cannot be opened here. */
export type Opener = (argument: string) => Promise<OpenPeer>;
