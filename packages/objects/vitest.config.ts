import { shared } from "../../vitest.shared.ts";

/**
 * These leave handles to JavaScript's garbage collector, which tells of them, at some time, in the worker that they were
 * made in: that is to end with the file.
 */
const WITH_HANDLES = [
  "test/handles/*.test.ts",
  "test/inspect/*.test.ts",
  "test/{checks,debug-hooks,graph-laws,walkthroughs}.test.ts",
];

export default shared(import.meta.dirname, { shareWorkers: true, except: WITH_HANDLES });
