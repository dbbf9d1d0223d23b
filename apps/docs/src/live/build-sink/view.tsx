/** The page's sink and counter at work, drawn with the page's own function. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Choice, Figures, LivePart } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import "../build-code/code.css";
import { bars } from "./draw.ts";
import { type Kind, kinds, SinkLab } from "./model.ts";

export function SinkPart(): JSX.Element {
  const [kind, setKind] = useState<Kind>("floats");
  const { model, act, reset } = useModel(() => new SinkLab());
  const { log, counts } = model;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return (
    <LivePart title="Counted, noted, drawn">
      <div class="live-row">
        <Choice label="20,000" value={kind} options={kinds} onChoose={setKind} />
        <button type="button" onClick={() => act((lab) => lab.make(kind, 20_000))}>
          make
        </button>
        <button type="button" onClick={() => act((lab) => lab.drop(100))}>
          drop all but each 100th
        </button>
        <button type="button" onClick={() => act((lab) => lab.drop(0))}>
          drop all
        </button>
        <button type="button" onClick={reset}>
          start again
        </button>
      </div>
      <Figures
        of={[
          ["live blocks", total],
          ["arenas now", log.arenas],
          ["arenas at the peak", log.peak],
          ["events", log.history.length],
        ]}
      />
      <div class="sink-bars" dangerouslySetInnerHTML={{ __html: bars(counts) }} />
      <p>
        {total === 0
          ? "No block lives."
          : `Most blocks are of ${largest(counts)}. Arenas after each event: ${log.history.slice(-24).join(" ") || "none so far"}.`}
      </p>
    </LivePart>
  );
}

function largest(counts: Uint32Array): string {
  const most = counts.indexOf(Math.max(...counts));
  return most === 32 ? "over 512 bytes" : `${16 * most + 1} to ${16 * (most + 1)} bytes`;
}
