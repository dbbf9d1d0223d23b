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
