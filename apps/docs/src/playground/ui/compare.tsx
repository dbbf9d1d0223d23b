/** Two runs side by side: maps, footprints on one chart, figures with their differences. */

import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { ArenaMap, type ArenaMapHandle } from "./arena-map.tsx";
import {
  CHART_HEIGHT,
  LEAST_WIDTH,
  legendBytes,
  legendSeconds,
  MIB,
  themeColour,
  timeAndBytes,
} from "./chart-style.ts";
import { comparedFigures, differenceText, frameAtShare, type RunRecord } from "./run-record.ts";
import { filled, type Texts } from "./texts.ts";

export interface CompareProps {
  readonly texts: Texts;
  /** Oldest first. */
  readonly runs: readonly RunRecord[];
}

export function Compare({ texts, runs }: CompareProps): VNode {
  /** Ids of those that were chosen; else the last two. */
  const [chosen, setChosen] = useState<readonly [number?, number?]>([]);
  const [share, setShare] = useState(1);
  const find = (id: number | undefined): RunRecord | undefined => runs.find((run) => run.id === id);
  const second = find(chosen[1]) ?? runs.at(-1);
  const first = find(chosen[0]) ?? runs.filter((run) => run !== second).at(-1);
  if (second === undefined || first === undefined) {
    return (
      <section class="play-compare" aria-label={texts.runs}>
        <h3>{texts.runs}</h3>
        <p class="play-help">{texts.runsHelp}</p>
      </section>
    );
  }
  const choice = (which: 0 | 1, run: RunRecord): VNode => (
    <label>
      {which === 0 ? "A" : "B"}{" "}
      <select
        value={run.id}
        onChange={(event) => {
          const id = Number(event.currentTarget.value);
          setChosen(which === 0 ? [id, second.id] : [first.id, id]);
        }}
      >
        {runs.map(({ id, label }) => (
          <option key={id} value={id}>{`${id}: ${label}`}</option>
        ))}
      </select>
    </label>
  );
  return (
    <section class="play-compare" aria-label={texts.runs} data-runs={runs.length}>
      <h3>{texts.runs}</h3>
      {first.program !== second.program && <p class="play-note">{texts.otherProgram}</p>}
      <label class="play-share">
        {texts.compareAt}{" "}
        <input
          type="range"
          min={0}
          max={100}
          value={share * 100}
          aria-valuetext={filled(texts.compareShare, { share: Math.round(share * 100) })}
          onInput={(event) => setShare(Number(event.currentTarget.value) / 100)}
        />{" "}
        <output>{filled(texts.compareShare, { share: Math.round(share * 100) })}</output>
      </label>
      <div class="play-columns">
        <div>
          {choice(0, first)}
          <RunMap texts={texts} run={first} share={share} />
        </div>
        <div>
          {choice(1, second)}
          <RunMap texts={texts} run={second} share={share} />
        </div>
      </div>
      <CompareChart texts={texts} first={first} second={second} />
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col">{`A: ${first.label}`}</th>
            <th scope="col">{`B: ${second.label}`}</th>
            <th scope="col">{texts.difference}</th>
          </tr>
        </thead>
        <tbody>
          {comparedFigures.map((figure) => (
            <tr
              key={figure.name}
              data-compared={figure.name}
              data-a={figure.of(first)}
              data-b={figure.of(second)}
            >
              <th scope="row">{texts[figure.name]}</th>
              <td>{figure.text(figure.of(first))}</td>
              <td>{figure.text(figure.of(second))}</td>
              <td>{differenceText(figure, first, second)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function RunMap({
  texts,
  run,
  share,
}: {
  readonly texts: Texts;
  readonly run: RunRecord;
  readonly share: number;
}): VNode {
  const map = useRef<ArenaMapHandle | undefined>(undefined);
  const frame = frameAtShare(run, share);
  useEffect(() => map.current?.draw(frame), [frame]);
  return <ArenaMap texts={texts} handle={map} />;
}

function CompareChart({
  texts,
  first,
  second,
}: {
  readonly texts: Texts;
  readonly first: RunRecord;
  readonly second: RunRecord;
}): VNode {
  const parent = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const element = parent.current!;
    const width = (): number => Math.max(LEAST_WIDTH, element.clientWidth);
    const series = (label: string, colour: string, dash: number[]): uPlot.Series => ({
      label,
      stroke: themeColour(colour),
      width: 2,
      value: legendBytes,
      spanGaps: true,
      dash,
    });
    const plot = new uPlot(
      {
        width: width(),
        height: CHART_HEIGHT,
        scales: { x: { time: false } },
        axes: timeAndBytes,
        series: [
          { label: texts.time, value: legendSeconds },
          series(`A: ${texts.heap}`, "--live", []),
          series(`A: ${texts.footprint}`, "--root", []),
          series(`B: ${texts.heap}`, "--live", [6, 4]),
          series(`B: ${texts.footprint}`, "--root", [6, 4]),
        ],
      },
      [[], [], [], [], []],
      element,
    );
    chart.current = plot;
    const resize = new ResizeObserver(() => plot.setSize({ width: width(), height: CHART_HEIGHT }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
  }, []);
  useEffect(() => {
    const data = ({ frames }: RunRecord): uPlot.AlignedData => [
      frames.map((frame) => frame.get("time") / 1000),
      frames.map((frame) => frame.get("heapBytes") / MIB),
      frames.map((frame) => frame.get("arenaBytes") / MIB),
    ];
    chart.current?.setData(uPlot.join([data(first), data(second)]));
  }, [first, second]);
  return <div class="play-chart" ref={parent} />;
}
