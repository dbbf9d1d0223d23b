/** Choose a small program and a version, and read what it prints. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { PartProps } from "../../i18n/texts.ts";
import { Choice, LivePart } from "../shared/LivePart.tsx";
import { play, scenarios } from "./model.ts";
import { texts } from "./texts.ts";

const VERSIONS = ["3.11", "3.13", "3.14", "3.15"] as const;

export function Finalizers({ language = "en" }: PartProps): JSX.Element {
  const t = texts[language];
  const [python, setPython] = useState<(typeof VERSIONS)[number]>("3.13");
  const [n, setN] = useState("0");
  const scenario = scenarios[Number(n)]!;
  const lines = useMemo(() => play(scenario, python), [scenario, python]);
  return (
    <LivePart title={t.title} language={language}>
      <div class="live-row">
        <Choice
          label={t.program}
          value={n}
          options={scenarios.map(({ name }, at) => [String(at), t.programs[name]] as const)}
          onChoose={setN}
        />
        <Choice label="CPython" value={python} options={VERSIONS} onChoose={setPython} />
      </div>
      <pre class="text">{scenario.code}</pre>
      <p>{t.prints}</p>
      <ol class="log" aria-live="polite">
        {lines.map((line, at) => (
          <li key={at}>{line}</li>
        ))}
      </ol>
    </LivePart>
  );
}
