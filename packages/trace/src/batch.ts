/**
 * Records as the decoder hands them on: up to a thousand at a time, in columns, so that none of them is an object.
 */
import { FIELDS_PER_RECORD } from "./format.ts";

/** Records in a full batch: few enough that a batch stays in the processor's first-level cache. */
export const BATCH_RECORDS = 1024;

/** A batch is handed on early once it holds so much text, in bytes. */
export const BATCH_TEXT_BYTES: number = 1 << 20;

/**
 * A run of decoded records. The decoder uses one batch again and again: what a handler wants to keep, it copies.
 *
 * Record `i` (of `count`) has the tag `tags[i]` and its fields, in the order of `recordFormats`, at
 * `fields[4 * i]`, `fields[4 * i + 1]`, …; addresses are absolute. The field of a `string` record is its id, and
 * `text(id)` its text.
 */
export class TraceBatch {
  readonly tags: Uint8Array = new Uint8Array(BATCH_RECORDS);
  readonly fields: Float64Array = new Float64Array(BATCH_RECORDS * FIELDS_PER_RECORD);
  /** Number of records in this batch. */
  count = 0;
  /** Number, in the whole stream and from 0, of the batch's first record. */
  firstRecord = 0;
  /** Texts of the string records of this batch. */
  readonly texts: string[] = [];
  /** Id of `texts[0]`. */
  firstString = 0;

  /** The text of a string that this batch defines. */
  text(id: number): string {
    return this.texts[id - this.firstString];
  }
}

/** Called with each batch. */
export type BatchHandler = (batch: TraceBatch) => void;
