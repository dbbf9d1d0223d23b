import { dirname } from "node:path";
import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  root: import.meta.dirname,
  test: {
    include: ["test/**/*.test.ts"],
    reporters: [
      "default",
      ["json", { outputFile: `${dirname(import.meta.dirname)}/.reports/test.json` }],
    ],
  },
});

export default config;
