import { PyrenaError } from "@pyrena/abi";
import { expect, it } from "vitest";
import { CliError, describeFailure, describeFileError } from "../src/errors.ts";

it("what the user can put right is one line", () => {
  expect(describeFailure(new CliError("no\n  such thing"))).toEqual({
    text: "pyrena: no such thing",
    exitCode: 2,
  });
  expect(describeFailure(new PyrenaError("bad-trace", "it is broken"))).toEqual({
    text: "pyrena: it is broken",
    exitCode: 2,
  });
});

it("a mistake of pyrena's own is told as such, with its stack", () => {
  for (const error of [new TypeError("oops"), new PyrenaError("heap-corrupt", "oops")]) {
    const { text, exitCode } = describeFailure(error);
    expect(text).toContain("a mistake in pyrena itself");
    expect(text).toContain("errors.test.ts");
    expect(exitCode).toBe(70);
  }
  expect(describeFailure("thrown text").text).toContain("thrown text");
});

it.each([
  ["ENOENT", "no such file"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EISDIR", "is a directory"],
  ["EROFS", "the file system is read-only"],
  ["ENOSPC", "no space left on the device"],
  ["EWHATEVER", "strange"],
])("the system's %s is '%s'", (code, text) => {
  expect(describeFileError(Object.assign(new Error("strange"), { code }))).toBe(text);
});
