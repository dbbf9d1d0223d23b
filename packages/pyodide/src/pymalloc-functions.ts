/**
 * The functions for Pyrena's pymalloc, which knows its own blocks by address and passes all others on by itself: so
 * small blocks need no record. This is the hot path of a live CPython, millions of calls a second.
 */
import {
  type Address,
  type Domain,
  type LinearMemory,
  NULL,
  type PyMemAllocatorEx,
} from "@pyrena/abi";
import type { DrainState, TableFunctions } from "./functions.ts";
import { freshen } from "./live-memory.ts";
import type { LivePymalloc } from "./live-pymalloc.ts";
import type { Problems } from "./problems.ts";
import {
  CALLOC,
  FAILED,
  FREE,
  MALLOC,
  REALLOC,
  REQUEST_COUNTERS,
  type RequestCounters,
} from "./requests.ts";

/** While draining, the live blocks in pools are counted down. */
export interface PoolDrainState extends DrainState {
  poolBlocksChanged(by: number): void;
}

/**
 * The functions.
 * @param previous the allocators that were there before, by number of the domain
 */
export function pymallocFunctions(
  memory: LinearMemory,
  live: LivePymalloc,
  previous: readonly PyMemAllocatorEx[],
  counters: RequestCounters,
  problems: Problems,
  state: PoolDrainState,
): TableFunctions {
  const { counts } = counters;
  const { malloc, calloc, realloc, free } = live;
  const { walker } = live.pymalloc;

  return {
    malloc(domain, size) {
      freshen(memory);
      counts[domain * REQUEST_COUNTERS + MALLOC]++;
      let address: Address = NULL;
      try {
        if (!state.draining) {
          address = malloc(domain, size >>> 0);
        } else {
          const before = previous[domain];
          address = before.malloc(before.ctx, size >>> 0);
        }
      } catch (error) {
        problems.thrown(domain as Domain, "malloc", error);
      }
      if (address === NULL) counts[domain * REQUEST_COUNTERS + FAILED]++;
      return address;
    },

    calloc(domain, nelem, elsize) {
      freshen(memory);
      counts[domain * REQUEST_COUNTERS + CALLOC]++;
      let address: Address = NULL;
      try {
        if (!state.draining) {
          address = calloc(domain, nelem >>> 0, elsize >>> 0);
        } else {
          const before = previous[domain];
          address = before.calloc(before.ctx, nelem >>> 0, elsize >>> 0);
        }
      } catch (error) {
        problems.thrown(domain as Domain, "calloc", error);
      }
      if (address === NULL) counts[domain * REQUEST_COUNTERS + FAILED]++;
      return address;
    },

    realloc(domain, ptr, newSize) {
      freshen(memory);
      counts[domain * REQUEST_COUNTERS + REALLOC]++;
      let address: Address = NULL;
      try {
        address = state.draining
          ? reallocDraining(domain, ptr >>> 0, newSize >>> 0)
          : realloc(domain, ptr >>> 0, newSize >>> 0);
      } catch (error) {
        problems.thrown(domain as Domain, "realloc", error);
      }
      if (address === NULL) counts[domain * REQUEST_COUNTERS + FAILED]++;
      return address;
    },

    free(domain, ptr) {
      freshen(memory);
      counts[domain * REQUEST_COUNTERS + FREE]++;
      try {
        if (!state.draining) free(domain, ptr >>> 0);
        else freeDraining(domain, ptr >>> 0);
      } catch (error) {
        problems.thrown(domain as Domain, "free", error);
      }
    },
  };

  function reallocDraining(domain: number, ptr: Address, newSize: number): Address {
    const before = previous[domain];
    if (state.removed || !walker.owns(ptr)) {
      const address = before.realloc(before.ctx, ptr, newSize);
      state.called();
      return address;
    }
    const address = realloc(domain, ptr, newSize);
    if (address !== NULL && !walker.owns(address)) state.poolBlocksChanged(-1);
    state.called();
    return address;
  }

  function freeDraining(domain: number, ptr: Address): void {
    const before = previous[domain];
    if (!state.removed && walker.owns(ptr)) {
      state.poolBlocksChanged(-1);
      free(domain, ptr);
    } else {
      before.free(before.ctx, ptr);
    }
    state.called();
  }
}
