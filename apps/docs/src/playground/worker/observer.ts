/** What is seen of a running interpreter: its heap, its collections, and its lines, written into frames. */
import { type Domain, MEM, OBJ, type Profile, poolHeaderBytes } from "@pyrena/abi";
import { ARENAS_AT, FIELDS, FRAME_BYTES, field, TOP_LINES } from "../frame.ts";
import type { PoolBlocks } from "../protocol.ts";
import { now } from "./clock.ts";
import type { HeapSource } from "./heap-source.ts";

const DOMAINS: readonly Domain[] = [MEM, OBJ];
/** Figures of a line: allocations, net bytes, times run. */
const PER_LINE = 3;

/** Number of the last frame of this worker, whatever heap it shows. */
let sequence = 0;

/** Sees one interpreter. */
export class Observer {
  readonly #source: HeapSource;
  readonly #header: Float64Array;
  readonly #words: Uint32Array;
  #startedAt = 0;
  #collectingSince = 0;
  #collections = 0;
  #totalPause = 0;
  #longestPause = 0;
  #lastPause = 0;
  /** The line that runs; 0: none of the program's. */
  #line = 0;
  /** Lines of the functions that wait for one that they called, innermost last. */
  readonly #callers: number[] = [];
  #lines = new Float64Array(0);
  #allocations = 0;
  #bytes = 0;
  /** Allocations that were made to look at the program. */
  #notTheirs = 0;

  /** @param at where frames are written */
  constructor(source: HeapSource, frame: ArrayBufferLike, at: number) {
    this.#source = source;
    this.#header = new Float64Array(frame, at, FIELDS + 4 * TOP_LINES);
    this.#words = new Uint32Array(frame, at + ARENAS_AT, (FRAME_BYTES - ARENAS_AT) / 4);
  }

  /** The line that runs, from 1; 0 if none of the program's own. */
  get line(): number {
    return this.#line;
  }

  /** Allocations up to the last time that a line was come to, or left. */
  get measured(): number {
    return this.#allocations;
  }

  /** Allocations so far. */
  get allocations(): number {
    let allocations = 0;
    for (const domain of DOMAINS) {
      const requests = this.#source.requests(domain);
      if (requests !== undefined) allocations += requests.malloc + requests.calloc;
    }
    return allocations - this.#notTheirs;
  }

  /** Do something that is not the program's, and is not to be counted for it. */
  without<Result>(call: () => Result): Result {
    const before = this.allocations;
    const bytes = this.#source.liveBytes ?? 0;
    try {
      return call();
    } finally {
      // 0 where the memory was put back, and the counters with it.
      this.#notTheirs += this.allocations - before;
      this.#bytes += (this.#source.liveBytes ?? 0) - bytes;
    }
  }

  /** The program starts now. @param lines number of its lines */
  start(lines: number): void {
    this.#startedAt = now();
    this.#lines = new Float64Array(PER_LINE * (lines + 1));
    this.#measure();
  }

  /** Milliseconds that the program has had so far. */
  get elapsed(): number {
    return this.#startedAt === 0 ? 0 : now() - this.#startedAt;
  }

  /** Some milliseconds were not the program's. */
  skip(milliseconds: number): void {
    this.#startedAt += milliseconds;
  }

  /** The program has come to a line. */
  lineReached(line: number): void {
    this.#account();
    this.#line = line;
    const at = PER_LINE * line + 2;
    if (at < this.#lines.length) this.#lines[at]! += 1;
  }

  /** A function of the program's is entered. */
  entered(): void {
    this.#account();
    this.#callers.push(this.#line);
  }

  /** A function of the program's is left, or waits as a generator does. */
  left(): void {
    this.#account();
    this.#line = this.#callers.pop() ?? 0;
  }

  /** The program has ended. */
  end(): void {
    this.#account();
    this.#line = 0;
    this.#callers.length = 0;
  }

  /** `gc.callbacks`: a collection starts, or has ended. */
  collecting(starts: boolean): void {
    const time = now();
    if (starts) {
      this.#collectingSince = time;
      return;
    }
    const pause = time - this.#collectingSince;
    this.#collections++;
    this.#lastPause = pause;
    this.#totalPause += pause;
    this.#longestPause = Math.max(this.#longestPause, pause);
  }

  /** Write a frame. */
  fill(paused: boolean): void {
    const header = this.#header;
    header[field.sequence] = ++sequence;
    header[field.time] = this.elapsed;
    header[field.linearBytes] = this.#source.memoryBytes;
    const { heapBytes } = this.#source;
    header[field.heapBytes] = heapBytes;
    header[field.peakHeapBytes] = Math.max(header[field.peakHeapBytes]!, heapBytes);
    header[field.collections] = this.#source.collections ?? this.#collections;
    header[field.totalPause] = this.#totalPause;
    header[field.longestPause] = this.#longestPause;
    header[field.lastPause] = this.#lastPause;
    header[field.line] = this.#line;
    header[field.paused] = Number(paused);
    this.#fillRequests();
    this.#fillLines();
    this.#fillArenas(this.#source.profile);
  }

  /** The blocks of the pool at an address; undefined if none of its blocks is live. */
  blocksOf(address: number): PoolBlocks | undefined {
    const { walker } = this.#source;
    let found: Omit<PoolBlocks, "live"> | undefined;
    const live: number[] = [];
    let inside = false;
    walker?.walk({
      region: (base, bytes) => address >= base && address < base + bytes,
      pool: (base, poolBytes, sizeClass, blockBytes, _inUse, _capacity, headerBytes) => {
        inside = base === address;
        if (inside) found = { address, sizeClass, blockBytes, headerBytes, poolBytes };
        return inside;
      },
      block: (_address, _bytes, isLive) => {
        if (inside) live.push(Number(isLive));
      },
    });
    return found === undefined ? undefined : { ...found, live };
  }

  #fillRequests(): void {
    const header = this.#header;
    const source = this.#source;
    let mallocs = 0;
    let callocs = 0;
    let reallocs = 0;
    let frees = 0;
    let failed = 0;
    for (const domain of DOMAINS) {
      const requests = source.requests(domain);
      if (requests === undefined) continue;
      mallocs += requests.malloc;
      callocs += requests.calloc;
      reallocs += requests.realloc;
      frees += requests.free;
      failed += requests.failed;
    }
    header[field.mallocs] = mallocs - this.#notTheirs;
    header[field.callocs] = callocs;
    header[field.reallocs] = reallocs;
    header[field.frees] = frees;
    header[field.failed] = failed;
    const { large } = source;
    header[field.largeBlocks] = large.liveBlocks;
    header[field.largeBytes] = large.liveBytes ?? 0;
  }

