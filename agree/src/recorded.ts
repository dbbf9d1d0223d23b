/**
 * Recorded answers: what native interpreters said, for machines that have none. A fixture holds a digest of every log,
 * and of every source, so that a generator that has changed since is noticed; and the logs of the first programs.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { optionsFor } from "./agreement.ts";
import { generate } from "./generate.ts";
import { type OracleInfo, OracleProcess } from "./oracles/oracle.ts";
import { pythonSource } from "./python.ts";

/** Logs that a fixture holds in full. */
const WHOLE_LOGS = 50;

/** The content of a fixture. */
export interface Recording {
  readonly python: string;
  readonly abi: "lp64" | "ilp32";
  /** The interpreter that answered. */
  readonly title: string;
  /** Seed of the first program. */
  readonly seed: number;
  /** Of each program, in order of seeds. */
  readonly sources: readonly string[];
  readonly logs: readonly string[];
  /** Of the first programs, in full. */
  readonly whole: readonly string[];
}

/** 48 bits of SHA-256, as text. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 8);
}

/** The fixture of a version, or undefined if there is none. */
export function readRecording(python: string, abi: string): Recording | undefined {
  const path = join(import.meta.dirname, "../fixtures", `${python}-${abi}.json.gz`);
  if (!existsSync(path)) return undefined;
  return JSON.parse(gunzipSync(readFileSync(path)).toString()) as Recording;
}

/**
 * Asks an interpreter and writes the fixture.
 * @param folder where to
 * @returns a line that says what was written
 */
export async function record(
  info: OracleInfo,
  folder: string,
  { seed, programs }: { seed: number; programs: number },
): Promise<string> {
  const oracle = new OracleProcess(info);
  const sources = Array.from({ length: programs }, (_, i) =>
    pythonSource(generate(seed + i, optionsFor(info.python))),
  );
  const logs: string[] = [];
  for (let at = 0; at < programs; at += 100)
    logs.push(...(await oracle.run(sources.slice(at, at + 100))));
  oracle.stop();
  const recording: Recording = {
    python: info.python,
    abi: info.abi,
    title: info.title,
    seed,
    sources: sources.map(digest),
    logs: logs.map(digest),
    whole: logs.slice(0, WHOLE_LOGS),
  };
  const path = join(folder, `${info.id}.json.gz`);
  const bytes = gzipSync(JSON.stringify(recording), { level: 9 });
  writeFileSync(path, bytes);
  return `${path}: ${programs} programs of ${info.title}, ${bytes.length} bytes`;
}
