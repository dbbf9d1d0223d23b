/**
 * Decompressing gzip as it comes. A file that breaks off yields all that its bytes hold, and ends like any other.
 *
 * Node's own zlib is used where there is one: told to flush rather than to finish, it yields everything by design, and
 * with large pieces it works on the next while the last is being read. Elsewhere `DecompressionStream` does it.
 */
import { DecompressionError } from "./decompression-error.ts";
import { regrouped } from "./pieces.ts";

/** Decompress gzip. */
export function gunzip(
  compressed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  const zlib = nodeZlib();
  return zlib === undefined ? gunzipByStream(compressed) : gunzipByZlib(compressed, zlib);
}

/** What is used of `node:zlib`. */
export interface NodeZlib {
  createGunzip(options: { chunkSize: number; finishFlush: number }): NodeGunzip;
  readonly constants: { readonly Z_SYNC_FLUSH: number };
}

/** What is used of its streams. */
interface NodeGunzip extends AsyncIterable<Uint8Array> {
  /** Compressed bytes that belonged to the gzip data. */
  readonly bytesWritten: number;
  write(piece: Uint8Array, done: (error?: Error | null) => void): boolean;
  end(): void;
  destroy(): void;
}

/** Node's zlib, where there is one; without an import, so that browsers and bundlers need not know of it. */
export function nodeZlib(): NodeZlib | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: string) => unknown };
  };
  return process?.getBuiltinModule?.("node:zlib") as NodeZlib | undefined;
}

/** Bytes of the pieces that zlib yields. */
const ZLIB_CHUNK_BYTES: number = 1 << 18;

/** Decompress with Node's zlib. */
export async function* gunzipByZlib(
  compressed: AsyncIterable<Uint8Array>,
  zlib: NodeZlib,
): AsyncGenerator<Uint8Array, void, void> {
  const stream = zlib.createGunzip({
    chunkSize: ZLIB_CHUNK_BYTES,
    finishFlush: zlib.constants.Z_SYNC_FLUSH,
  });
  let fed = 0;
  let sourceFailure: { readonly error: unknown } | undefined;
  let left = false;
  const feeding = (async () => {
    try {
      for await (const piece of regrouped(compressed, GZIP_PIECE_BYTES)) {
        fed += piece.length;
        await new Promise<void>((resolve) => stream.write(piece, () => resolve()));
        if (left) return;
      }
    } catch (error) {
      sourceFailure = { error };
    }
    stream.end();
  })();
  try {
    yield* stream;
    left = true;
    await feeding;
  } catch (error) {
    throw new DecompressionError("gzip", error);
  } finally {
    // Whoever leaves early does not wait: the source may have nothing for a long time.
    left = true;
    stream.destroy();
  }
  if (sourceFailure !== undefined) throw sourceFailure.error;
  if (stream.bytesWritten < fed) {
    throw new DecompressionError("gzip", new Error("there are bytes after its end"));
  }
}

/**
 * `DecompressionStream` is fed pieces of at least so many bytes: more than it queues. It is then done with one piece,
 * and what came of it has been fetched, before the next goes in, so that a file that breaks off loses nothing.
 */
const GZIP_PIECE_BYTES = 65_536;

/** Decompress with `DecompressionStream`. */
export async function* gunzipByStream(
  compressed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  const stream = new DecompressionStream("gzip");
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  // Fetched as soon as it is there: a stream that fails drops what it still holds.
  const fetched: Uint8Array[] = [];
  let failure: unknown;
  const fetching = (async () => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        fetched.push(value);
      }
    } catch (error) {
      failure = error ?? new Error("unknown");
    }
  })();
  try {
    let closing = false;
    try {
      for await (const piece of regrouped(compressed, GZIP_PIECE_BYTES)) {
        await writer.write(piece);
        yield* fetched.splice(0);
      }
      // What the last piece yields is fetched in this turn of the event loop; only then may the stream fail.
      await new Promise((resolve) => setTimeout(resolve, 0));
      closing = true;
      await writer.close();
    } catch (error) {
      // The stream's own failure comes to both ends, to the reading one a little later.
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (failure === undefined) throw error;
    }
    await fetching;
    yield* fetched.splice(0);
    if (failure !== undefined && !(closing && isCutOff(failure))) {
      throw new DecompressionError("gzip", failure);
    }
  } finally {
    // Both fail if the stream has failed, which has been told already.
    await Promise.allSettled([writer.abort(), reader.cancel()]);
  }
}

/** Whether the decompressor, told that its input is over, failed because more should have come. */
function isCutOff(error: unknown): boolean {
  const coded = error as { code?: unknown; cause?: { code?: unknown } };
  const code = coded?.code ?? coded?.cause?.code;
  // Node names zlib's code. Browsers don't; but there, other faults show while the input is still being written.
  return typeof code === "string" ? code === "Z_BUF_ERROR" : true;
}
