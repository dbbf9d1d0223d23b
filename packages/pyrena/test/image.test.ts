import { type ErrorCode, PyrenaError } from "@pyrena/abi";
import { createRuntime, decodeImage, IMAGE_VERSION, type Image, restore } from "pyrena";
import { describe, expect, test } from "vitest";
import { encodeImage } from "../src/image.ts";

/** The image of a heap with hardly anything in it. */
function smallImage(): Uint8Array {
  const runtime = createRuntime({ abi: "ilp32", memory: { bytes: 1 << 18, maxBytes: 1 << 20 } });
  runtime.globals.set("x", [1, "two"]);
  const image = runtime.save();
  runtime.dispose();
  return image;
}

/** Code of the error, or what happened instead. */
function codeOf(run: () => unknown): ErrorCode | string {
  try {
    run();
    return "nothing is thrown";
  } catch (error) {
    return error instanceof PyrenaError ? error.code : String(error);
  }
}

describe("an image", () => {
  const image = smallImage();

  test("says how its runtime was made", () => {
    const { description, digest } = decodeImage(image);
    expect(description).toEqual({
      profile: "cpython-3.13-ilp32",
      python: "3.13",
      abi: "ilp32",
      memory: { bytes: expect.any(Number), maxBytes: 1 << 20 },
      raw: "pyrena",
      arenas: "pyrena",
      allocators: ["malloc", "pymalloc", "pymalloc"],
      hooks: false,
      collector: "generational",
      collecting: true,
      values: [],
    });
    expect(digest).toHaveLength(32);
    expect(IMAGE_VERSION).toBe(1);
  });

  test("stores what is not 0, in order, and no more", () => {
    const { pieces, stored, description } = decodeImage(image);
    let end = 0;
    for (const [address, bytes] of pieces) {
      expect(address).toBeGreaterThanOrEqual(end);
      end = address + bytes;
    }
    expect(end).toBeLessThanOrEqual(description.memory.bytes);
    expect(image.length).toBeLessThan(stored.length + 1024);
    expect(image.length).toBeLessThan(100_000);
  });

  test("is the same as that of the heap restored from it, but for what only JavaScript held", () => {
    const runtime = restore(image, { held: "keep" });
    const again = decodeImage(runtime.save());
    const sizes = ({ stored }: Image): number => stored.length;
    expect(Math.abs(sizes(again) - sizes(decodeImage(image)))).toBeLessThan(1024);
    expect(again.description).toEqual(decodeImage(image).description);
    runtime.dispose();
  });

  test("can be read from any place in a buffer", () => {
    const shifted = new Uint8Array(image.length + 3);
    shifted.set(image, 3);
    const runtime = restore(shifted.subarray(3));
    expect(runtime.py.scope(() => runtime.globals.ref("x")?.repr())).toBe("[1, 'two']");
    runtime.dispose();
  });

  test("is refused when any bit of it is another", () => {
    // The smallest there can be: what is in the memory does not matter here.
    const memory = new Uint8Array(8192).fill(7, 64, 640).fill(9, 4096, 4200);
    const tiny = encodeImage(decodeImage(image).description, memory);
    expect(decodeImage(tiny).stored).toHaveLength(576 + 128);
    expect(tiny.length).toBeLessThan(1200);
    const accepted: number[] = [];
    for (let bit = 0; bit < 8 * tiny.length; bit++) {
      tiny[bit >>> 3] ^= 1 << (bit & 7);
      if (codeOf(() => restore(tiny)) !== "bad-image") accepted.push(bit);
      tiny[bit >>> 3] ^= 1 << (bit & 7);
    }
    expect(accepted).toEqual([]);
  });

  test("of a heap is refused when any byte of it is another", () => {
    const accepted: number[] = [];
    // Each flip costs a digest of the whole: every byte but for the memory's, of which one in 16 is tried.
    const { stored } = decodeImage(image);
    const atMemory = stored.byteOffset - image.byteOffset;
    for (let at = 0; at < image.length; at++) {
      if (at >= atMemory && at < atMemory + stored.length && at % 16 !== (at >>> 4) % 16) continue;
      image[at] ^= 1 << ((at >>> 3) % 8);
      if (codeOf(() => restore(image)) !== "bad-image") accepted.push(at);
      image[at] ^= 1 << ((at >>> 3) % 8);
    }
    expect(accepted).toEqual([]);
  });

  test("is refused when it is cut off, or goes on", () => {
    const accepted: number[] = [];
    for (let length = 0; length < image.length; length++) {
      if (codeOf(() => restore(image.subarray(0, length))) !== "bad-image") accepted.push(length);
    }
    expect(accepted).toEqual([]);
    const longer = new Uint8Array(image.length + 64);
    longer.set(image);
    for (let length = image.length + 1; length <= longer.length; length++) {
      expect(codeOf(() => restore(longer.subarray(0, length)))).toBe("bad-image");
    }
  });

  test.each([
    ["nothing", new Uint8Array()],
    [
      "something else",
      new TextEncoder().encode("a text that is no image of anything at all, whatever it may be"),
    ],
    ["zeros", new Uint8Array(4096)],
  ])("is not %s", (_, bytes) => {
    expect(codeOf(() => restore(bytes))).toBe("bad-image");
  });

  test("of a later version of the layout is told from a damaged one", () => {
    const later = image.slice();
    later[8] = IMAGE_VERSION + 1;
    expect(() => restore(later)).toThrow(/version 2 of the layout; this Pyrena reads 1/);
  });

  test("is a Uint8Array", () => {
    expect(codeOf(() => restore([1, 2, 3] as unknown as Uint8Array))).toBe("bad-argument");
  });
});
