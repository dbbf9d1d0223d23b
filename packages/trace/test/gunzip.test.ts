import { constants, gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { DecompressionError } from "../src/decompression-error.ts";
import { gunzip, gunzipByStream, gunzipByZlib, nodeZlib } from "../src/gunzip.ts";
import { plainFragments } from "./support/fixtures.ts";
import { inPieces } from "./support/read.ts";

const plain = plainFragments("3.13");
const whole = new Uint8Array(gzipSync(plain));

/** Everything that comes, and how it ended. */
async function all(pieces: AsyncIterable<Uint8Array>): Promise<{ bytes: Buffer; error: unknown }> {
  const parts: Uint8Array[] = [];
  let error: unknown;
  try {
    for await (const piece of pieces) parts.push(piece);
  } catch (caught) {
    error = caught;
  }
  return { bytes: Buffer.concat(parts), error };
}

describe.each([
  ["Node's zlib", (source: AsyncIterable<Uint8Array>) => gunzipByZlib(source, nodeZlib()!)],
  ["DecompressionStream", gunzipByStream],
] as const)("gunzip by %s", (_name, decompress) => {
  test("gives the bytes, whatever pieces they come in", async () => {
    for (const sizes of [[13], [4096], [whole.length]]) {
      const { bytes, error } = await all(decompress(inPieces(whole, sizes)));
      expect(error).toBeUndefined();
      expect(bytes.equals(plain)).toBe(true);
    }
  });

  test("a file that breaks off gives all that its bytes hold, and no error", async () => {
    for (let length = 20; length < whole.length; length += 4999) {
      const cut = whole.subarray(0, length);
      const held = gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH });
      const { bytes, error } = await all(decompress(inPieces(cut, [length])));
      expect(error).toBeUndefined();
      expect(bytes.length).toBe(held.length);
      expect(bytes.equals(held)).toBe(true);
    }
  });

  test("damage and bytes after the end are errors", async () => {
    const checksum = whole.slice();
    checksum[whole.length - 6]! ^= 1;
    const method = whole.slice();
    method[2] = 1;
    const block = whole.slice();
    block.fill(0xff, 50_000, 50_200);
    const after = Buffer.concat([whole, Buffer.from("and more, which is no gzip")]);
    for (const damaged of [checksum, method, block, after]) {
      const { error } = await all(decompress(inPieces(damaged, [10_000])));
      expect(error).toBeInstanceOf(DecompressionError);
      expect((error as Error).message).toMatch(/^the gzip data is damaged: \w/);
    }
  });

  test("the source's own error comes through, after what came before it", async () => {
    const broken = new Error("the disk is gone");
    async function* source(): AsyncGenerator<Uint8Array, void, void> {
      yield whole.subarray(0, 80_000);
      throw broken;
    }
    const { bytes, error } = await all(decompress(source()));
    expect(error).toBe(broken);
    expect(bytes.length).toBeGreaterThan(0);
    expect(bytes.equals(plain.subarray(0, bytes.length))).toBe(true);
  });

  test("left early, it lets go of the source", async () => {
    let released = false;
    async function* source(): AsyncGenerator<Uint8Array, void, void> {
      try {
        for (let n = 0; n < 1000; n++) yield whole.subarray(0, 70_000);
      } finally {
        released = true;
      }
    }
    for await (const piece of decompress(source())) if (piece.length > 0) break;
    await expect.poll(() => released).toBe(true);
  });
});

test("without Node's zlib, as in a browser, DecompressionStream is used", async () => {
  const { getBuiltinModule } = process;
  try {
    Object.assign(process, { getBuiltinModule: undefined });
    expect(nodeZlib()).toBeUndefined();
    expect((await all(gunzip(inPieces(whole, [10_000])))).bytes.equals(plain)).toBe(true);
  } finally {
    Object.assign(process, { getBuiltinModule });
  }
});
