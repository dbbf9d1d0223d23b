/** Programs run on both sides, and their logs compared. */
import { type GeneratorOptions, generate } from "./generate.ts";
import type { OracleInfo, OracleProcess } from "./oracles/oracle.ts";
import type { Program } from "./program.ts";
import { PyrenaRunner } from "./pyrena.ts";
import { pythonSource } from "./python.ts";
import { shrink } from "./shrink.ts";

/** A program whose logs differ. */
export interface Difference {
  readonly program: Program;
  readonly expected: string;
  readonly got: string;
}

/** What a version's programs may contain. */
export function optionsFor(python: string): GeneratorOptions {
  return { python, singletonCounts: Number(python.slice(2)) >= 12 };
}

/** A program's log on Pyrena; what is thrown becomes its last line, since that is a difference too. */
export function pyrenaLog(runner: PyrenaRunner, program: Program): string {
  try {
    return runner.run(program);
  } catch (error) {
    return `thrown=${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}

/** What is asked. */
export type Oracle = Pick<OracleProcess, "info" | "run">;

/** An oracle that is asked each program once: what it said is remembered. */
export function remembering(oracle: Oracle): Oracle {
  const logs = new Map<string, string>();
  return {
    info: oracle.info,
    async run(sources) {
      const unknown = [...new Set(sources.filter((source) => !logs.has(source)))];
      const answers = unknown.length > 0 ? await oracle.run(unknown) : [];
      unknown.forEach((source, i) => {
        logs.set(source, answers[i]!);
      });
      return sources.map((source) => logs.get(source)!);
    },
  };
}

/** One oracle and Pyrena in the same version and data model. */
export class Comparison {
  readonly oracle: Oracle;
  readonly runner: PyrenaRunner;
  readonly options: GeneratorOptions;

  constructor(oracle: Oracle, runner?: PyrenaRunner) {
    const { python, abi }: OracleInfo = oracle.info;
    this.oracle = oracle;
    this.runner = runner ?? new PyrenaRunner(python, abi);
    this.options = optionsFor(python);
  }

  /** The programs among these whose logs differ. */
  async compare(programs: readonly Program[]): Promise<Difference[]> {
    const asked = this.oracle.run(programs.map(pythonSource));
    // Runs while the oracle does.
    const mine = programs.map((program) => pyrenaLog(this.runner, program));
    const logs = await asked;
    return programs.flatMap((program, i) => {
      const expected = logs[i]!;
      const got = mine[i]!;
      return expected === got ? [] : [{ program, expected, got }];
    });
  }

  /** Programs of the seeds `from` … `from + count - 1`. */
  compareSeeds(from: number, count: number): Promise<Difference[]> {
    return this.compare(Array.from({ length: count }, (_, i) => generate(from + i, this.options)));
  }

  /** The smallest program that differs in the same way: by its first differing line. */
  async shrink(difference: Difference): Promise<Difference> {
    const kind = kindOf(difference);
    const program = await shrink(difference.program, async (programs) => {
      const found = await this.compare(programs);
      const kinds = new Map(found.map((one) => [one.program, kindOf(one)]));
      return programs.map((one) => kinds.get(one) === kind);
    });
    const [smallest] = await this.compare([program]);
    return smallest ?? difference;
  }
}

/** The first line that differs, without the variables: what tells one kind of difference from another. */
export function kindOf({ expected, got }: Difference): string {
  const left = expected.split("\n");
  const right = got.split("\n");
  const at = left.findIndex((line, i) => line !== right[i]);
  const what = (line: string | undefined): string => (line ?? "end").split(/[ =]/, 1)[0]!;
  const broken = right.find((line) => /^(thrown|failed)=/.test(line));
  if (broken !== undefined && !left.includes(broken))
    return broken.replace(/0x[0-9a-f]+|\d+/g, "#");
  return `${what(left[at])} / ${what(right[at])}`;
}

/** Both logs side by side, where they differ. */
export function sideBySide({ expected, got }: Difference): string {
  const left = expected.split("\n");
  const right = got.split("\n");
  const lines: string[] = [];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    if (left[i] === right[i]) lines.push(`    ${left[i]}`);
    else {
      if (left[i] !== undefined) lines.push(`  - ${left[i]}`);
      if (right[i] !== undefined) lines.push(`  + ${right[i]}`);
    }
  }
  return lines.join("\n");
}