  #fillLines(): void {
    const header = this.#header;
    const lines = this.#lines;
    // The ten largest, by insertion: there are many lines, and few of them get in.
    let filled = 0;
    for (let line = 1; PER_LINE * line < lines.length; line++) {
      const at = PER_LINE * line;
      const allocations = lines[at]!;
      if (allocations === 0) continue;
      let slot = filled;
      while (slot > 0 && header[FIELDS + 4 * (slot - 1) + 1]! < allocations) slot--;
      if (slot >= TOP_LINES) continue;
      if (filled < TOP_LINES) filled++;
      const from = FIELDS + 4 * slot;
      header.copyWithin(from + 4, from, FIELDS + 4 * (filled - 1));
      header[from] = line;
      header[from + 1] = allocations;
      header[from + 2] = lines[at + 1]!;
      header[from + 3] = lines[at + 2]!;
    }
    header[field.lines] = filled;
  }

  #fillArenas(profile: Profile): void {
    const { abi, pymalloc } = profile;
    const header = this.#header;
    const words = this.#words;
    const { arenaBytes, poolBytes } = pymalloc;
    const perArena = arenaBytes / poolBytes;
    let arenas = 0;
    let at = 0;
    let base = 0;
    let liveBytes = 0;
    let liveBlocks = 0;
    this.#source.walker?.walk({
      region: (address, bytes, kind) => {
        at = arenas * (1 + perArena);
        if (kind !== "arena" || bytes !== arenaBytes || at + perArena >= words.length) return false;
        arenas++;
        base = address;
        words[at] = base;
        words.fill(0, at + 1, at + 1 + perArena);
        return true;
      },
      pool: (address, _bytes, sizeClass, blockBytes, inUse) => {
        liveBytes += inUse * blockBytes;
        liveBlocks += inUse;
        // An arena that is not aligned has its first pool a little after its start.
        const index = Math.floor((address - base) / poolBytes);
        words[at + 1 + index] = ((sizeClass + 1) << 16) | inUse;
        return false;
      },
    });
    header[field.arenas] = arenas;
    header[field.arenaBytes] = arenas * arenaBytes;
    header[field.liveBytes] = liveBytes;
    header[field.liveBlocks] = liveBlocks;
    // The most that was seen: what came and went between two frames was not.
    header[field.peakArenaBytes] = Math.max(header[field.peakArenaBytes]!, arenas * arenaBytes);
    header[field.peakLiveBytes] = Math.max(header[field.peakLiveBytes]!, liveBytes);
    header[field.poolsPerArena] = perArena;
    header[field.arenaSize] = arenaBytes;
    header[field.poolSize] = poolBytes;
    header[field.alignment] = abi.alignment;
    header[field.poolHeader] = poolHeaderBytes(profile);
  }

  /** What was allocated since the last time was allocated by the line that ran. */
  #account(): void {
    const allocations = this.#allocations;
    const bytes = this.#bytes;
    this.#measure();
    const at = PER_LINE * this.#line;
    if (at === 0 || at >= this.#lines.length) return;
    this.#lines[at]! += this.#allocations - allocations;
    this.#lines[at + 1]! += this.#bytes - bytes;
  }

  #measure(): void {
    this.#allocations = this.allocations;
    this.#bytes = this.#source.liveBytes ?? 0;
  }
}
