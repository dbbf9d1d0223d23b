/** Benchmarks as tables and as plots of ratios with their spread. */
import type { JSX } from "preact";
import { rawAddress } from "../shared/raw.ts";
import { Table } from "../shared/Table.tsx";
import { type Bar, type Chart, type Spread, type Suite, suites } from "./data.ts";
import { place, TICKS } from "./scale.ts";

function suiteOf(id: Suite["id"]): Suite {
  return suites.find((suite) => suite.id === id)!;
}

/** When, where and with whom a part ran, and its raw results. */
export function Run({ of }: { of: Suite["id"] }): JSX.Element {
  const { startedAt, seconds, rounds, machine, peers, raw } = suiteOf(of);
  return (
    <ul class="ref-run" data-suite={of}>
      <li>
        Measured on <time dateTime={startedAt}>{startedAt.slice(0, 10)}</time>, up to {rounds}{" "}
        rounds, in {Math.round(seconds / 60)} minutes:{" "}
        <a href={rawAddress(raw)}>raw results (JSON)</a>
      </li>
      <li>{machine.join("; ")}</li>
      <li>{peers.join("; ")}</li>
    </ul>
  );
}

/** The tables of a part. */
export function Tables({ of }: { of: Suite["id"] }): JSX.Element {
  return (
    <>
      {suiteOf(of).tables.map(({ title, rows, notes }) => (
        <div key={title}>
          <p>
            <strong>{title}</strong>
          </p>
          <Table label={title} kind="ref-numbers" head={rows[0] ?? []} rows={rows.slice(1)} />
          {notes.map((note) => (
            <p key={note}>
              <small>{note}</small>
            </p>
          ))}
        </div>
      ))}
    </>
  );
}

/** A plot for each workload of a part. */
export function Plots({ of }: { of: Suite["id"] }): JSX.Element {
  const { charts, reference } = suiteOf(of);
  return (
    <div class="ref-plots">
      {charts.map((chart) => (
        <Plot key={chart.id} chart={chart} reference={reference} />
      ))}
    </div>
  );
}

const ROW = 18;
const NAMES = 190;
const WIDTH = 640;
const NUMBERS = 100;
const TOP = 20;

function Plot({ chart, reference }: { chart: Chart; reference: string }): JSX.Element {
  const { title, description, bars } = chart;
  const height = TOP + bars.length * ROW + 4;
  const compared = bars.filter(({ ratio }) => ratio !== undefined);
  const at = (ratio: number): number => NAMES + place(ratio) * (WIDTH - NAMES - NUMBERS);
  const label = `${title}: ${bars.map((bar) => `${bar.peer} ${numbersOf(bar)}`).join("; ")}`;
  return (
    <figure>
      <figcaption>
        <b>{title}</b>
        {description !== "" && <>: {description}</>}
      </figcaption>
      {compared.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
        <section class="ref-scroll" tabIndex={0} aria-label={`Plot of ${title}`}>
          <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={label}>
            {TICKS.map((tick) => (
              <g key={tick} class={tick === 1 ? "one" : "tick"}>
                <line x1={at(tick)} x2={at(tick)} y1={TOP - 6} y2={height} />
                <text x={at(tick)} y={TOP - 9} class="middle">
                  {tick}
                </text>
              </g>
            ))}
            {compared.map((bar, n) => (
              <BarPart key={bar.peer} bar={bar} y={TOP + n * ROW + ROW / 2} at={at} />
            ))}
          </svg>
        </section>
      )}
      <details>
        <summary>Numbers</summary>
        <Table
          label={`${title}, numbers`}
          kind="ref-numbers"
          head={["", "ns a unit [quartiles]", `× ${reference}`]}
          rows={bars.map(({ peer, time, ratio }) => [
            peer,
            between(time),
            ratio ? between(ratio) : "",
          ])}
        />
      </details>
    </figure>
  );
}

function BarPart({
  bar,
  y,
  at,
}: {
  bar: Bar;
  y: number;
  at: (ratio: number) => number;
}): JSX.Element {
  const { peer, isReference } = bar;
  const ratio = bar.ratio!;
  return (
    <g class={peer.startsWith("Pyrena") ? "ours" : isReference ? "reference" : "other"}>
      <text x={0} y={y + 4}>
        {peer.length > 29 ? `${peer.slice(0, 28)}…` : peer}
      </text>
      <line x1={at(ratio.low)} x2={at(ratio.high)} y1={y} y2={y} />
      <circle cx={at(ratio.median)} cy={y} r={4} />
      <text x={WIDTH} y={y + 4} class="end">
        × {figures(ratio.median)}
      </text>
    </g>
  );
}

function numbersOf({ time, ratio }: Bar): string {
  const times = `${figures(time.median)} ns`;
  return ratio === undefined ? times : `${times}, ${figures(ratio.median)} times`;
}

function between({ median, low, high }: Spread): string {
  return `${figures(median)} [${figures(low)} – ${figures(high)}]`;
}

/** Three figures. */
function figures(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value.toFixed(value >= 10 ? 1 : 2);
}
