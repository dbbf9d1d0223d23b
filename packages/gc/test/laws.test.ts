import { collectorLaws } from "@pyrena/conformance";
import { describe, it } from "vitest";
import { generational } from "../src/index.ts";

describe("the generational collector obeys the laws of collectors", () => {
  it.each(collectorLaws)("$name", ({ check }) => check(() => ({ collector: generational() })));
});
