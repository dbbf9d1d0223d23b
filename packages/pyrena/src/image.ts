/**
 * A saved heap as bytes. Numbers are little-endian.
 *
 *        0   8  magic        "PYRIMAGE"
 *        8   4  version      of this layout: 1
 *       12   4  described    bytes of the description (D)
 *       16   4  stored       bytes of the memory part (M), a multiple of 16
 *       20  12  (reserved, 0)
 *       32   D  description  JSON in UTF-8: how the runtime was made, and what JavaScript it needs ({@link Description})
 *               (0 up to a multiple of 16)
 *            M  memory       the linear memory from address 0 on; what lies behind it was 0
 *           32  digest       SHA-256 of all that comes before
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { PyrenaError } from "@pyrena/abi";
import { type Description, readDescription } from "./description.ts";

/** Version of the image's layout. */
export const IMAGE_VERSION = 1;

const MAGIC = "PYRIMAGE";
const AT_VERSION = 8;
const AT_DESCRIBED = 12;
const AT_STORED = 16;
const AT_DESCRIPTION = 32;
const DIGEST_BYTES = 32;

/** An image taken apart. */
export interface Image {
  readonly description: Description;
  /** The stored part of the memory: a view into the image. */
  readonly stored: Uint8Array;
  /** SHA-256 of the image: its name for life. */
  readonly digest: Uint8Array;
}

/** Put an image together. `memory` is copied, up to its last byte that is not 0. */
export function encodeImage(description: Description, memory: Uint8Array): Uint8Array {
  const described = new TextEncoder().encode(JSON.stringify(description));
  const stored = usedBytes(memory);
  const atMemory = aligned(AT_DESCRIPTION + described.length);
  const body = atMemory + stored;
  const image = new Uint8Array(body + DIGEST_BYTES);
  const view = new DataView(image.buffer);
  image.set(new TextEncoder().encode(MAGIC));
  view.setUint32(AT_VERSION, IMAGE_VERSION, true);
  view.setUint32(AT_DESCRIBED, described.length, true);
  view.setUint32(AT_STORED, stored, true);
  image.set(described, AT_DESCRIPTION);
  image.set(memory.subarray(0, stored), atMemory);
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
  const magic = String.fromCharCode(...image.subarray(0, MAGIC.length));
  if (magic !== MAGIC) {
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
  const stored = view.getUint32(AT_STORED, true);
  const atMemory = aligned(AT_DESCRIPTION + described);
  const body = atMemory + stored;
  if (body + DIGEST_BYTES !== image.length) {
    refuse(
      `it has ${image.length} bytes and says that it has ${body + DIGEST_BYTES}`,
      AT_DESCRIBED,
    );
  }
  const digest = sha256(image.subarray(0, body));
  if (digest.some((byte, n) => byte !== image[body + n])) {
    refuse("its digest does not match: some byte of it is not as it was written", body);
  }
  let json: unknown;
  try {
    const bytes = image.subarray(AT_DESCRIPTION, AT_DESCRIPTION + described);
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    refuse("its description is no JSON", AT_DESCRIPTION, cause);
  }
  return {
    description: readDescription(json, (what) => refuse(what, AT_DESCRIPTION)),
    stored: image.subarray(atMemory, body),
    digest,
  };
}

function refuse(what: string, offset: number, cause?: unknown): never {
  throw new PyrenaError("bad-image", `not an image of a heap that can be opened: ${what}`, {
    offset,
    cause,
  });
}

/** Bytes up to the last one that is not 0, rounded up to a multiple of 16. */
function usedBytes(memory: Uint8Array): number {
  const words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length >>> 2);
  let last = words.length;
  while (last > 0 && words[last - 1] === 0) last--;
  return Math.min(aligned(4 * last), memory.length);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
