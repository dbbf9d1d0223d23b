/** Snapshots that come from outside: a file, another process. */
import { PyrenaError } from "@pyrena/abi";
import { type HeapSnapshot, SNAPSHOT_FORMAT, SNAPSHOT_VERSION } from "./snapshot.ts";

/**
 * Read a snapshot that was written with `JSON.stringify`.
 * @throws PyrenaError `bad-argument` if the text is no JSON, no snapshot, or one of a newer version
 */
export function parseSnapshot(json: string): HeapSnapshot {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new PyrenaError("bad-argument", "not a heap snapshot: the JSON does not parse", {
      cause,
    });
  }
  const found = value as Partial<HeapSnapshot> | null;
  if (typeof found !== "object" || found?.format !== SNAPSHOT_FORMAT) {
    throw new PyrenaError(
      "bad-argument",
      `not a heap snapshot: it lacks "format": "${SNAPSHOT_FORMAT}"`,
    );
  }
  if (found.version !== SNAPSHOT_VERSION) {
    throw new PyrenaError(
      "bad-argument",
      `heap snapshot version ${String(found.version)}; this Pyrena reads ${SNAPSHOT_VERSION}`,
    );
  }
  for (const name of ["heaps", "sizeClasses", "sizeRanges", "regions", "stats"] as const) {
    if (!Array.isArray(found[name])) {
      throw new PyrenaError("bad-argument", `not a heap snapshot: "${name}" is not an array`);
    }
  }
  for (const name of ["totals", "fragmentation"] as const) {
    if (typeof found[name] !== "object" || found[name] === null) {
      throw new PyrenaError("bad-argument", `not a heap snapshot: "${name}" is not an object`);
    }
  }
  return found as HeapSnapshot;
}
