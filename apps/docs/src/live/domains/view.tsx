/** Loads of objects, counted in each domain; and one request that fails. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { grouped, type PartProps } from "../../i18n/texts.ts";
import { Choice, LivePart, NumberField } from "../shared/LivePart.tsx";
import { Scroll } from "../shared/Scroll.tsx";
import { type Load, loads, runLoad } from "./model.ts";
import { texts } from "./texts.ts";

const DOMAINS = ["RAW", "MEM", "OBJ"] as const;

export function DomainsPart({ language = "en" }: PartProps): JSX.Element {
  const t = texts[language];
  const [load, setLoad] = useState<Load>("1,000 floats");
  const [failAt, setFailAt] = useState(0);
  const { calls, error } = useMemo(() => runLoad(load, failAt), [load, failAt]);
  return (
    <LivePart
      title={t.title}
      language={language}
      status={error === undefined ? t.ended : t.failed(error || "MemoryError")}
      failed={error !== undefined}
    >
      <div class="live-row">
        <Choice
          label={t.load}
          value={load}
          options={loads.map((name) => [name, t.loads[name]] as const)}
          onChoose={setLoad}
        />
        <NumberField
          label={t.failAt}
          after={t.failAtAfter}
          value={failAt}
          min={0}
          max={100_000}
          onChange={setFailAt}
        />
      </div>
      <Scroll label={t.results}>
        <table>
          <thead>
            <tr>
              <th>{t.domain}</th>
              <th>malloc</th>
              <th>calloc</th>
              <th>realloc</th>
              <th>free</th>
              <th>{t.bytes}</th>
              <th>NULL</th>
            </tr>
          </thead>
          <tbody>
            {calls.map((one, n) => (
              <tr key={DOMAINS[n]}>
                <td>{DOMAINS[n]}</td>
                <td>{grouped(one.malloc)}</td>
                <td>{grouped(one.calloc)}</td>
                <td>{grouped(one.realloc)}</td>
                <td>{grouped(one.free)}</td>
                <td>{grouped(one.bytes)}</td>
                <td>{one.refused}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </LivePart>
  );
}
