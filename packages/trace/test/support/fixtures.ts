/** The recordings that tests use. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Versions for which there is a recording with a known end state. */
export const versions = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"] as const;

const here = join(import.meta.dirname, "../fixtures");

/** The recording of a version, as it lies in the folder. */
export function fragments(version: string): Uint8Array {
  return new Uint8Array(readFileSync(join(here, `fragments-${version}.pyrt.gz`)));
}

/** The same, decompressed. */
export function plainFragments(version: string): Uint8Array {
  return new Uint8Array(gunzipSync(fragments(version)));
}

/** What CPython printed at the end of that recording. */
export function printed(version: string): string {
  return readFileSync(join(here, `fragments-${version}.txt`), "utf8");
}

/** `python -m json.tool`, recorded from its start to its end. */
export function jsonTool(): Uint8Array {
  return new Uint8Array(
    readFileSync(
      join(import.meta.dirname, "../../../../fixtures/recordings/json-tool-3.13.pyrt.gz"),
    ),
  );
}
