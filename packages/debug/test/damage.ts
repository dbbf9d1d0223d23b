/** Heaps with hooked allocators, and ways to damage their blocks. */
import { type Abi, type Address, type Domain, LinearMemory, MEM } from "@pyrena/abi";
import { type PlainAllocator, plainAllocator } from "@pyrena/conformance";
import { createDebugHooks, DebugHookError, type DebugHooks, type DebugReport } from "@pyrena/debug";

/** A small memory with a plain allocator in hooks. */
export interface Hooked {
  readonly memory: LinearMemory;
  readonly next: PlainAllocator;
  readonly hooks: DebugHooks;
}

/** Hooks for a domain over a plain allocator in a memory that grows to 1 MiB. */
export function hooked(abi: Abi, domain: Domain = MEM, serialNumbers?: Address): Hooked {
  const memory = LinearMemory.create({ backing: "resizable", bytes: 1 << 17, maxBytes: 1 << 20 });
  const next = plainAllocator(memory, abi, { start: 1024 });
  const hooks = createDebugHooks(next, { memory, abi, domain, serialNumbers });
  return { memory, next, hooks };
}

/** The error that the hooks throw. */
export function caught(run: () => unknown): DebugHookError {
  try {
    run();
  } catch (error) {
    if (error instanceof DebugHookError) return error;
    throw error;
  }
  throw new Error("the hooks found nothing wrong");
}

/** What the hooks report when a block is freed. */
export function reportOf({ hooks }: Hooked, address: Address): DebugReport {
  return caught(() => hooks.free(hooks.ctx, address)).report;
}
