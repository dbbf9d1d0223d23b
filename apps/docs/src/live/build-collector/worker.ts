/** Where collectors of the reader's run: tried by the laws, or watched on a graph. */
import type { CollectorFactory } from "@pyrena/abi";
import type { ExerciseJob } from "../build-code/CodeExercise.tsx";
import { runChecks } from "../build-code/check.ts";
import { serveJobs } from "../build-code/job.ts";
import { defaultFunction } from "../build-code/module.ts";
import { collectorChecks, exerciseChecks } from "./checks.ts";
import { type Picture, type Watched, watchCollection } from "./watch.ts";

/** Try a collector by all checks, then watch it on a graph. */
export interface WatchJob {
  /** JavaScript in CommonJS form. */
  readonly code: string;
  readonly picture: Picture;
  /** Whether the laws are tried as well. */
  readonly checks: boolean;
}

serveJobs<WatchJob | ExerciseJob, Watched | undefined>((job, tell) => {
  const collector = defaultFunction<CollectorFactory>(
    job.code,
    "a collector is made by a function, (graph, host) => Collector",
  );
  if ("exercise" in job) {
    runChecks(exerciseChecks[job.exercise]!, collector, tell);
    return undefined;
  }
  if (job.checks) runChecks(collectorChecks, collector, tell);
  return watchCollection(collector, job.picture);
});
