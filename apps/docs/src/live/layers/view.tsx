/** One request, and the layers that it passes on its way. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { PartProps } from "../../i18n/texts.ts";
import { Figures, LivePart, NumberField } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { RequestLab, type Stop, type Way } from "./model.ts";
import { texts } from "./texts.ts";

/** Sizes that are worth a try: an int, a list with its head, the threshold, one byte more. */
const EXAMPLES = [28, 64, 512, 513] as const;

export function Layers({ language = "en" }: PartProps): JSX.Element {
  const t = texts[language];
  const [size, setSize] = useState(28);
  const [way, setWay] = useState<Way | undefined>();
  const { model, act, status, failed } = useModel(() => new RequestLab());
  const totals = model.lab.totals();
  const ask = (bytes: number): void => {
    setSize(bytes);
    act((lab) => setWay(lab.request(bytes)));
  };
  return (
    <LivePart title={t.title} language={language} status={status} failed={failed}>
      <div class="live-row">
        <NumberField
          label={t.ask}
          after={t.unit}
          value={size}
          min={0}
          max={100_000}
          onChange={setSize}
        />
        <button type="button" onClick={() => ask(size)}>
          malloc
        </button>
        {EXAMPLES.map((bytes, n) => (
          <button type="button" key={bytes} onClick={() => ask(bytes)}>
            {t.example(t.examples[n]!, bytes)}
          </button>
        ))}
      </div>
      <ol class="log" aria-label={t.label} aria-live="polite">
        {way === undefined && <li>{t.none}</li>}
        {(way?.stops ?? []).map((stop) => (
          <li key={stop.layer}>
            <strong>{t.layers[stop.layer]}</strong>
            {t.colon}
            {says(stop, t)}
          </li>
        ))}
      </ol>
      <Figures
        of={[
          [t.servedBy, way?.servedBy ?? "–", "served by"],
          [t.blockBytes, way?.blockBytes ?? "–", "bytes the block takes"],
          [t.pools, totals.pools, "pools in use"],
          [t.arenas, totals.arenas, "arenas"],
          [t.rawBlocks, totals.rawBlocks, "raw blocks"],
        ]}
      />
    </LivePart>
  );
}

/** What the layer has to say: its text takes what the stop has. */
function says(stop: Stop, t: (typeof texts)["en"]): string {
  return (t.says[stop.what] as (stop: Stop) => string)(stop);
}
