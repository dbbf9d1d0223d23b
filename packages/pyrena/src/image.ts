/**
 * A saved heap as bytes. Numbers are little-endian; each part begins at a multiple of 16.
 *
 *        0   8  magic        "PYRIMAGE"
 *        8   4  version      of this layout: 1
 *       12   4  described    bytes of the description (D)
 *       16   4  pieces       pieces of memory (P)
 *       20   4  stored       bytes of all pieces together (M)
 *       24   8  (reserved, 0)
 *       32   D  description  JSON in UTF-8: how the runtime was made, and what JavaScript it needs (description.ts)
 *          8 P  table        address and bytes of each piece, in order of address; what lies between them was 0
 *            M  memory       the pieces, one behind the other
 *           32  digest       SHA-256 of all that comes before
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { PyrenaError } from "@pyrena/abi";
import { type Description, readDescription } from "./description.ts";
import { findPieces, LINE_BYTES, type Piece } from "./pieces.ts";

/** Version of the image's layout. */
export const IMAGE_VERSION = 1;

const MAGIC = "PYRIMAGE";
const AT_VERSION = 8;
const AT_DESCRIBED = 12;
const AT_PIECES = 16;
const AT_STORED = 20;
const AT_DESCRIPTION = 32;
const PIECE_BYTES = 8;
const DIGEST_BYTES = 32;

/** An image taken apart; it has been checked that it is whole, and nothing of the heap in it. */
export interface Image {
  readonly description: Description;
  /** Pieces of the memory, in order of address; what lies between them is 0. */
  readonly pieces: readonly Piece[];
  /** The bytes of all pieces, one behind the other: a view into the image. */
  readonly stored: Uint8Array;
  /** SHA-256 of the image: its name for life. */
  readonly digest: Uint8Array;
}

/** Put an image together. The memory is copied. */
export function encodeImage(description: Description, memory: Uint8Array): Uint8Array {
  const described = new TextEncoder().encode(JSON.stringify(description));
  const pieces = findPieces(memory);
  const stored = pieces.reduce((sum, [, bytes]) => sum + bytes, 0);
  const atTable = aligned(AT_DESCRIPTION + described.length);
  const atMemory = aligned(atTable + PIECE_BYTES * pieces.length);
  const body = atMemory + stored;
  const image = new Uint8Array(body + DIGEST_BYTES);
  const view = new DataView(image.buffer);
  image.set(new TextEncoder().encode(MAGIC));
  view.setUint32(AT_VERSION, IMAGE_VERSION, true);
  view.setUint32(AT_DESCRIBED, described.length, true);
  view.setUint32(AT_PIECES, pieces.length, true);
  view.setUint32(AT_STORED, stored, true);
  image.set(described, AT_DESCRIPTION);
  let at = atMemory;
  pieces.forEach(([address, bytes], n) => {
    view.setUint32(atTable + PIECE_BYTES * n, address, true);
    view.setUint32(atTable + PIECE_BYTES * n + 4, bytes, true);
    image.set(memory.subarray(address, address + bytes), at);
    at += bytes;
  });
  image.set(sha256(image.subarray(0, body)), body);
  return image;
}

/**
 * Take an image apart.
 * @throws PyrenaError `bad-image` saying what is wrong with it
 */
export function decodeImage(image: Uint8Array): Image {
  if (!(image instanceof Uint8Array)) {
    throw new PyrenaError("bad-argument", "an image is a Uint8Array, as save() returns it");
  }
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (String.fromCharCode(...image.subarray(0, MAGIC.length)) !== MAGIC) {
    refuse(image.length === 0 ? "it is empty" : "it does not begin as images do", 0);
  }
  if (image.length < AT_DESCRIPTION + DIGEST_BYTES) refuse("it is cut off", image.length);
  const version = view.getUint32(AT_VERSION, true);
  if (version !== IMAGE_VERSION) {
    refuse(
      `it has version ${version} of the layout; this Pyrena reads ${IMAGE_VERSION}`,
      AT_VERSION,
    );
  }
  const described = view.getUint32(AT_DESCRIBED, true);
  const count = view.getUint32(AT_PIECES, true);
  const stored = view.getUint32(AT_STORED, true);
  const atTable = aligned(AT_DESCRIPTION + described);
  const atMemory = aligned(atTable + PIECE_BYTES * count);
  const body = atMemory + stored;
  if (body + DIGEST_BYTES !== image.length) {
    refuse(
      `it has ${image.length} bytes, and says that it has ${body + DIGEST_BYTES}`,
      AT_DESCRIBED,
    );
  }
  const digest = sha256(image.subarray(0, body));
  if (digest.some((byte, n) => byte !== image[body + n])) {
    refuse("its digest does not match: some byte of it is not as it was written", body);
  }
  const description = readDescription(
    parse(image.subarray(AT_DESCRIPTION, AT_DESCRIPTION + described)),
    (what) => refuse(what, AT_DESCRIPTION),
  );
  const { bytes: memoryBytes, maxBytes } = description.memory;
  if (memoryBytes > maxBytes) refuse("its memory is larger than it could be", AT_DESCRIPTION);
  const pieces: Piece[] = [];
  let end = 0;
  let sum = 0;
  for (let at = atTable; at < atTable + PIECE_BYTES * count; at += PIECE_BYTES) {
    const address = view.getUint32(at, true);
    const bytes = view.getUint32(at + 4, true);
    if (address < end || address % LINE_BYTES !== 0 || bytes % LINE_BYTES !== 0 || bytes === 0) {
      refuse("its pieces of memory are not in order", at);
    }
    end = address + bytes;
    sum += bytes;
    pieces.push([address, bytes]);
  }
  if (sum !== stored || end > memoryBytes) refuse("it stores another memory than it says", atTable);
  return { description, pieces, stored: image.subarray(atMemory, body), digest };
}

/** Lay an image's memory out: into bytes that are 0. */
export function layOut({ pieces, stored }: Image, memory: Uint8Array): void {
  let at = 0;
  for (const [address, bytes] of pieces) {
    memory.set(stored.subarray(at, at + bytes), address);
    at += bytes;
  }
}

function parse(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    return refuse("its description is no JSON", AT_DESCRIPTION, cause);
  }
}

function refuse(what: string, offset: number, cause?: unknown): never {
  throw new PyrenaError("bad-image", `not an image of a heap that can be opened: ${what}`, {
    offset,
    cause,
  });
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
