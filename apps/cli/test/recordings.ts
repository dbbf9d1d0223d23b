/** Recordings of the repository, and what can be made of them. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { openTrace, type TraceHeader, type TraceRecord, TraceWriter } from "@pyrena/trace";
import { afterAll } from "vitest";

const root = join(import.meta.dirname, "../../..");

/** `python -m json.tool` under CPython 3.13, from its start to its end. */
export const jsonTool: string = join(root, "fixtures/recordings/json-tool-3.13.pyrt.gz");

/** A program under CPython 3.9 that gives arenas back. */
export const fragments: string = join(root, "packages/trace/test/fixtures/fragments-3.9.pyrt.gz");

/** The bytes of a recording as it was before compression. */
export function plainBytes(path: string): Buffer {
  return gunzipSync(readFileSync(path));
}

/** Write a recording anew; `change` returns what to write instead of a record, or undefined to leave it out. */
export async function rewritten(
  path: string,
  change: (record: TraceRecord) => TraceRecord | undefined,
  header: Partial<TraceHeader> = {},
): Promise<Uint8Array> {
  const reader = await openTrace(readFileSync(path));
  const writer = new TraceWriter({ ...reader.header, ...header });
  for await (const original of reader.records()) {
    const record = change(original);
    switch (record?.kind) {
      case "malloc":
        writer.malloc(record.domain, record.size, record.result);
        break;
      case "calloc":
        writer.calloc(record.domain, record.nelem, record.elsize, record.result);
        break;
      case "realloc":
        writer.realloc(record.domain, record.old, record.size, record.result);
        break;
      case "free":
        writer.free(record.domain, record.ptr);
        break;
      case "arenaAlloc":
        writer.arenaAlloc(record.size, record.base);
        break;
      case "arenaFree":
        writer.arenaFree(record.base, record.size);
        break;
      case "clock":
        writer.clock(record.microseconds);
        break;
      case "rss":
        writer.rss(record.bytes);
        break;
      case "string":
        writer.string(record.text);
        break;
      default:
        // Labels and the end of the recording: nothing of the kind that is tested here.
        break;
    }
  }
  return writer.finish();
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone after the tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pyrena-cli-"));
  folders.push(folder);
  return folder;
}
