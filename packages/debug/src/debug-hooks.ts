/**
 * CPython's debug hooks: an allocator around any allocator, which fences each block, fills new and dead memory with
 * patterns, and checks the fences whenever a block comes back (CPython 3.8 to 3.15, `PYTHONMALLOC=debug`).
 *
 * The bytes are drawn in `fence-layout.ts`. The hooks remember nothing but what stands in those bytes: hooks made anew
 * over the same memory, in another worker or after a heap was saved, understand the blocks that are there.
 *
 * Where CPython prints a dump and aborts, `free` and `realloc` throw a {@link DebugHookError} and leave the block alone.
 */
import {
  type Abi,
  type Address,
  type Domain,
  domainApiIds,
  domainNames,
  type HeapWalker,
  hex,
  type LinearMemory,
  NULL,
  type PyMemAllocatorEx,
  PyrenaError,
  requireAllocator,
} from "@pyrena/abi";
import {
  CLEANBYTE,
  DEADBYTE,
  type FenceLayout,
  fenceLayout,
  headerIntact,
  readSize,
  trailingPadIntact,
  writeHeader,
  writeSerial,
  writeTrailingPad,
} from "./fence-layout.ts";
import { damage } from "./report.ts";
import { nextSerial } from "./serial-numbers.ts";
import { debugWalker } from "./walk.ts";

/** Bytes at either end of a block that realloc puts aside and marks dead. */
const ERASED_BYTES = 64;

/** Where hooks are installed. */
export interface DebugHooksOptions {
  /** The memory in which addresses of the wrapped allocator lie. */
  readonly memory: LinearMemory;
  readonly abi: Abi;
  /** The domain that they serve: decides the id byte. Blocks of another domain are refused. */
  readonly domain: Domain;
  /** Address of a serial counter, made by `createSerialCounter`; without it blocks carry no serial number. */
  readonly serialNumbers?: Address | undefined;
}

/** What the hooks know: constants, the wrapped allocator and a buffer that is empty between calls. */
export interface DebugContext {
  readonly next: PyMemAllocatorEx;
  readonly memory: LinearMemory;
  readonly domain: Domain;
  readonly layout: FenceLayout;
  /** The id byte of the domain. */
  readonly apiId: number;
  /** Largest request, in bytes. */
  readonly sizeMax: number;
  /** Address of the serial counter, or NULL. */
  readonly counter: Address;
  /** The wrapped allocator's walker: not shown to the caller, whose blocks are smaller. */
  readonly nextWalker: HeapWalker | undefined;
  /** Both ends of the block that realloc is working on. */
  readonly saved: Uint8Array;
}

/** An allocator in debug hooks. */
export interface DebugHooks extends PyMemAllocatorEx<DebugContext> {
  /** The wrapped allocator's memory with blocks as the caller sees them; absent if that cannot be walked. */
  readonly walker?: HeapWalker | undefined;
}

/**
 * Put hooks around an allocator.
 * @throws PyrenaError `bad-argument` if `next` is no allocator or the domain is not 0, 1 or 2
 */
export function createDebugHooks(next: PyMemAllocatorEx, options: DebugHooksOptions): DebugHooks {
  const { memory, abi, domain, serialNumbers = NULL } = options;
  requireAllocator(next, "createDebugHooks");
  if (domainApiIds[domain] === undefined) {
    throw new PyrenaError(
      "bad-argument",
      `createDebugHooks: no domain ${String(domain)}; there are ${domainNames.map((name, n) => `${n} (${name})`).join(", ")}`,
    );
  }
  const layout = fenceLayout(abi, serialNumbers !== NULL);
  const ctx: DebugContext = Object.freeze({
    next,
    memory,
    domain,
    layout,
    apiId: domainApiIds[domain],
    sizeMax: Math.min(abi.ssizeMax, 2 ** 32 - 1) - layout.extra,
    counter: serialNumbers,
    nextWalker: next.walker,
    saved: new Uint8Array(2 * ERASED_BYTES),
  });
  return Object.freeze({
    ctx,
    malloc: debugMalloc,
    calloc: debugCalloc,
    realloc: debugRealloc,
    free: debugFree,
    walker: next.walker === undefined ? undefined : debugWalker(next.walker, memory, layout),
  });
}

function debugMalloc(ctx: DebugContext, size: number): Address {
  if (size > ctx.sizeMax) return NULL;
  const { next } = ctx;
  const base = next.malloc(next.ctx, size + ctx.layout.extra);
  if (base === NULL) return NULL;
  const address = fence(ctx, base, size);
  ctx.memory.u8.fill(CLEANBYTE, address, address + size);
  return address;
}

function debugCalloc(ctx: DebugContext, nelem: number, elsize: number): Address {
  const size = nelem * elsize;
  if (size > ctx.sizeMax) return NULL;
  const { next } = ctx;
  const base = next.calloc(next.ctx, 1, size + ctx.layout.extra);
  return base === NULL ? NULL : fence(ctx, base, size);
}

