import { PyrenaError } from "@pyrena/abi";

/**
 * The error for a recording that is not a valid trace. The message names both places; so do its `offset` and `record`.
 * @param offset byte at which the trouble lies, from 0, in the stream as it is after decompression
 * @param record number of the record that it belongs to, from 0
 */
export function badTrace(
  message: string,
  offset: number,
  record: number,
  cause?: unknown,
): PyrenaError {
  return new PyrenaError("bad-trace", `${message} (at byte ${offset}, record ${record})`, {
    offset,
    record,
    cause,
  });
}
