/** Automatic collections as they come: when, which generation, how many objects they look at. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Choice, Figures, Key, LivePart, NumberField } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { type Collection, type Fate, GenerationsLab } from "./model.ts";

const VERSIONS = [
  ["3.12", "3.12"],
  ["3.13", "3.13"],
  ["3.14", "3.14.0 to 3.14.4 (incremental)"],
  ["3.15", "3.15"],
] as const;
const TONES = ["#56b4e9", "#e69f00", "#d55e00"];

export function Generations(): JSX.Element {
  const [python, setPython] = useState<(typeof VERSIONS)[number][0]>("3.13");
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
    <LivePart title="Collections that run by themselves" status={status} failed={failed}>
      <div class="live-row">
        <Choice label="CPython" value={python} options={VERSIONS} onChoose={setPython} />
        <NumberField
          label="threshold 0"
          value={threshold ?? model.thresholds()[0]!}
          min={100}
          max={100_000}
          onChange={setThreshold}
        />
        <Choice
          label="lists"
          value={fate}
          options={["keep", "drop in cycles"] as const}
          onChoose={setFate}
        />
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              const before = lab.collections.length;
              lab.make(20_000, fate);
              const now = lab.collections.slice(before);
              return `20,000 lists made: ${now.length} collections, which looked at ${now
                .reduce((sum, { looked }) => sum + looked, 0)
                .toLocaleString("en")} objects and freed ${now
                .reduce((sum, { collected }) => sum + collected, 0)
                .toLocaleString("en")}.`;
            })
          }
        >
          make 20,000 lists
        </button>
        <button type="button" onClick={reset}>
          start again
        </button>
      </div>
      <Figures
        of={[
          ["lists made", model.made],
          ["gc.get_count()", `(${model.counts().join(", ")})`],
          ["gc.get_threshold()", `(${model.thresholds().join(", ")})`],
          ["objects by generation", `${first}, ${second}, ${third}`],
          ["collections", runs.length],
          ["objects looked at, in all", runs.reduce((sum, { looked }) => sum + looked, 0)],
          ...(progress === undefined
            ? []
            : ([
                ["phase", progress.phase],
                ["work to do", progress.workToDo],
              ] as const)),
        ]}
      />
      <Timeline runs={runs} made={model.made} />
      <Key
        of={TONES.map(
          (tone, n) =>
            [tone, progress !== undefined && n === 1 ? "increment" : `generation ${n}`] as const,
        )}
      />
      <details>
        <summary>The collections as a table</summary>
        <section class="scroll" aria-label="Collections">
          <table>
            <thead>
              <tr>
                <th>after lists</th>
                <th>generation</th>
                <th>looked at</th>
                <th>collected</th>
              </tr>
            </thead>
            <tbody>
              {runs.slice(-60).map((run) => (
                <tr key={run.at}>
                  <td>{run.at.toLocaleString("en")}</td>
                  <td>{run.generation}</td>
                  <td>{run.looked.toLocaleString("en")}</td>
                  <td>{run.collected.toLocaleString("en")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
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
  const most = Math.max(1, ...runs.map(({ looked }) => looked));
  const end = Math.max(made, 1);
  return (
    <svg
      class="graph"
      viewBox="0 0 640 150"
      role="img"
      aria-label={`${runs.length} collections over ${made} lists; the largest looked at ${most} objects. The table below has each.`}
    >
      <line x1="0" y1="130" x2="640" y2="130" stroke="var(--sl-color-gray-4)" />
      {runs.map(({ at, generation, looked }) => {
        const height = Math.max(2, (looked / most) * 115);
        return (
          <rect
            key={at}
            x={(at / end) * 632}
            y={130 - height}
            width={Math.max(2, Math.min(6, 500 / runs.length))}
            height={height}
            fill={TONES[generation]}
          />
        );
      })}
      <text x="0" y="146" font-size="12">
        0 lists
      </text>
      <text x="640" y="146" font-size="12" text-anchor="end">
        {made.toLocaleString("en")} lists
      </text>
      {runs.length > 0 && (
        <text x="0" y="11" font-size="12">
          {most.toLocaleString("en")} objects looked at
        </text>
      )}
    </svg>
  );
}
