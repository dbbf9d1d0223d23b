/** The last runs side by side: the same program with another allocator, collector or Python. */
import type { VNode } from "preact";
import type { Frame } from "../frame.ts";
import type { Texts } from "./texts.ts";
import { bytesText, countText } from "./units.ts";

/** What is kept of a run. */
export interface RunSummary {
  readonly label: string;
  readonly milliseconds: number;
  readonly peakArenaBytes: number;
  readonly peakLiveBytes: number;
  readonly requests: number;
  readonly failed: number;
  readonly collections: number;
  readonly pause: number;
}

export function summaryOf(label: string, frame: Frame, milliseconds: number): RunSummary {
  return {
    label,
    milliseconds,
    peakArenaBytes: frame.get("peakArenaBytes"),
    peakLiveBytes: frame.get("peakLiveBytes"),
    requests: frame.get("mallocs") + frame.get("callocs"),
    failed: frame.get("failed"),
    collections: frame.get("collections"),
    pause: frame.get("totalPause"),
  };
}

export function RunsTable({
  texts,
  runs,
}: {
  readonly texts: Texts;
  readonly runs: readonly RunSummary[];
}): VNode {
  const rows: readonly [string, (run: RunSummary) => string][] = [
    [texts.time, (run) => `${(run.milliseconds / 1000).toFixed(2)} s`],
    [texts.peakFootprint, (run) => bytesText(run.peakArenaBytes)],
    [texts.peakLive, (run) => bytesText(run.peakLiveBytes)],
    [texts.requests, (run) => countText(run.requests)],
    [texts.failed, (run) => countText(run.failed)],
    [texts.collections, (run) => countText(run.collections)],
    [texts.pauses, (run) => run.pause.toFixed(1)],
  ];
  return (
    <section aria-label={texts.runs} class="play-runs">
      <h3>{texts.runs}</h3>
      {runs.length > 0 && (
        <table>
          <thead>
            <tr>
              <td />
              {runs.map(({ label }, index) => (
                <th scope="col" key={index}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, text]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {runs.map((run, index) => (
                  <td key={index}>{text(run)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
