/**
 * The three allocator domains and CPython's rules at their edge.
 *
 * Every call goes through the struct that is installed at that moment. What the edge itself decides (CPython 3.8 to
 * 3.15): a request over `PY_SSIZE_T_MAX` returns NULL, and so does a calloc whose product exceeds it, before the
 * allocator is called. Zero bytes and NULL pointers are passed on: they are the allocator's duty (laws A2, A4, A6),
 * so that hooks see them.
 */
import type { Abi } from "./abi.ts";
import type { Address } from "./address.ts";
import { type Domain, domainNames, MEM, OBJ, type PyMemAllocatorEx, RAW } from "./allocator.ts";
import { PyrenaError } from "./errors.ts";

/** What a domain does on each call: its rules, then the struct that was installed when this was made. */
interface Edge {
  malloc(this: void, size: number): Address;
  calloc(this: void, nelem: number, elsize: number): Address;
  realloc(this: void, ptr: Address, newSize: number): Address;
  free(this: void, ptr: Address): void;
}

/**
 * The edge of a domain around a struct.
 *
 * Closures, because engines fold what they have captured: where the domain is known to the caller, as it mostly is, a
 * call through it costs no more than a call of the struct itself. Read from fields of an object, context and function
 * cost 2 to 3 ns a call. NULL is a literal here, so that no other module's binding need be read.
 */
function edgeAround(allocator: PyMemAllocatorEx, sizeMax: number): Edge {
  const { ctx, malloc, calloc, realloc, free } = allocator;
  return {
    // `size >>> 0 === size` holds just for whole numbers 0 … 2^32 - 1: NaN, negative and fractional sizes are refused.
    malloc: (size) => (size >>> 0 !== size || size > sizeMax ? 0 : malloc(ctx, size)),
    calloc: (nelem, elsize) =>
      // A factor may be any size where the other is 0; it must be a size all the same: calloc(0, -1) is refused.
      nelem * elsize <= sizeMax && isSize(nelem) && isSize(elsize) ? calloc(ctx, nelem, elsize) : 0,
    realloc: (ptr, newSize) =>
      newSize >>> 0 !== newSize || newSize > sizeMax ? 0 : realloc(ctx, ptr, newSize),
    free: (ptr) => free(ctx, ptr),
  };
}

/**
 * The four functions of one domain: `PyMem_RawMalloc` … , `PyMem_Malloc` … or `PyObject_Malloc` …
 *
 * As `PyMem_SetAllocator` does, it copies the struct.
 */
export class DomainApi {
  readonly domain: Domain;
  private readonly sizeMax: number;
  // `declare`: a field that is defined first and set afterwards is no constant to an engine.
  declare private installed: PyMemAllocatorEx;
  declare private mallocEdge: Edge["malloc"];
  declare private callocEdge: Edge["calloc"];
  declare private reallocEdge: Edge["realloc"];
  declare private freeEdge: Edge["free"];

  constructor(domain: Domain, abi: Abi, allocator: PyMemAllocatorEx) {
    this.domain = domain;
    // A size over 2^32 - 1 cannot be met in a linear memory; refusing it here is what the allocator would do.
    this.sizeMax = Math.min(abi.ssizeMax, 2 ** 32 - 1);
    this.allocator = allocator;
  }

  /** The installed struct. */
  get allocator(): PyMemAllocatorEx {
    return this.installed;
  }

  set allocator(allocator: PyMemAllocatorEx) {
    const edge = edgeAround(allocator, this.sizeMax);
    this.installed = allocator;
    this.mallocEdge = edge.malloc;
    this.callocEdge = edge.calloc;
    this.reallocEdge = edge.realloc;
    this.freeEdge = edge.free;
  }

  /** At least `size` bytes, uninitialised, or NULL. */
  malloc(size: number): Address {
    const malloc = this.mallocEdge;
    return malloc(size);
  }

  /** `nelem * elsize` zeroed bytes, or NULL. */
  calloc(nelem: number, elsize: number): Address {
    const calloc = this.callocEdge;
    return calloc(nelem, elsize);
  }

  /** Resize a block; NULL if there is no room, and then the block is unchanged. */
  realloc(ptr: Address, newSize: number): Address {
    const realloc = this.reallocEdge;
    return realloc(ptr, newSize);
  }

  /** Give a block back; NULL is ignored. */
  free(ptr: Address): void {
    const free = this.freeEdge;
    free(ptr);
  }
}

/** Whether a number is a whole one from 0 on. */
function isSize(value: number): boolean {
  return value >= 0 && Number.isInteger(value);
}

/** The structs that a {@link Domains} starts with. */
export interface InitialAllocators {
  readonly raw: PyMemAllocatorEx;
  readonly mem: PyMemAllocatorEx;
  readonly obj: PyMemAllocatorEx;
}

/** The three domains of one heap. */
export class Domains {
  readonly abi: Abi;
  readonly raw: DomainApi;
  readonly mem: DomainApi;
  readonly obj: DomainApi;
  readonly #all: readonly [DomainApi, DomainApi, DomainApi];

  constructor(abi: Abi, initial: InitialAllocators) {
    this.abi = abi;
    this.raw = new DomainApi(RAW, abi, initial.raw);
    this.mem = new DomainApi(MEM, abi, initial.mem);
    this.obj = new DomainApi(OBJ, abi, initial.obj);
    this.#all = [this.raw, this.mem, this.obj];
  }

  /**
   * The functions of one domain.
   * @throws PyrenaError `unknown-domain`
   */
  domain(domain: Domain): DomainApi {
    const api = this.#all[domain];
    if (api === undefined) {
      throw new PyrenaError(
        "unknown-domain",
        `no allocator domain ${String(domain)}: there are ${domainNames.map((name, n) => `${n} (${name})`).join(", ")}`,
      );
    }
    return api;
  }

  /**
   * The struct installed in a domain (`PyMem_GetAllocator`).
   * @throws PyrenaError `unknown-domain`, where CPython fills the struct with NULLs
   */
  getAllocator(domain: Domain): PyMemAllocatorEx {
    return this.domain(domain).allocator;
  }

  /**
   * Install a struct (`PyMem_SetAllocator`). Blocks that exist already are not converted: a hook must wrap the struct
   * that it replaces, or recognise the blocks that are not its own.
   * @throws PyrenaError `unknown-domain`, where CPython does nothing; `bad-argument` if the struct is not complete
   */
  setAllocator(domain: Domain, allocator: PyMemAllocatorEx): void {
    const api = this.domain(domain);
    requireAllocator(allocator, `setAllocator(${domainNames[domain]}, …)`);
    api.allocator = allocator;
  }
}

/**
 * Check that a value is an allocator struct.
 * @param what names the place in the message
 * @throws PyrenaError `bad-argument` naming what is missing
 */
export function requireAllocator(value: unknown, what: string): asserts value is PyMemAllocatorEx {
  const missing =
    value === null || typeof value !== "object"
      ? ["malloc", "calloc", "realloc", "free"]
      : (["malloc", "calloc", "realloc", "free"] as const).filter(
          (name) => typeof (value as Record<string, unknown>)[name] !== "function",
        );
  if (missing.length > 0) {
    throw new PyrenaError(
      "bad-argument",
      `${what}: not a PyMemAllocatorEx, missing function${missing.length > 1 ? "s" : ""} ${missing.join(", ")}`,
    );
  }
}
