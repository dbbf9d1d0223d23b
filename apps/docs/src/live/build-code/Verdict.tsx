/** Checks and what came of them. */
import type { JSX } from "preact";
import type { CheckResult } from "./check.ts";
import "./code.css";

export function Verdict({ checks }: { readonly checks: readonly CheckResult[] }): JSX.Element {
  return (
    <ul class="verdict">
      {checks.map(({ id, name, passed, seen }) => (
        <li
          key={id}
          data-check={id}
          data-passed={passed}
          class={passed ? "is-passed" : "is-failed"}
        >
          <span aria-hidden="true">{passed ? "✓" : "✗"}</span>
          <div>
            {name}
            {passed ? "" : ": no"}
            {seen !== "" && <pre class="text">{seen}</pre>}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** All of them in a sentence. */
export function verdictText(checks: readonly CheckResult[]): string {
  const failed = checks.filter(({ passed }) => !passed).length;
  if (failed === 0) return `All ${checks.length} checks pass.`;
  return `${failed} of ${checks.length} checks ${failed === 1 ? "fails" : "fail"}.`;
}
