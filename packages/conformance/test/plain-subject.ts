/** The plain allocator as a subject of the laws, for tests to break in one place. */
import { type Abi, type Address, LinearMemory, lp64 } from "@pyrena/abi";
import { type AllocatorSubject, type PlainAllocator, plainAllocator } from "@pyrena/conformance";

/** A live block's address and the bytes reserved for it. */
export type Blocks = Map<Address, number>;

/** What is done to a correct allocator. */
export type Change = (
  allocator: PlainAllocator,
  memory: LinearMemory,
  blocks: Blocks,
) => Partial<PlainAllocator>;

/** A memory for the laws: a quarter of a MiB at first, at most 1 MiB. */
export function smallMemory(): LinearMemory {
  return LinearMemory.create({ backing: "resizable", bytes: 1 << 18, maxBytes: 1 << 20 });
}

/** A subject with the plain allocator, changed by `change`. */
export function plainSubject(
  abi: Abi = lp64,
  change: Change = () => ({}),
): AllocatorSubject & { readonly allocator: PlainAllocator } {
  const memory = smallMemory();
  const blocks: Blocks = new Map();
  const instance = (): PlainAllocator => {
    const allocator = plainAllocator(memory, abi, { blocks });
    return { ...allocator, ...change(allocator, memory, blocks) };
  };
  return { allocator: instance(), memory, abi, attach: instance };
}
