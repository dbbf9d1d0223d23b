/**
 * The functions for an allocator of which nothing is assumed: every block that it hands out is recorded, and what is
 * not in the record goes to the allocator that was there before.
 */
import {
  type Address,
  type Domain,
  type LinearMemory,
  NULL,
  type PyMemAllocatorEx,
} from "@pyrena/abi";
import type { BlockRecord } from "./block-record.ts";
import type { DrainState, TableFunctions } from "./functions.ts";
import type { LargeBlocks } from "./large-blocks.ts";
import { freshen } from "./live-memory.ts";
import type { AllocatorFunction, Problems } from "./problems.ts";
import {
  CALLOC,
  FAILED,
  FOREIGN,
  FREE,
  MALLOC,
  REALLOC,
  REQUEST_COUNTERS,
  type RequestCounters,
} from "./requests.ts";

/** One domain: the allocator, the one before, the blocks of the former that are live. */
export interface RecordedDomain {
  readonly domain: Domain;
  readonly allocator: PyMemAllocatorEx;
  readonly previous: PyMemAllocatorEx;
  readonly record: BlockRecord;
}

/** The functions, for the domains given. */
export function recordedFunctions(
  memory: LinearMemory,
  domains: readonly RecordedDomain[],
  large: LargeBlocks,
  counters: RequestCounters,
  problems: Problems,
  state: DrainState,
): TableFunctions {
  const { counts } = counters;
  const byNumber: RecordedDomain[] = [];
  for (const domain of domains) byNumber[domain.domain] = domain;

  /** A result of the allocator as an address; NULL, with a note, if it is none. */
  const checked = (domain: Domain, where: AllocatorFunction, result: unknown): Address => {
    if (result === NULL) return NULL;
    if (
      typeof result !== "number" ||
      result >>> 0 !== result ||
      (result & 7) !== 0 ||
      result >= memory.byteLength
    ) {
      problems.invalid(domain, where, result);
      return NULL;
    }
    return result;
  };

  const { threshold } = large;
  const born = (record: BlockRecord, address: Address, size: number): void => {
    record.add(address);
    if (size > threshold) large.born(address, size);
  };

  const answered = (domain: number, address: Address): Address => {
    if (address === NULL) counts[domain * REQUEST_COUNTERS + FAILED]++;
    return address;
  };

  return {
    malloc(domain, size) {
      freshen(memory);
      counts[domain * REQUEST_COUNTERS + MALLOC]++;
      const { allocator, previous, record } = byNumber[domain];
      let address: Address = NULL;
      try {
        if (state.draining) {
          address = previous.malloc(previous.ctx, size >>> 0);
        } else {
          address = checked(
            domain as Domain,
            "malloc",
            allocator.malloc(allocator.ctx, size >>> 0),
          );
          if (address !== NULL) born(record, address, size >>> 0);
        }
      } catch (error) {
        problems.thrown(domain as Domain, "malloc", error);
      }
      return answered(domain, address);
    },

    calloc(domain, nelem, elsize) {
      freshen(memory);
      counts[domain * REQUEST_COUNTERS + CALLOC]++;
      const { allocator, previous, record } = byNumber[domain];
      let address: Address = NULL;
      try {
        if (state.draining) {
          address = previous.calloc(previous.ctx, nelem >>> 0, elsize >>> 0);
        } else {
          address = checked(
            domain as Domain,
            "calloc",
            allocator.calloc(allocator.ctx, nelem >>> 0, elsize >>> 0),
          );
          if (address !== NULL) born(record, address, (nelem >>> 0) * (elsize >>> 0));
        }
      } catch (error) {
        problems.thrown(domain as Domain, "calloc", error);
      }
      return answered(domain, address);
    },

    realloc(domain, signedPtr, newSize) {
      freshen(memory);
      counts[domain * REQUEST_COUNTERS + REALLOC]++;
      const { allocator, previous, record } = byNumber[domain];
      const ptr = signedPtr >>> 0;
      const ours = ptr === NULL ? !state.draining : record.has(ptr);
      let address: Address = NULL;
      try {
        if (ours) {
          const result = allocator.realloc(allocator.ctx, ptr, newSize >>> 0);
          address = checked(domain as Domain, "realloc", result);
          if (address !== NULL) {
            if (ptr !== NULL) record.delete(ptr);
            large.died(ptr);
            born(record, address, newSize >>> 0);
          }
        } else {
          if (ptr !== NULL && !state.draining) counts[domain * REQUEST_COUNTERS + FOREIGN]++;
          address = previous.realloc(previous.ctx, ptr, newSize >>> 0);
        }
      } catch (error) {
        problems.thrown(domain as Domain, "realloc", error);
      }
      if (state.draining) state.called();
      return answered(domain, address);
    },

    free(domain, signedPtr) {
      freshen(memory);
      counts[domain * REQUEST_COUNTERS + FREE]++;
      const { allocator, previous, record } = byNumber[domain];
      const ptr = signedPtr >>> 0;
      if (ptr === NULL) return;
      try {
        if (record.delete(ptr)) {
          large.died(ptr);
          allocator.free(allocator.ctx, ptr);
        } else {
          if (!state.draining) counts[domain * REQUEST_COUNTERS + FOREIGN]++;
          previous.free(previous.ctx, ptr);
        }
      } catch (error) {
        problems.thrown(domain as Domain, "free", error);
      }
      if (state.draining) state.called();
    },
  };
}
