/** The record formats as a table that the decoder's loop can read: one byte for each tag. */
import { FIELDS_PER_RECORD, MAX_FIELD_BYTES, recordFormats, tagOf, traceOps } from "./format.ts";

/** The most bytes that a record takes, but for the text of a string. */
export const MAX_RECORD_BYTES: number = 1 + FIELDS_PER_RECORD * MAX_FIELD_BYTES;

/** In a shape: the one field is the length of a text that follows. */
export const IS_STRING = 0x80;

/**
 * Shape of the record with each tag: number of fields in the low three bits; from bit 3 on, for each field, whether it
 * is an address. 0: there is no such tag.
 */
export const shapes: Uint8Array = new Uint8Array(256);
for (const { op, perDomain, fields } of recordFormats) {
  let shape = fields.length;
  for (const [n, { type }] of fields.entries()) if (type === "addr") shape |= 8 << n;
  if (op === traceOps.string) shape = IS_STRING | 1;
  for (let domain = 0; domain < (perDomain ? 3 : 1); domain++) shapes[tagOf(op, domain)] = shape;
}

/** The shapes of the two records that nearly all are: one size and one address, and one address. */
export const MALLOC_SHAPE: number = shapes[tagOf(traceOps.malloc, 0)];
export const FREE_SHAPE: number = shapes[tagOf(traceOps.free, 0)];