function debugFree(ctx: DebugContext, ptr: Address): void {
  if (ptr === NULL) return;
  const { next, layout } = ctx;
  const size = check(ctx, ptr, "free");
  const base = ptr - layout.before;
  ctx.memory.u8.fill(DEADBYTE, base, base + size + layout.extra);
  next.free(next.ctx, base);
}

/**
 * The underlying realloc is always called, shrinking or growing, and while it runs the fences and both ends of the
 * block are marked dead: whoever still uses the block by its old address reads 0xDD, even if it did not move.
 */
function debugRealloc(ctx: DebugContext, ptr: Address, newSize: number): Address {
  if (ptr === NULL) return debugMalloc(ctx, newSize);
  const { next, memory, layout, saved } = ctx;
  const size = check(ctx, ptr, "realloc");
  if (newSize > ctx.sizeMax) return NULL;
  const { before, extra } = layout;
  const oldBase = ptr - before;
  // Short blocks are put aside whole, longer ones at both ends: [0, head) and [tail, size), which do not overlap.
  const head = Math.min(size, size <= 2 * ERASED_BYTES ? size : ERASED_BYTES);
  const tail = Math.max(head, size - ERASED_BYTES);
  const u8 = memory.u8;
  const serial = layout.serial
    ? u8.slice(ptr + size + layout.word, oldBase + size + extra)
    : undefined;
  for (let at = 0; at < head; at++) saved[at] = u8[ptr + at];
  for (let at = tail; at < size; at++) saved[head + at - tail] = u8[ptr + at];
  u8.fill(DEADBYTE, oldBase, ptr + head);
  u8.fill(DEADBYTE, ptr + tail, oldBase + size + extra);

  let base: Address = NULL;
  try {
    base = next.realloc(next.ctx, oldBase, newSize + extra);
  } finally {
    // Failed, or thrown out of by hooks further in: the block must be as it was.
    if (base === NULL) {
      writeFences(ctx, oldBase, size);
      if (serial !== undefined) memory.u8.set(serial, ptr + size + layout.word);
      restore(ctx, ptr, head, tail, size, size);
    }
  }
  if (base === NULL) return NULL;
  const address = fence(ctx, base, newSize);
  restore(ctx, address, head, tail, size, newSize);
  if (newSize > size) memory.u8.fill(CLEANBYTE, address + size, address + newSize);
  return address;
}

/** Put back what realloc has saved, as far as it still fits. */
function restore(
  { memory, saved }: DebugContext,
  address: Address,
  head: number,
  tail: number,
  size: number,
  newSize: number,
): void {
  const u8 = memory.u8;
  const headEnd = Math.min(head, newSize);
  for (let at = 0; at < headEnd; at++) u8[address + at] = saved[at];
  const end = Math.min(size, newSize);
  for (let at = tail; at < end; at++) u8[address + at] = saved[head + at - tail];
}

/** Make a block of an underlying one: fences and, if kept, the next serial number. Returns the caller's address. */
function fence(ctx: DebugContext, base: Address, size: number): Address {
  const { memory, layout, counter } = ctx;
  // The memory may have grown below us: in a worker of its own, or in WebAssembly, which detaches the views.
  if (base + size + layout.extra > memory.u8.length) memory.refresh();
  writeFences(ctx, base, size);
  if (counter !== NULL) {
    const { before, word } = layout;
    writeSerial(memory.u8, base + before + size + word, word, nextSerial(memory, counter));
  }
  return base + layout.before;
}

function writeFences({ memory, layout, apiId }: DebugContext, base: Address, size: number): void {
  writeHeader(memory.u32, base, layout.word, size, apiId);
  writeTrailingPad(memory.u8, base + layout.before + size, layout.word);
}

/**
 * Check a block that comes back: id, leading pad, trailing pad.
 * @returns its size, which can be relied on then
 * @throws DebugHookError
 */
function check(ctx: DebugContext, ptr: Address, call: "free" | "realloc"): number {
  const { memory, layout, domain } = ctx;
  const { word, before, extra } = layout;
  const base = ptr - before;
  if (base + extra > memory.u8.length) memory.refresh();
  if (
    !(Number.isInteger(ptr) && base > 0 && ptr % word === 0 && base + extra <= memory.byteLength)
  ) {
    throw new PyrenaError(
      "foreign-pointer",
      `${call} of ${hex(ptr)}: no block can lie there; the memory ends at ${hex(memory.byteLength)}`,
      { address: ptr },
    );
  }
  if (headerIntact(memory.u32, base, word, ctx.apiId)) {
    const size = readSize(memory, base, word);
    // A size that leads outside is as wrong as a pad that is not there.
    if (base + size + extra > memory.u8.length) memory.refresh();
    if (
      base + size + extra <= memory.byteLength &&
      trailingPadIntact(memory.u8, ptr + size, word)
    ) {
      return size;
    }
  }
  throw damage({ memory, layout, domain, call, address: ptr, walker: ctx.nextWalker });
}
