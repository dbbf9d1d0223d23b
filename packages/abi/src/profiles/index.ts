import type { AbiName } from "../abi.ts";
import { PyrenaError } from "../errors.ts";
import type { Profile } from "../profile.ts";
import { cpython38 } from "./cpython-3.8.ts";
import { cpython39 } from "./cpython-3.9.ts";
import { cpython310 } from "./cpython-3.10.ts";
import { cpython311 } from "./cpython-3.11.ts";
import { cpython312 } from "./cpython-3.12.ts";
import { cpython313 } from "./cpython-3.13.ts";
import { cpython314 } from "./cpython-3.14.ts";
import { cpython315 } from "./cpython-3.15.ts";

/** Every profile, oldest version first, lp64 before ilp32. */
export const profiles: readonly Profile[] = [
  ...cpython38,
  ...cpython39,
  ...cpython310,
  ...cpython311,
  ...cpython312,
  ...cpython313,
  ...cpython314,
  ...cpython315,
];

/**
 * The profile of a Python version.
 * @param python `3.13`, or a full version such as `3.13.2` or `3.15.0a2`
 * @throws PyrenaError `unknown-profile`, listing the known ones
 */
export function profileFor(python: string, abi: AbiName): Profile {
  const minor = /^\d+\.\d+/.exec(python)?.[0];
  const found = profiles.find((profile) => profile.python === minor && profile.abi.name === abi);
  if (found === undefined) {
    const versions = [...new Set(profiles.map((profile) => profile.python))].join(", ");
    throw new PyrenaError(
      "unknown-profile",
      `no profile of Python '${python}' on '${abi}': known are ${versions}`,
    );
  }
  return found;
}
