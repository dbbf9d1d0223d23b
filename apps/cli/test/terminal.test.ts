import { describe, expect, it } from "vitest";
import { isInteractive, wantsColor } from "../src/terminal.ts";

const terminal = { isTTY: true };
const pipe = {};

describe("colours", () => {
  it("are for terminals", () => {
    expect(wantsColor(terminal, {})).toBe(true);
    expect(wantsColor(pipe, {})).toBe(false);
  });

  it("are left out where NO_COLOR is set, whatever else is", () => {
    expect(wantsColor(terminal, { NO_COLOR: "1" })).toBe(false);
    expect(wantsColor(terminal, { NO_COLOR: "0", FORCE_COLOR: "1" })).toBe(false);
    // no-color.org: "present and not an empty string".
    expect(wantsColor(terminal, { NO_COLOR: "" })).toBe(true);
  });

  it("come in a pipe where FORCE_COLOR asks for them, and not where it refuses them", () => {
    expect(wantsColor(pipe, { FORCE_COLOR: "1" })).toBe(true);
    expect(wantsColor(pipe, { FORCE_COLOR: "" })).toBe(true);
    expect(wantsColor(terminal, { FORCE_COLOR: "0" })).toBe(false);
  });

  it("are left out on a dumb terminal", () => {
    expect(wantsColor(terminal, { TERM: "dumb" })).toBe(false);
  });
});

it("something moves only on a terminal, and not in a build", () => {
  expect(isInteractive(terminal, {})).toBe(true);
  expect(isInteractive(terminal, { CI: "true" })).toBe(false);
  expect(isInteractive(terminal, { TERM: "dumb" })).toBe(false);
  expect(isInteractive(pipe, {})).toBe(false);
});
