/** Real CPython: boots it, installs an allocator, runs one program as `python` would, and tells how its memory went. */
export type { AllocatorChoice, PythonProgram, RunPythonOptions } from "./options.ts";
export { type RunPythonResult, runPython } from "./run-python.ts";
export type {
  AllocatorProblem,
  DomainRequests,
  GcTelemetry,
  LargeRequests,
  MemoryTelemetry,
  RunTelemetry,
  RunTimes,
} from "./telemetry.ts";
