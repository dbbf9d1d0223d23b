/** A domain is an allocator's edge: what obeys the laws behind it obeys them in front of it. */
import {
  type Abi,
  type Domain,
  type DomainApi,
  Domains,
  ilp32,
  lp64,
  MEM,
  OBJ,
  type PyMemAllocatorEx,
  RAW,
} from "@pyrena/abi";
import {
  type AllocatorSubject,
  allocatorLaws,
  type PlainAllocator,
  plainAllocator,
} from "@pyrena/conformance";
import { describe, it } from "vitest";
import { smallMemory } from "./plain-subject.ts";

/** The functions of a domain, or of several in turns, as an allocator struct. */
function structOf(next: () => DomainApi): PyMemAllocatorEx {
  return {
    ctx: null,
    malloc: (_, size) => next().malloc(size),
    calloc: (_, nelem, elsize) => next().calloc(nelem, elsize),
    realloc: (_, ptr, size) => next().realloc(ptr, size),
    free: (_, ptr) => next().free(ptr),
  };
}

/** A hook that passes everything on, as PEP 445 has people write them. */
function passing(next: PyMemAllocatorEx): PyMemAllocatorEx {
  const hook: PyMemAllocatorEx<{ readonly next: PyMemAllocatorEx }> = {
    ctx: { next },
    malloc: ({ next: inner }, size) => inner.malloc(inner.ctx, size),
    calloc: ({ next: inner }, nelem, elsize) => inner.calloc(inner.ctx, nelem, elsize),
    realloc: ({ next: inner }, ptr, newSize) => inner.realloc(inner.ctx, ptr, newSize),
    free: ({ next: inner }, ptr) => inner.free(inner.ctx, ptr),
  };
  return hook as PyMemAllocatorEx;
}

function domainsOver(abi: Abi): { domains: Domains; rest: Omit<AllocatorSubject, "allocator"> } {
  const memory = smallMemory();
  const plain: PlainAllocator = plainAllocator(memory, abi);
  const allocator = plain as PyMemAllocatorEx;
  const domains = new Domains(abi, { raw: allocator, mem: allocator, obj: allocator });
  return { domains, rest: { memory, abi, verify: plain.walker.verify } };
}

describe.each([lp64, ilp32])("on $name", (abi) => {
  it.each(allocatorLaws)("a domain with hooks in hooks in hooks obeys: $name", (law) => {
    law.check(() => {
      const { domains, rest } = domainsOver(abi);
      for (let n = 0; n < 3; n++) domains.setAllocator(OBJ, passing(domains.getAllocator(OBJ)));
      return { allocator: structOf(() => domains.obj), ...rest };
    });
  });

  it.each(allocatorLaws)("three domains on one heap, in turns, obey: $name", (law) => {
    law.check(() => {
      const { domains, rest } = domainsOver(abi);
      const turns: readonly Domain[] = [RAW, MEM, OBJ];
      let turn = 0;
      return { allocator: structOf(() => domains.domain(turns[turn++ % 3])), ...rest };
    });
  });
});
