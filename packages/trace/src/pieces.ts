/** Cutting streams of bytes into other pieces. */

/** The same bytes, copied, in pieces of `bytes` to twice as many, but for the last. */
export async function* regrouped(
  pieces: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  let waiting: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += bytes) {
      // Copied, since sources may use their own again.
      const part = new Uint8Array(piece.subarray(at, at + bytes));
      waiting.push(part);
      length += part.length;
      if (length >= bytes) {
        yield joined(waiting);
        waiting = [];
        length = 0;
      }
    }
  }
  if (length > 0) yield joined(waiting);
}

/** One array of several. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
