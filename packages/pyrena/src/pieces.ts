/**
 * The parts of a memory that are worth storing: most of a heap's memory is 0 (arenas have hardly begun to fill, free
 * segments), so only lines with anything in them are kept.
 */

/** Bytes of a line: what is stored or left out as a whole. */
export const LINE_BYTES = 64;

/** A run of lines: address and bytes, both multiples of {@link LINE_BYTES}. */
export type Piece = readonly [address: number, bytes: number];

/** The runs of lines that are not all 0; the last line may go on where the memory has ended. */
export function findPieces(memory: Uint8Array): Piece[] {
  const words = new Uint32Array(memory.buffer, memory.byteOffset, Math.floor(memory.length / 4));
  const lineWords = LINE_BYTES / 4;
  const pieces: Piece[] = [];
  let start = -1;
  for (let line = 0; line < words.length; line += lineWords) {
    let any = 0;
    for (let n = line; n < line + lineWords; n++) any |= words[n];
    if (any !== 0) {
      if (start < 0) start = line;
    } else if (start >= 0) {
      pieces.push([4 * start, 4 * (line - start)]);
      start = -1;
    }
  }
  if (start >= 0) {
    const end = Math.ceil(words.length / lineWords) * lineWords;
    pieces.push([4 * start, 4 * (end - start)]);
  }
  return pieces;
}
