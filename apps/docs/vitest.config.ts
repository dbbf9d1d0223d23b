/**
 * The files run one after another, in one worker: a browser uses both cores of a small machine by itself. A test
 * waits 15 s at most for anything in a page; what these limits say is for what can't be waited for with a limit.
 * Pages are shared by the tests of a file, so that one broken page makes the rest of its tests wait in vain: after
 * ten failures the run ends.
 */
import { defineConfig, mergeConfig, type ViteUserConfig } from "vitest/config";
import { shared } from "../../vitest.shared.ts";

const config: ViteUserConfig = mergeConfig(
  shared(import.meta.dirname, { shareWorkers: true }),
  defineConfig({
    test: {
      globalSetup: ["test/frame/setup.ts"],
      fileParallelism: false,
      testTimeout: 60_000,
      hookTimeout: 60_000,
      teardownTimeout: 10_000,
      bail: 10,
      maxConcurrency: 2,
    },
  }),
);
export default config;
