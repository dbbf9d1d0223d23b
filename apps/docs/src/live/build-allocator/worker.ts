/** Where allocators of the reader's run: tried by the laws, and compared with pymalloc. */
import { allocatorFactory } from "../../playground/worker/custom-allocator.ts";
import type { ExerciseJob } from "../build-code/CodeExercise.tsx";
import { runChecks } from "../build-code/check.ts";
import { serveJobs } from "../build-code/job.ts";
import { allocatorChecks } from "./checks.ts";
import { exerciseChecks } from "./exercise-checks.ts";
import { type Cost, compare } from "./replay.ts";
import { type ProgramName, record } from "./trace.ts";

/** Try an allocator by all checks, then run a program on it and on pymalloc. */
export interface CompareJob {
  /** JavaScript in CommonJS form. */
  readonly code: string;
  readonly program: ProgramName;
}

serveJobs<CompareJob | ExerciseJob, readonly Cost[]>((job, tell) => {
  const factory = allocatorFactory(job.code);
  if ("exercise" in job) {
    runChecks(exerciseChecks[job.exercise]!, factory, tell);
    return [];
  }
  runChecks(allocatorChecks, factory, tell);
  return compare([factory, "pymalloc"], record(job.program));
});
