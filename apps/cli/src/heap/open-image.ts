/** Opening a saved heap to look at it: nothing of the program that it belongs to runs. */
import { createReadStream, type Stats, statSync } from "node:fs";
import process from "node:process";
import { PyrenaError } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { decodeImage, type Runtime, restore } from "pyrena";
import { CliError, describeFileError, oneLine } from "../errors.ts";
import type { ImageReport } from "./heap-report.ts";

/**
 * The bytes of a file; `-`: of standard input.
 * @throws CliError if it can't be read
 */
export async function readImage(path: string): Promise<Uint8Array> {
  try {
    if (path !== "-") {
      const stats: Stats = statSync(path);
      if (stats.isDirectory()) throw new CliError(`${path}: is a directory, not an image`);
    }
    const source =
      path === "-" ? process.stdin : createReadStream(path, { highWaterMark: 1 << 20 });
    const pieces: Uint8Array[] = [];
    for await (const piece of source) pieces.push(piece as Uint8Array);
    return Buffer.concat(pieces);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${path}: ${describeFileError(error)}`);
  }
}

/**
 * Open an image and look at its heap.
 * @param path its name, for people
 * @throws CliError if it is no image, is damaged, or needs what is not here
 */
export function lookInto<Result>(
  path: string,
  bytes: Uint8Array,
  look: (image: ImageReport, objects: Objects) => Result,
): Result {
  let runtime: Runtime | undefined;
  try {
    const { description } = decodeImage(bytes);
    runtime = restore(bytes, { inspect: true, held: "keep" });
    const { objects, collector } = runtime;
    // It is switched off while a heap is opened; what looks at this one makes no objects, so nothing will be collected.
    collector.control?.setEnabled(collector.ctx, description.collecting);
    const [raw, mem, obj] = description.allocators;
    const image: ImageReport = {
      path,
      bytes: bytes.length,
      python: description.python,
      abi: description.abi,
      profile: description.profile,
      allocators: { raw, mem, obj },
      debugHooks: description.hooks,
      memoryBytes: description.memory.bytes,
      maxMemoryBytes: description.memory.maxBytes,
    };
    return look(image, objects);
  } catch (error) {
    throw explainRefusal(path, error, runtime);
  }
}

/** Whatever is wrong with the image as one line that begins with its name. */
function explainRefusal(path: string, error: unknown, runtime: Runtime | undefined): unknown {
  if (error instanceof CliError) return error;
  if (error instanceof PyrenaError) {
    const what = error.code === "heap-corrupt" ? DAMAGED : "";
    return new CliError(`${path}: ${what}${oneLine(error.message)}`);
  }
  // A heap with types that are not known here has not been checked as a whole. Is it the heap, or is it us?
  const damage = runtime && findDamage(runtime);
  return damage === undefined ? error : new CliError(`${path}: ${DAMAGED}${oneLine(damage)}`);
}

const DAMAGED = "the heap in the image is damaged: ";

function findDamage(runtime: Runtime): string | undefined {
  try {
    runtime.verify();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
