/** Things that code of the reader's is checked for. */

/** One of them. */
export interface Check<Subject> {
  readonly id: string;
  /** A sentence that holds where the check passes. */
  readonly name: string;
  /** @throws whatever says what was seen instead */
  run(subject: Subject): void;
}

/** What came of it. */
export interface CheckResult {
  readonly id: string;
  readonly name: string;
  readonly passed: boolean;
  /** What was seen, where it did not pass. */
  readonly seen: string;
}

/** Run checks in their order; `tell` hears of each as soon as it is done. */
export function runChecks<Subject>(
  checks: readonly Check<Subject>[],
  subject: Subject,
  tell: (result: CheckResult) => void = () => {},
): CheckResult[] {
  return checks.map((check) => {
    const result = runCheck(check, subject);
    tell(result);
    return result;
  });
}

function runCheck<Subject>({ id, name, run }: Check<Subject>, subject: Subject): CheckResult {
  try {
    run(subject);
    return { id, name, passed: true, seen: "" };
  } catch (thrown) {
    const seen = thrown instanceof Error ? thrown.message : String(thrown);
    return { id, name, passed: false, seen };
  }
}
