/** A process of `pnpm agree`: compares the seeds it is given with one oracle. Started by {@link ./main.ts}. */
import { Comparison, type Difference } from "./agreement.ts";
import { type OracleInfo, OracleProcess, type PythonVersion } from "./oracles/oracle.ts";
import { PyrenaRunner } from "./pyrena.ts";

/** What a worker is asked for: to begin, to compare seeds, to shrink, to end. */
export type Request =
  | {
      readonly ask: "oracle";
      readonly info: OracleInfo;
      /** The version that Pyrena follows; absent: the oracle's. */
      readonly as?: PythonVersion;
    }
  | { readonly ask: "seeds"; readonly from: number; readonly count: number }
  | { readonly ask: "shrink"; readonly difference: Difference };

/** What it answers. */
export type Answer =
  | { readonly answer: "compared"; readonly count: number; readonly differences: Difference[] }
  | { readonly answer: "shrunk"; readonly difference: Difference }
  | { readonly answer: "failed"; readonly reason: string };

let oracle: OracleProcess | undefined;
let comparison: Comparison | undefined;

async function handle(request: Request): Promise<Answer | undefined> {
  if (request.ask === "oracle") {
    const { info, as = info.python } = request;
    oracle = new OracleProcess(info);
    comparison = new Comparison(oracle, new PyrenaRunner(as, info.abi));
    return undefined;
  }
  if (comparison === undefined) throw new Error("no oracle yet");
  if (request.ask === "shrink")
    return { answer: "shrunk", difference: await comparison.shrink(request.difference) };
  const differences = await comparison.compareSeeds(request.from, request.count);
  return { answer: "compared", count: request.count, differences };
}

process.on("message", (request: Request) => {
  handle(request).then(
    (answer) => answer && process.send!(answer),
    (error: unknown) =>
      process.send!({
        answer: "failed",
        reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
      } satisfies Answer),
  );
});
process.on("disconnect", () => {
  oracle?.stop();
  process.exit();
});
