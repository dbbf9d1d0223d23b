/** The README's three lines, in vitest; its example runs them in node:test. */
import { plainSubject } from "./plain-subject.ts";

const makeSubject = () => plainSubject();

import { allocatorLaws } from "@pyrena/conformance";
import { test } from "vitest";

for (const law of allocatorLaws) test(law.name, () => law.check(makeSubject));
