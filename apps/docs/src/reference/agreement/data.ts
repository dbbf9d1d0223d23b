/** What has been compared with CPython: the newest kept run of random programs, and recordings replayed right now. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openTrace, replay } from "@pyrena/trace";
import { repositoryRoot, toolModule } from "../shared/built.ts";
import { rawFiles } from "../shared/raw.ts";
import { AGREEMENT_VERSION, type AgreementResult } from "./result.ts";

/** The newest run, and its path below `/reference/raw/`. */
export function newestAgreement(): { readonly path: string; readonly result: AgreementResult } {
  const newest = rawFiles()
    .filter(({ path }) => path.startsWith("agree/"))
    .map(({ path, text }) => ({ path, result: JSON.parse(text) as AgreementResult }))
    .sort((a, b) => a.result.startedAt.localeCompare(b.result.startedAt))
    .at(-1);
  if (newest === undefined) throw new Error("agree/results holds no result");
  if (newest.result.version !== AGREEMENT_VERSION) {
    throw new Error(`${newest.path}: layout ${newest.result.version}, not ${AGREEMENT_VERSION}`);
  }
  return newest;
}

/** How operations read in Python, with names in place of what they are done to. */
export async function spellings(): Promise<ReadonlyMap<string, string>> {
  const { SPELLING } = await toolModule("agree/src/operations.ts");
  return new Map(
    Object.entries(SPELLING as Record<string, string>).map(([name, spelling]) => [
      name,
      spelling
        .replaceAll("$0", "x")
        .replaceAll("$1", "a")
        .replaceAll("$2", "b")
        .replaceAll("$3", "c")
        .replaceAll("$n", "name"),
    ]),
  );
}

/** A table of Markdown, as cells. */
export function tableAfter(markdown: string, heading: string): string[][] {
  const start = markdown.indexOf(`## ${heading}\n`);
  if (start < 0) throw new Error(`there is no '${heading}'`);
  const rest = markdown.slice(start).split("\n").slice(1);
  const end = rest.findIndex((line) => line.startsWith("## "));
  return rest
    .slice(0, end < 0 ? undefined : end)
    .filter((line) => /^\|(?!\s*-)/.test(line))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** What is compared: the lines of the logs, and what they show. */
export function comparedLines(): string[][] {
  const readme = readFileSync(join(repositoryRoot(), "agree/README.md"), "utf8");
  return tableAfter(readme, "What is compared").slice(1);
}

/** What the programs leave out on purpose: in a word or two, and the rest of the sentence. */
export function leftOut(): { readonly what: string; readonly why: string }[] {
  const text = readFileSync(join(repositoryRoot(), "agree/LEFT-OUT.md"), "utf8");
  return text
    .split("\n")
    .filter((line) => line.startsWith("- "))
    .map((line) => {
      const [, what = "", why = ""] = /^- \*\*(.*?)\*\*(.*)$/.exec(line) ?? [];
      return { what, why };
    });
}

/** A recording of a real process, replayed. */
export interface Replayed {
  readonly name: string;
  readonly python: string;
  readonly abi: string;
  readonly events: number;
  /** Addresses that pymalloc gave. */
  readonly small: number;
  readonly exact: number;
  readonly arenas: number;
  readonly inOrder: boolean;
}

/** Replay the recordings that the repository has, oldest Python first. */
export async function replayRecordings(): Promise<Replayed[]> {
  const folders = ["packages/trace/test/fixtures", "fixtures/recordings"];
  const files = folders.flatMap((folder) => {
    const path = join(repositoryRoot(), folder);
    return readdirSync(path)
      .filter((name) => name.endsWith(".pyrt.gz"))
      .map((name) => join(path, name));
  });
  const replayed: Replayed[] = [];
  for (const file of files) {
    const reader = await openTrace(readFileSync(file));
    const { python, abi } = reader.header;
    const result = await replay(reader);
    replayed.push({
      name: file.split("/").at(-1)!.replace(".pyrt.gz", ""),
      python,
      abi,
      events: result.events,
      small: result.small,
      exact: result.exact,
      arenas: result.arenas,
      inOrder: result.arenasFreedInOrder,
    });
  }
  return replayed.sort((a, b) => a.python.localeCompare(b.python, "en", { numeric: true }));
}
