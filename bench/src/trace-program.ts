/**
 * A recording as a program: which block each event concerns is worked out beforehand, so that every peer spends its
 * time on the events themselves. Blocks still live at the end are freed there, so that the list can run again.
 */

import { RAW } from "@pyrena/abi";
import {
  domainOf,
  FIELDS_PER_RECORD,
  openTrace,
  opOf,
  type TraceSource,
  traceOps,
} from "@pyrena/trace";
import { eventOps, eventWord, GETS_WORD, HOLDS_WORD, type Program, RAW_DOMAIN } from "./program.ts";

/** Bytes of the word that a driver writes into a block. */
const WORD_BYTES = 4;

/** Which slot each live address of the recording has, and what the slots hold. */
class Slots {
  readonly #byAddress = new Map<number, number>();
  readonly #released: number[] = [];
  readonly sizes: number[] = [];
  readonly raw: boolean[] = [];

  /** The slot of a live address, or undefined; the address is forgotten. */
  take(address: number): number | undefined {
    const slot = this.#byAddress.get(address);
    if (slot !== undefined) this.#byAddress.delete(address);
    return slot;
  }

  put(
    address: number,
    size: number,
    raw: boolean,
    slot: number = this.#released.pop() ?? this.sizes.length,
  ): number {
    this.#byAddress.set(address, slot);
    this.sizes[slot] = size;
    this.raw[slot] = raw;
    return slot;
  }

  release(slot: number): void {
    this.#released.push(slot);
  }

  live(): Iterable<number> {
    return this.#byAddress.values();
  }
}

/**
 * The events of a recording as a program. Requests that failed in the recording, and frees of addresses that it had
 * not seen, are left out.
 * @throws PyrenaError `bad-trace`
 */
export async function traceProgram(source: TraceSource): Promise<Program> {
  const slots = new Slots();
  const words: number[] = [];
  const room = (size: number): boolean => size >= WORD_BYTES;
  const free = (slot: number): void => {
    const flags = (room(slots.sizes[slot]!) ? HOLDS_WORD : 0) | (slots.raw[slot] ? RAW_DOMAIN : 0);
    words.push(eventWord(eventOps.free, flags, slot), 0);
    slots.release(slot);
  };
  const request = (op: number, raw: boolean, old: number, size: number, result: number): void => {
    if (result === 0) return;
    // An address that is handed out while it is live: its free is missing in the recording.
    const stale = old === result ? undefined : slots.take(result);
    if (stale !== undefined) free(stale);
    const flags = (raw ? RAW_DOMAIN : 0) | (room(size) ? GETS_WORD : 0);
    if (old === 0) {
      words.push(eventWord(op, flags, slots.put(result, size, raw)), size);
      return;
    }
    const slot = slots.take(old);
    if (slot === undefined) return;
    const holds = room(slots.sizes[slot]!) ? HOLDS_WORD : 0;
    slots.put(result, size, raw, slot);
    words.push(eventWord(op, flags | holds, slot), size);
  };
  const reader = await openTrace(source);
  await reader.read(({ tags, fields, count }) => {
    for (let n = 0; n < count; n++) {
      const tag = tags[n]!;
      const raw = domainOf(tag) === RAW;
      const [a = 0, b = 0, c = 0] = fields.subarray(
        FIELDS_PER_RECORD * n,
        FIELDS_PER_RECORD * n + 3,
      );
      const op = opOf(tag);
      if (op === traceOps.malloc) request(eventOps.malloc, raw, 0, a, b);
      else if (op === traceOps.calloc) request(eventOps.calloc, raw, 0, a * b, c);
      else if (op === traceOps.realloc) request(eventOps.realloc, raw, a, b, c);
      else if (op === traceOps.free) {
        const slot = slots.take(a);
        if (slot !== undefined) free(slot);
      }
    }
  });
  for (const slot of [...slots.live()]) free(slot);
  return {
    kernel: "events",
    slots: slots.sizes.length,
    prefill: new Uint32Array(),
    // The whole of it once, so that every block is looked at.
    ageing: words.length / 2,
    operations: Uint32Array.from(words),
    sweep: 1,
    reads: false,
  };
}
