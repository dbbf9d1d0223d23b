/**
 * The three allocator domains and CPython's rules at their edge.
 *
 * Every call goes through the struct that is installed at that moment. What the edge itself decides (CPython 3.8 to
 * 3.15): a request over `PY_SSIZE_T_MAX` returns NULL, and so does a calloc whose product exceeds it, before the
 * allocator is called. Zero bytes and NULL pointers are passed on: they are the allocator's duty (laws A2, A4, A6),
 * so that hooks see them.
 */
import type { Abi } from "./abi.ts";
import { type Address, NULL } from "./address.ts";
import { type Domain, domainNames, MEM, OBJ, type PyMemAllocatorEx, RAW } from "./allocator.ts";
import { PyrenaError } from "./errors.ts";

/**
 * The four functions of one domain: `PyMem_RawMalloc` … , `PyMem_Malloc` … or `PyObject_Malloc` …
 *
 * As `PyMem_SetAllocator` does, it copies the struct: its members are plain fields here, which is measurably cheaper on
 * each call than reading them through the struct, or through `#private` fields.
 */
export class DomainApi {
  readonly domain: Domain;
  private readonly sizeMax: number;
  private installed!: PyMemAllocatorEx;
  private ctx!: unknown;
  private mallocOf!: PyMemAllocatorEx["malloc"];
  private callocOf!: PyMemAllocatorEx["calloc"];
  private reallocOf!: PyMemAllocatorEx["realloc"];
  private freeOf!: PyMemAllocatorEx["free"];

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
    this.installed = allocator;
    this.ctx = allocator.ctx;
    this.mallocOf = allocator.malloc;
    this.callocOf = allocator.calloc;
    this.reallocOf = allocator.realloc;
    this.freeOf = allocator.free;
  }

  /** At least `size` bytes, uninitialised, or NULL. */
  malloc(size: number): Address {
    // `size >>> 0 === size` holds just for whole numbers 0 … 2^32 - 1: NaN, negative and fractional sizes are refused.
    if (size >>> 0 !== size || size > this.sizeMax) return NULL;
    const malloc = this.mallocOf;
    return malloc(this.ctx, size);
  }

  /** `nelem * elsize` zeroed bytes, or NULL. */
  calloc(nelem: number, elsize: number): Address {
    const size = nelem * elsize;
    // A factor may be any size where the other is 0; it must be a size all the same: calloc(0, -1) is refused.
    if (!(size <= this.sizeMax && isSize(nelem) && isSize(elsize))) return NULL;
    const calloc = this.callocOf;
    return calloc(this.ctx, nelem, elsize);
  }

  /** Resize a block; NULL if there is no room, and then the block is unchanged. */
  realloc(ptr: Address, newSize: number): Address {
    if (newSize >>> 0 !== newSize || newSize > this.sizeMax) return NULL;
    const realloc = this.reallocOf;
    return realloc(this.ctx, ptr, newSize);
  }

  /** Give a block back; NULL is ignored. */
  free(ptr: Address): void {
    const free = this.freeOf;
    free(this.ctx, ptr);
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
