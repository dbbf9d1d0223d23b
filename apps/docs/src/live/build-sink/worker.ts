/** Where the reader's sink is tried. */
import type { ExerciseJob } from "../build-code/CodeExercise.tsx";
import { runChecks } from "../build-code/check.ts";
import { serveJobs } from "../build-code/job.ts";
import { defaultFunction } from "../build-code/module.ts";
import { type MakePeakSink, sinkChecks } from "./checks.ts";

serveJobs<ExerciseJob, undefined>(({ code }, tell) => {
  const make = defaultFunction<MakePeakSink>(
    code,
    "the sink is made by a function, () => { sink, peakBytes }",
  );
  runChecks(sinkChecks, make, tell);
});
