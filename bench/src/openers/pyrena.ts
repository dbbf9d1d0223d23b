/** Pyrena's own allocators, and allocators of users. */
import {
  type AllocatorFactory,
  type DomainApi,
  Domains,
  Heap,
  LinearMemory,
  OBJ,
  type PyMemAllocatorEx,
  profileFor,
  requireAllocator,
  type StatSource,
} from "@pyrena/abi";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator, type RawAllocator } from "@pyrena/raw";
import type { OpenPeer } from "./open-peer.ts";

/** The version whose pymalloc is measured. */
const PYTHON = "3.13";
/** One page, so that whatever is taken shows; it may grow to half of what addresses reach. */
const FIRST_BYTES = 65_536;
const MOST_BYTES = 2 ** 31;

interface FreshHeap {
  readonly heap: Heap;
  readonly memory: LinearMemory;
  readonly raw: RawAllocator;
  memoryUse(): Record<string, number>;
}

function freshHeap(abi: string): FreshHeap {
  if (abi !== "lp64" && abi !== "ilp32") throw new Error(`there is no ABI '${abi}'`);
  const memory = LinearMemory.create({ bytes: FIRST_BYTES, maxBytes: MOST_BYTES });
  const heap = Heap.create(memory, profileFor(PYTHON, abi));
  const raw = createRawAllocator(heap, { zeroed: true });
  // From byte 0 of the memory, headers and tables included.
  const memoryUse = () => ({
    heap: statistic(raw.stats, "peakManagedBytes"),
    memory: memory.byteLength,
  });
  return { heap, memory, raw, memoryUse };
}

function statistic(source: StatSource, name: string): number {
  return source.read(source.declarations.findIndex((declaration) => declaration.name === name));
}

/** The raw allocator, called as what libc's malloc is: by itself. */
export function openRaw(abi: string): OpenPeer {
  const { raw, memory, memoryUse } = freshHeap(abi);
  return { allocator: raw as PyMemAllocatorEx, raw: raw as PyMemAllocatorEx, memory, memoryUse };
}

/**
 * pymalloc, called through the OBJ domain, as C calls CPython's through `PyObject_Malloc`; the edge of the domain is
 * in both figures. With `,struct` after the ABI: called by itself.
 */
export function openPymalloc(argument: string): OpenPeer {
  const [abi = "", how] = argument.split(",");
  const { heap, raw, memory, memoryUse } = freshHeap(abi);
  const pymalloc = createPymalloc(heap, {
    raw: raw as PyMemAllocatorEx,
    arenas: createArenaSource(heap),
  });
  const domains = new Domains(heap.abi, {
    raw: raw as PyMemAllocatorEx,
    mem: pymalloc as PyMemAllocatorEx,
    obj: pymalloc as PyMemAllocatorEx,
  });
  return {
    allocator: how === "struct" ? (pymalloc as PyMemAllocatorEx) : throughDomain(domains.obj),
    raw: how === "struct" ? (raw as PyMemAllocatorEx) : throughDomain(domains.raw),
    memory,
    memoryUse,
  };
}

/** A user's allocator: a module whose default export is an AllocatorFactory. It is given the raw allocator as `next`. */
export async function openModule(url: string): Promise<OpenPeer> {
  const { raw, memory, memoryUse } = freshHeap("ilp32");
  const { default: factory } = (await import(url)) as { default?: AllocatorFactory };
  if (typeof factory !== "function")
    throw new Error("its default export is not an allocator factory");
  const allocator: PyMemAllocatorEx = factory(raw as PyMemAllocatorEx, { memory, domain: OBJ });
  requireAllocator(allocator, "what its factory returns");
  return { allocator, raw: raw as PyMemAllocatorEx, memory, memoryUse };
}

/** A domain's functions as a struct. The domain is known to each of them, as `PyObject_Malloc` is to a C program. */
function throughDomain(domain: DomainApi): PyMemAllocatorEx {
  return {
    ctx: undefined,
    malloc: (_ctx, size) => domain.malloc(size),
    calloc: (_ctx, nelem, elsize) => domain.calloc(nelem, elsize),
    realloc: (_ctx, ptr, size) => domain.realloc(ptr, size),
    free: (_ctx, ptr) => domain.free(ptr),
  };
}
