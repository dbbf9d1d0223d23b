import { collectorLaws } from "@pyrena/conformance";
import { describe, it } from "vitest";
import { incremental } from "../src/index.ts";

describe("the incremental collector obeys the laws of collectors", () => {
  it.each(collectorLaws)("$name", ({ check }) => check(() => ({ collector: incremental() })));
});
