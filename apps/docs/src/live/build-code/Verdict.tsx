/** Checks and what came of them. */
import type { JSX } from "preact";
import type { Language } from "../../i18n/texts.ts";
import { useTexts } from "../shared/language.ts";
import type { CheckResult } from "./check.ts";
import { verdict } from "./texts.ts";
import "./code.css";

export function Verdict({
  checks,
  names = {},
}: {
  readonly checks: readonly CheckResult[];
  /** What they are called, by their ids, where that is not what they are called in English. */
  readonly names?: Readonly<Record<string, string>> | undefined;
}): JSX.Element {
  const t = useTexts(verdict);
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
            {passed ? (names[id] ?? name) : t.fails(names[id] ?? name)}
            {seen !== "" && <pre class="text">{seen}</pre>}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** All of them in a sentence. */
export function verdictText(checks: readonly CheckResult[], language: Language = "en"): string {
  const t = verdict[language];
  const failed = checks.filter(({ passed }) => !passed).length;
  return failed === 0 ? t.all(checks.length) : t.some(failed, checks.length);
}
