/**
 * Memory for objects.
 *
 *      block from the OBJ domain
 *      ├ -4W  managed weak reference list (3.12+) or values (3.11)   only with a managed dict or weakrefs
 *      ├ -3W  managed __dict__
 *      ├ -2W  PyGC_Head: next                                        only collectable objects
 *      ├ -1W  PyGC_Head: previous, bit 0: finalized
 *      └  0   the object: count, type, fields
 */
import type { Address, Collector } from "@pyrena/abi";
import { PyrenaError } from "@pyrena/abi";
import type { AllocationApi, FreeList } from "../api/allocation.ts";
import { typeFlags } from "../api/types.ts";
import type { Core } from "./core.ts";
import { freeListNames } from "./state.ts";
import { typeLayout } from "./type-object.ts";

/** Size of a chunk of static data, in bytes; a larger piece gets a chunk of its own. */
const STATIC_CHUNK_BYTES = 64 * 1024;

/** Allocation, and what gives it another collector. */
export interface Allocation extends AllocationApi {
  /** Use a collector from now on. */
  setCollector(this: void, collector: Collector): void;
}

export function makeAllocation(core: Core): Allocation {
  const { memory, obj, raw, wide, word, state, at, facts } = core;
  const TYPE = word;
  const HEAD = 2 * word;
  const PREV = word;
  const FLAGS = typeLayout(core).at.tp_flags;
  const MANAGED = typeFlags.managedDict | typeFlags.managedWeakref;
  const HEAP_TYPE = typeFlags.heapType;
  const { increfLimit } = facts.refcount;
  const alignment = core.profile.abi.alignment;
  const freeLists: FreeList[] = [];
  let collectorCtx: unknown;
  let tellAllocated: Collector["allocated"];
  let tellReleased: Collector["released"];
  let trackIt: Collector["track"];
  let untrackIt: Collector["untrack"];

  function initHeader(object: Address, type: Address): void {
    const u32 = memory.u32;
    const i = object >>> 2;
    u32[i] = 1;
    u32[(object + TYPE) >>> 2] = type;
    if (wide) {
      u32[i + 1] = 0;
      u32[i + 3] = 0;
    }
    // Each instance holds a reference to a class made at run time (3.8 and later).
    if ((u32[(type + FLAGS) >>> 2] & HEAP_TYPE) !== 0) {
      const count = u32[type >>> 2];
      if (count < increfLimit) u32[type >>> 2] = count + 1;
    }
  }

  return {
    freeLists,
    initHeader,
    object: (type, bytes) => {
      const object = obj.malloc(bytes);
      if (object === 0) return core.errors.noMemory();
      initHeader(object, type);
      return object;
    },
    gcObject: (type, bytes, preBytes) => {
      const block = obj.malloc(preBytes + bytes);
      if (block === 0) return core.errors.noMemory();
      const object = block + preBytes;
      // A loop of stores: for these few words it is twice as fast as a call of `fill`.
      const u32 = memory.u32;
      for (let i = block >>> 2; i < object >>> 2; i++) u32[i] = 0;
      initHeader(object, type);
      tellAllocated(collectorCtx, object);
      return object;
    },
    freeObject: (object) => obj.free(object),
    freeGcObject: (object, preBytes) => {
      tellReleased(collectorCtx, object);
      obj.free(object - preBytes);
    },
    free: (object) => {
      const flags = memory.u32[(memory.u32[(object + TYPE) >>> 2] + FLAGS) >>> 2];
      if ((flags & typeFlags.hasGc) === 0) obj.free(object);
      else {
        tellReleased(collectorCtx, object);
        obj.free(object - ((flags & MANAGED) !== 0 ? 2 * HEAD : HEAD));
      }
    },
    track: (object) => trackIt(collectorCtx, object),
    untrack: (object) => untrackIt(collectorCtx, object),
    isTracked: (object) => memory.u32[(object - HEAD) >>> 2] !== 0,
    isFinalized: (object) => (memory.u32[(object - PREV) >>> 2] & 1) !== 0,
    setFinalized: (object) => {
      memory.u32[(object - PREV) >>> 2] |= 1;
    },
    freeList: (name, limit, release) => {
      const slot = freeListNames.indexOf(name);
      if (slot < 0)
        throw new PyrenaError("bad-argument", `no free list named '${name}' in the state`);
      const HEAD_WORD = (state + at.free_lists + 8 * slot) >>> 2;
      const COUNT_WORD = HEAD_WORD + 1;
      const list: FreeList = {
        name,
        headWord: HEAD_WORD,
        pop: () => {
          const u32 = memory.u32;
          const object = u32[HEAD_WORD];
          if (object !== 0) {
            u32[HEAD_WORD] = u32[object >>> 2];
            u32[COUNT_WORD]--;
          }
          return object;
        },
        // Kept objects are linked through their first word, where the count was.
        push: (object) => {
          const u32 = memory.u32;
          const count = u32[COUNT_WORD];
          if (count >= limit) return false;
          u32[object >>> 2] = u32[HEAD_WORD];
          u32[HEAD_WORD] = object;
          u32[COUNT_WORD] = count + 1;
          return true;
        },
        count: () => memory.u32[COUNT_WORD],
        clear: () => {
          for (let object = list.pop(); object !== 0; object = list.pop()) release(object);
        },
      };
      freeLists.push(list);
      return list;
    },
    staticData: (bytes) => {
      const size = Math.ceil(bytes / alignment) * alignment;
      let next = memory.u32[(state + at.static_next) >>> 2];
      if (next === 0 || next + size > memory.u32[(state + at.static_end) >>> 2]) {
        const chunkBytes = Math.max(STATIC_CHUNK_BYTES, size + alignment);
        const chunk = raw.calloc(1, chunkBytes);
        if (chunk === 0) {
          throw new PyrenaError(
            "memory-limit",
            `no room for static data (${chunkBytes} bytes): give the memory a larger maximum`,
            { size: chunkBytes },
          );
        }
        const u32 = memory.u32;
        u32[chunk >>> 2] = u32[(state + at.static_chunk) >>> 2];
        u32[(chunk >>> 2) + 1] = chunkBytes;
        u32[(state + at.static_chunk) >>> 2] = chunk;
        u32[(state + at.static_end) >>> 2] = chunk + chunkBytes;
        next = chunk + alignment;
      }
      memory.u32[(state + at.static_next) >>> 2] = next + size;
      return next;
    },
    setCollector: (given) => {
      collectorCtx = given.ctx;
      tellAllocated = given.allocated;
      tellReleased = given.released;
      trackIt = given.track;
      untrackIt = given.untrack;
    },
  };
}
