/** Which CPython it is: read from the interpreter's own constant, not from a list of npm releases. */
import { hex, type Profile, PyrenaError, profileFor } from "@pyrena/abi";
import type { PyodideModule } from "./module.ts";

const releaseLevels: Readonly<Record<number, string>> = { 10: "a", 11: "b", 12: "rc", 15: "" };

/** `sys.version`'s first word: `3.14.2`, `3.15.0rc1`. Read from `Py_Version`, whose bytes are those of `sys.hexversion`. */
export function pythonVersion(module: PyodideModule): string {
  const word = module.HEAPU32[module._Py_Version >>> 2];
  const level = releaseLevels[(word >>> 4) & 0xf];
  if (word >>> 24 !== 3 || level === undefined) {
    throw new PyrenaError(
      "not-attached",
      `the interpreter's version word is ${hex(word)}, which is no Python 3 release`,
    );
  }
  const release = `3.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}`;
  return level === "" ? release : `${release}${level}${word & 0xf}`;
}

/**
 * The profile of a live interpreter: its version on ilp32.
 * @throws PyrenaError `unknown-profile`, listing the versions that are known
 */
export function liveProfile(module: PyodideModule): Profile {
  return profileFor(pythonVersion(module), "ilp32");
}
