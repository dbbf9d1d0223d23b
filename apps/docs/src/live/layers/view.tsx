/** One request, and the layers that it passes on its way. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Figures, LivePart, NumberField } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { RequestLab, type Way } from "./model.ts";

export function Layers(): JSX.Element {
  const [size, setSize] = useState(28);
  const [way, setWay] = useState<Way | undefined>();
  const { model, act, status, failed } = useModel(() => new RequestLab());
  const totals = model.lab.totals();
  const ask = (bytes: number): void => {
    setSize(bytes);
    act((lab) => setWay(lab.request(bytes)));
  };
  return (
    <LivePart title="The way of a request" status={status} failed={failed}>
      <div class="live-row">
        <NumberField label="ask for" value={size} min={0} max={100_000} onChange={setSize} />
        bytes
        <button type="button" onClick={() => ask(size)}>
          malloc
        </button>
        {(
          [
            [28, "an int"],
            [64, "a list and its head"],
            [512, "the most"],
            [513, "one more"],
          ] as const
        ).map(([bytes, what]) => (
          <button type="button" key={what} onClick={() => ask(bytes)}>
            {what}: {bytes}
          </button>
        ))}
      </div>
      <ol class="log" aria-label="Layers, from the top" aria-live="polite">
        {way === undefined && <li>No request so far.</li>}
        {(way?.stops ?? []).map(({ layer, says }) => (
          <li key={layer}>
            <strong>{layer}</strong>: {says}
          </li>
        ))}
      </ol>
      <Figures
        of={[
          ["served by", way?.servedBy ?? "–"],
          ["bytes the block takes", way?.blockBytes ?? "–"],
          ["pools in use", totals.pools],
          ["arenas", totals.arenas],
          ["raw blocks", totals.rawBlocks],
        ]}
      />
    </LivePart>
  );
}
