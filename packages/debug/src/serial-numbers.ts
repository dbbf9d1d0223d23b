/**
 * The serial counter: one number for all domains, which goes up by one with each malloc, calloc and successful
 * realloc of a hook that uses it (CPython's `PYMEM_DEBUG_SERIALNO`). It says which call made a damaged block, so that
 * a second, equal run can be stopped there.
 *
 * State, registered in the heap's directory as `DBGS`:
 *
 *     0  4  serial   last number given; wraps at 2^32
 *     4  4  (unused, 0)
 */
import {
  type Address,
  type Heap,
  type LinearMemory,
  NULL,
  type PyMemAllocatorEx,
} from "@pyrena/abi";

const TAG = "DBGS";
const VERSION = 1;
const STATE_BYTES = 8;

/**
 * Make a serial counter.
 * @param from where its 8 bytes come from; not an allocator that is going to be hooked
 * @returns its address, for {@link DebugHooksOptions.serialNumbers}; NULL if there is no room
 * @throws PyrenaError `directory-full`
 */
export function createSerialCounter(heap: Heap, from: PyMemAllocatorEx): Address {
  const address = from.calloc(from.ctx, 1, STATE_BYTES);
  if (address === NULL) return NULL;
  try {
    heap.register(TAG, address, STATE_BYTES, VERSION);
  } catch (error) {
    from.free(from.ctx, address);
    throw error;
  }
  return address;
}

/**
 * The serial counter of a heap that exists.
 * @throws PyrenaError `not-a-heap` if it has none, `heap-version` if its layout is another one
 */
export function attachSerialCounter(heap: Heap): Address {
  return heap.layer(TAG, VERSION).address;
}

/** The next number. */
export function nextSerial(memory: LinearMemory, counter: Address): number {
  // Hooks of the RAW domain may run in several workers at once.
  if (memory.shared) return (Atomics.add(memory.i32, counter >>> 2, 1) + 1) >>> 0;
  return (memory.u32[counter >>> 2] = memory.u32[counter >>> 2] + 1) >>> 0;
}
