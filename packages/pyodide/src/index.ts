/**
 * `@pyrena/pyodide`: allocators in a live CPython.
 */
export {
  Installation,
  type InstallationState,
} from "./installation.ts";
export type { LivePymalloc } from "./live-pymalloc.ts";
export { attach, type InstallOptions, LivePython } from "./live-python.ts";
export type { PyodideLike, PyodideModule } from "./module.ts";
export type { LargeRequests } from "./passed-on.ts";
export type { AllocatorFunction, AllocatorProblem, OnError } from "./problems.ts";
export type { DomainRequests } from "./requests.ts";
