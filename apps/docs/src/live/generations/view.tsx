/** Automatic collections as they come: when, which generation, how many objects they look at. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { grouped, type PartProps } from "../../i18n/texts.ts";
import { Choice, Figures, Key, LivePart, NumberField } from "../shared/LivePart.tsx";
import { useTexts } from "../shared/language.ts";
import { useModel } from "../shared/model.ts";
import { Scroll } from "../shared/Scroll.tsx";
import { useWidth } from "../shared/width.ts";
import { type Collection, type Fate, fates, GenerationsLab } from "./model.ts";
import { texts } from "./texts.ts";

const VERSIONS = ["3.12", "3.13", "3.14", "3.15"] as const;
const TONES = ["#56b4e9", "#e69f00", "#d55e00"];

export function Generations({ language = "en" }: PartProps): JSX.Element {
  const t = texts[language];
  const [python, setPython] = useState<(typeof VERSIONS)[number]>("3.13");
  const [threshold, setThreshold] = useState<number | undefined>();
  const [fate, setFate] = useState<Fate>("keep");
  const { model, act, status, failed, reset } = useModel(
    () => new GenerationsLab(python, threshold),
    [python, threshold],
  );
  const progress = model.progress();
  const runs = model.collections;
  const [first, second, third] = model.sizes() as [number, number, number];
  return (
    <LivePart title={t.title} language={language} status={status} failed={failed}>
      <div class="live-row">
        <Choice
          label="CPython"
          value={python}
          options={VERSIONS.map(
            (version) => [version, version === "3.14" ? t.incremental : version] as const,
          )}
          onChoose={setPython}
        />
        <NumberField
          label={t.threshold}
          value={threshold ?? model.thresholds()[0]!}
          min={100}
          max={100_000}
          onChange={setThreshold}
        />
        <Choice
          label={t.lists}
          value={fate}
          options={fates.map((name) => [name, t.fates[name]] as const)}
          onChoose={setFate}
        />
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              const before = lab.collections.length;
              lab.make(20_000, fate);
              const now = lab.collections.slice(before);
              return t.made(
                now.length,
                now.reduce((sum, { looked }) => sum + looked, 0),
                now.reduce((sum, { collected }) => sum + collected, 0),
              );
            })
          }
        >
          {t.make}
        </button>
        <button type="button" onClick={reset}>
          {t.reset}
        </button>
      </div>
      <Figures
        of={[
          [t.listsMade, model.made, "lists made"],
          ["gc.get_count()", `(${model.counts().join(", ")})`],
          ["gc.get_threshold()", `(${model.thresholds().join(", ")})`],
          [t.sizes, `${first}, ${second}, ${third}`, "objects by generation"],
          [t.collections, runs.length, "collections"],
          [t.looked, runs.reduce((sum, { looked }) => sum + looked, 0), "objects looked at"],
          ...(progress === undefined
            ? []
            : ([
                [t.phase, t.phases[progress.phase], "phase"],
                [t.workToDo, progress.workToDo, "work to do"],
              ] as const)),
        ]}
      />
      <Timeline runs={runs} made={model.made} />
      <Key
        of={TONES.map(
          (tone, n) =>
            [tone, progress !== undefined && n === 1 ? t.increment : t.generation(n)] as const,
        )}
      />
      <details>
        <summary>{t.table}</summary>
        <Scroll label={t.tableLabel}>
          <table>
            <thead>
              <tr>
                {t.columns.map((column) => (
                  <th key={column}>{column}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {runs.slice(-60).map((run) => (
                <tr key={run.at}>
                  <td>{grouped(run.at)}</td>
                  <td>{run.generation}</td>
                  <td>{grouped(run.looked)}</td>
                  <td>{grouped(run.collected)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </LivePart>
  );
}

function Timeline({
  runs,
  made,
}: {
  readonly runs: readonly Collection[];
  readonly made: number;
}): JSX.Element {
  const t = useTexts(texts);
  const svg = useRef<SVGSVGElement>(null);
  const width = useWidth(svg, 640);
  const most = Math.max(1, ...runs.map(({ looked }) => looked));
  const end = Math.max(made, 1);
  return (
    <svg
      class="graph"
      ref={svg}
      viewBox={`0 0 ${width} 150`}
      role="img"
      aria-label={t.chart(runs.length, made, runs.length === 0 ? 0 : most)}
    >
      <line x1="0" y1="130" x2={width} y2="130" stroke="var(--sl-color-gray-4)" />
      {runs.map(({ at, generation, looked }) => {
        const height = Math.max(2, (looked / most) * 115);
        return (
          <rect
            key={at}
            x={(at / end) * (width - 8)}
            y={130 - height}
            width={Math.max(2, Math.min(6, 500 / runs.length))}
            height={height}
            fill={TONES[generation]}
          />
        );
      })}
      <text x="0" y="146" font-size="12">
        {t.axis(0)}
      </text>
      <text x={width} y="146" font-size="12" text-anchor="end">
        {t.axis(made)}
      </text>
      {runs.length > 0 && (
        <text x="0" y="11" font-size="12">
          {t.most(most)}
        </text>
      )}
    </svg>
  );
}
