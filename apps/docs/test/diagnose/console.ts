/** What pages show of a console: their commands, run in a copy of the example programs, and their output compared. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const root = join(import.meta.dirname, "../../../..");
const command = join(root, "apps/cli/bin/pyrena.js");

/** A command of a page, and the lines that stand below it. */
export interface Shown {
  readonly command: string;
  readonly lines: readonly string[];
}

/** The commands in the `console` blocks of a page. */
export function shownOn(page: string): Shown[] {
  return [...page.matchAll(/```console[^\n]*\n(.*?)\n```/gs)].flatMap(([, block]) =>
    block!
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [first, ...lines] = text.trimEnd().split("\n");
        return { command: first!, lines };
      }),
  );
}

/** The example programs, in a folder of their own, where commands can write. */
export class Workplace {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "pyrena-diagnose-"));
  /** What each command has printed: some are shown on several pages. */
  readonly #printed: Map<string, readonly string[]> = new Map();

  constructor() {
    cpSync(join(root, "examples/diagnose"), this.#folder, { recursive: true });
    cpSync(
      join(root, "packages/trace/test/fixtures/fragments-3.9.pyrt.gz"),
      join(this.#folder, "fragments-3.9.pyrt.gz"),
    );
    symlinkSync(join(root, "apps/cli/node_modules"), join(this.#folder, "node_modules"));
  }

  /**
   * Run a command line as a terminal would show it: what the program printed, then the report.
   * @throws Error if it cannot be started or takes longer than a minute
   */
  run(line: string): readonly string[] {
    const known = this.#printed.get(line);
    if (known !== undefined) return known;
    const printed = this.#run(line).trimEnd();
    const lines = printed === "" ? [] : printed.split("\n");
    this.#printed.set(line, lines);
    return lines;
  }

  /** What `pyrena run --json` writes of a program. What it prints is kept as what it prints without. */
  report(program: string): string {
    const printed = this.#run(`pyrena run --json run.json ${program}`).trimEnd();
    this.#printed.set(`pyrena run ${program}`, printed.split("\n"));
    return readFileSync(join(this.#folder, "run.json"), "utf8");
  }

  #run(line: string): string {
    const functions = `node() { "${process.execPath}" "$@"; }; pyrena() { node "${command}" "$@"; }`;
    const { stdout, stderr, error } = spawnSync("sh", ["-c", `${functions}; ${line}`], {
      cwd: this.#folder,
      encoding: "utf8",
      timeout: 60_000,
      env: Object.fromEntries(
        Object.entries(process.env).filter(
          ([name]) => !/^(PYTHON|FORCE_COLOR$|COLUMNS$|VITEST|NODE_OPTIONS$)/.test(name),
        ),
      ),
    });
    if (error !== undefined) throw error;
    return `${stdout}${stderr}`;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Times differ with the machine: they are not compared. */
const TIME = /\d[\d,.]* (ms|s|min)\b/g;
/** A number, with its unit. Addresses are text. */
const NUMBER = /(?<![\w.])\d[\d,]*(?:\.\d+)?(?: [KMG]iB)?(?![\w])/g;
const UNITS: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Bytes of an arena where pointers have 32 bits. */
const ARENA = 2 ** 18;

function amountOf(number: string): number {
  const [digits, unit = ""] = number.split(" ");
  return Number(digits!.replaceAll(",", "")) * (UNITS[unit] ?? 1);
}

/**
 * Whether a line is the one that is shown: the same words, and the same numbers, give or take a twentieth, and one, or one
 * arena. Paths are as long as they are, and hashes are random, so that some counts differ from run to run.
 */
export function alike(shown: string, printed: string): boolean {
  const words = (line: string): string =>
    line
      .replace(TIME, "a time")
      .replace(NUMBER, "#")
      .replace(/\b(is|are|was|were)\b/g, "is")
      .replace(/\b(block|pool|arena|cycle|object|more)s\b/g, "$1")
      .replace(/\s+/g, " ")
      .trim();
  if (words(shown) !== words(printed)) return false;
  const numbers = (line: string): number[] =>
    [...line.replace(TIME, "").matchAll(NUMBER)].map(([number]) => amountOf(number));
  const there = numbers(printed);
  return numbers(shown).every((value, n) => {
    const more = value >= ARENA ? ARENA : 1;
    return Math.abs(value - there[n]!) <= Math.max(more, 1 + value / 20);
  });
}

/**
 * The lines of a page as they were printed now, those that stand for others (`…`) left alone; a command that is shown
 * without a line gets all of them.
 * @throws Error naming the first line that was not printed
 */
export function refreshed({ command: line, lines }: Shown, printed: readonly string[]): string[] {
  if (lines.length === 0) return [...printed];
  let at = 0;
  let skipping = false;
  const result = lines.map((shown) => {
    if (shown.trim() === "…") {
      skipping = true;
      return shown;
    }
    const found = skipping
      ? printed.findIndex((one, n) => n >= at && alike(shown, one))
      : at < printed.length && alike(shown, printed[at]!)
        ? at
        : -1;
    if (found < 0) {
      throw new Error(
        `$ ${line}\ndoes not print: ${shown}\nbut: ${printed.slice(at, at + (skipping ? 99 : 1)).join("\n")}`,
      );
    }
    at = found + 1;
    skipping = false;
    return printed[found]!;
  });
  if (!skipping && at < printed.length) {
    throw new Error(`$ ${line}\nprints more than is shown: ${printed[at]}`);
  }
  return result;
}
