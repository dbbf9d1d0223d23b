/** Making a heap's region manager, and attaching to it. */
import {
  alignUp,
  HEAP_HEADER_BYTES,
  type Heap,
  hex,
  type LinearMemory,
  PAGE_BYTES,
  PyrenaError,
} from "@pyrena/abi";
import { insertRun } from "./free-runs.ts";
import { Regions } from "./region-context.ts";
import {
  ATTACHMENTS,
  BOOT,
  CAPACITY,
  END,
  FRESH_GRANULE,
  GRANULE_LIMIT,
  LAYERS_BYTES,
  LAYERS_END,
  LAYERS_NEXT,
  LOG_GRANULE,
  LOG_SLOT,
  PEAK_END,
  REGION_STATE_BYTES,
  REGIONS_TAG,
  REGIONS_VERSION,
  TABLE_ADDRESS,
  TABLE_WORDS,
} from "./region-layout.ts";
import { tagRun } from "./runs.ts";

/** What a heap's region manager is told when it is made. */
export interface RegionOptions {
  /**
   * Whether every byte behind the heap header is known to be 0, as in a memory that was just made. Then calloc need
   * not clear what it takes from there. Default false: only what the manager adds itself by growing counts as clean.
   */
  readonly zeroed?: boolean | undefined;
}

/** Largest granule: WebAssembly's page. */
const LARGEST_GRANULE: number = PAGE_BYTES;
/** Smallest granule that is chosen for the sake of a small memory. */
const SMALL_GRANULE = 4096;
/** A small memory is to have this many granules at least. */
const GRANULES_WANTED = 256;

/**
 * The heap's region manager: attached to if the heap has one, else made.
 * @throws PyrenaError `bad-argument` for a heap whose header is not at address 0: what lies around it is somebody
 *   else's; `memory-limit` if the memory is too small; `heap-version`, `not-a-heap` as `Heap.layer`
 */
export function openRegions(heap: Heap, options: RegionOptions = {}): Regions {
  return heap.layers().some((layer) => layer.tag === REGIONS_TAG)
    ? attachRegions(heap)
    : createRegions(heap, options);
}

/**
 * Make a heap's region manager. In shared memory one worker makes it, before the others attach.
 * @throws PyrenaError as {@link openRegions}
 */
export function createRegions(heap: Heap, options: RegionOptions = {}): Regions {
  const memory = heap.memory;
  if (heap.base !== 0) {
    throw new PyrenaError(
      "bad-argument",
      `the heap's header is at ${hex(heap.base)}: regions need a memory of their own, with the header at address 0; ` +
        "in a memory that belongs to somebody else use its own allocator",
      { address: heap.base },
    );
  }
  memory.refresh();
  const granuleBytes = chooseGranule(memory, heap.profile.pymalloc.arenaBytes);
  const state = HEAP_HEADER_BYTES;
  const layers = alignUp(state + REGION_STATE_BYTES, 16);
  const table = layers + LAYERS_BYTES;
  const managed = Math.min(
    Math.floor(memory.byteLength / granuleBytes),
    limitOf(memory, granuleBytes),
  );
  const boot = Math.ceil((table + 4 * TABLE_WORDS * managed) / granuleBytes);
  if (boot > managed) {
    throw new PyrenaError(
      "memory-limit",
      `a memory of ${memory.byteLength} bytes has no room for the heap's own ${boot * granuleBytes}`,
      { size: memory.byteLength },
    );
  }
  const capacity = Math.floor((boot * granuleBytes - table) / (4 * TABLE_WORDS));
  memory.u8.fill(0, state, boot * granuleBytes);

  const u32 = memory.u32;
  const at = state >>> 2;
  u32[at + LOG_GRANULE] = Math.log2(granuleBytes);
  u32[at + LOG_SLOT] = Math.log2(arenaAlignment(heap.profile.pymalloc.arenaBytes) / granuleBytes);
  u32[at + TABLE_ADDRESS] = table;
  u32[at + CAPACITY] = capacity;
  u32[at + LAYERS_NEXT] = layers;
  u32[at + LAYERS_END] = table;
  u32[at + END] = managed;
  u32[at + PEAK_END] = managed;
  u32[at + FRESH_GRANULE] = options.zeroed === true ? boot : managed;
  u32[at + ATTACHMENTS] = 1;
  const regions = new Regions(heap, state, limitOf(memory, granuleBytes), 1);
  tagRun(regions, 0, boot, BOOT);
  if (managed > boot) insertRun(regions, boot, managed - boot);
  heap.register(REGIONS_TAG, state, REGION_STATE_BYTES, REGIONS_VERSION);
  return regions;
}

/**
 * Open the region manager of a heap that has one: made here, in another worker, or before the heap was saved.
 * @throws PyrenaError `not-a-heap` if it has none or the memory is shorter than the heap; `heap-version`
 */
export function attachRegions(heap: Heap): Regions {
  const entry = heap.layer(REGIONS_TAG, REGIONS_VERSION);
  const memory = heap.memory;
  const state = entry.address >>> 2;
  const granuleBytes = 2 ** memory.u32[state + LOG_GRANULE];
  const managed = memory.u32[state + END] * granuleBytes;
  // Another worker may have made it larger since this one looked.
  memory.refresh();
  if (managed > memory.byteLength) {
    throw new PyrenaError(
      "not-a-heap",
      `the heap was ${managed} bytes long and the memory has only ${memory.byteLength}: the image is cut off`,
      { size: memory.byteLength },
    );
  }
  const owner = memory.shared
    ? Atomics.add(memory.u32, state + ATTACHMENTS, 1) + 1
    : ++memory.u32[state + ATTACHMENTS];
  return new Regions(heap, entry.address, limitOf(memory, granuleBytes), owner);
}

/**
 * Room for a layer's state in the boot run, all 0, aligned to 16; it is never given back.
 * @throws PyrenaError `memory-limit`
 */
export function reserveLayerState(regions: Regions, bytes: number): number {
  const u32 = regions.memory.u32;
  const address = u32[regions.state + LAYERS_NEXT];
  const next = address + alignUp(bytes, 16);
  if (next > u32[regions.state + LAYERS_END]) {
    throw new PyrenaError("memory-limit", `the heap has no room for ${bytes} bytes of layer state`);
  }
  u32[regions.state + LAYERS_NEXT] = next;
  regions.memory.u8.fill(0, address, next);
  return address;
}

/** What arenas are aligned to: their size where that is a power of two, else the largest one that divides it. */
export function arenaAlignment(arenaBytes: number): number {
  return arenaBytes & -arenaBytes;
}

function chooseGranule(memory: LinearMemory, arenaBytes: number): number {
  const small = 2 ** Math.floor(Math.log2(memory.maxByteLength / GRANULES_WANTED));
  return Math.min(LARGEST_GRANULE, arenaAlignment(arenaBytes), Math.max(SMALL_GRANULE, small));
}

/** The last granule below 4 GiB is left alone, so that the address behind every run fits in 32 bits. */
function limitOf(memory: LinearMemory, granuleBytes: number): number {
  return Math.min(
    Math.floor(memory.maxByteLength / granuleBytes),
    2 ** 32 / granuleBytes - 1,
    GRANULE_LIMIT,
  );
}
