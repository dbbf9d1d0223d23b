/** The allocators that hooks are tested over: the plain one, raw, and pymalloc over raw. */
import { type AbiName, type Domain, type Heap, MEM, type PyMemAllocatorEx, RAW } from "@pyrena/abi";
import { plainAllocator, tinyHeap } from "@pyrena/conformance";
import { createDebugHooks, type DebugHooks } from "@pyrena/debug";
import { attachPymalloc, createPymalloc } from "@pyrena/pymalloc";
import {
  attachArenaSource,
  attachRawAllocator,
  createArenaSource,
  createRawAllocator,
} from "@pyrena/raw";

/** A heap, an allocator on it and the hooks around that. */
export interface Stack {
  readonly heap: Heap;
  readonly next: PyMemAllocatorEx;
  readonly hooks: DebugHooks;
  /** The same over another instance of the allocator on the same heap. */
  readonly attach: () => DebugHooks;
  /** Whether a fresh request of so many bytes is walked; see `HeapWalkerSubject`. */
  readonly ownsRequest: (bytes: number) => boolean;
}

/** What lies below the hooks. */
export const stackNames = ["plain", "raw", "pymalloc"] as const;

export type StackName = (typeof stackNames)[number];

/** Hooks over an allocator on a fresh heap with the tiny profile. */
export function stack(name: StackName, abi: AbiName, serialNumbers = false): Stack {
  const heap = tinyHeap(abi, { bytes: 1 << 18, maxBytes: 1 << 21 });
  const { memory, profile } = heap;
  const extra = (serialNumbers ? 4 : 3) * heap.abi.pointerBytes;
  let next: PyMemAllocatorEx;
  let again: () => PyMemAllocatorEx;
  let ownsRequest = (_bytes: number): boolean => true;
  let domain: Domain = MEM;
  if (name === "plain") {
    const plain = plainAllocator(memory, heap.abi);
    next = plain;
    again = () => plainAllocator(memory, heap.abi, { blocks: plain.blocks });
  } else {
    const raw = createRawAllocator(heap);
    next = raw;
    again = () => attachRawAllocator(heap);
    domain = RAW;
    if (name === "pymalloc") {
      next = createPymalloc(heap, { raw, arenas: createArenaSource(heap) });
      again = () =>
        attachPymalloc(heap, { raw: attachRawAllocator(heap), arenas: attachArenaSource(heap) });
      ownsRequest = (bytes) => bytes + extra <= profile.pymalloc.threshold;
      domain = MEM;
    }
  }
  const counter = serialNumbers ? next.calloc(next.ctx, 1, 8) : undefined;
  const hook = (inner: PyMemAllocatorEx): DebugHooks =>
    createDebugHooks(inner, { memory, abi: heap.abi, domain, serialNumbers: counter });
  return { heap, next, hooks: hook(next), attach: () => hook(again()), ownsRequest };
}
