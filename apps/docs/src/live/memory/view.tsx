/** The whole memory as a bar, from address 0 to its end. */
import type { JSX } from "preact";
import { grouped, type PartProps } from "../../i18n/texts.ts";
import { hexOf } from "../shared/heap-map.ts";
import { Figures, Key, LivePart } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { MemoryLab, type RegionName, regionNames } from "./model.ts";
import { texts } from "./texts.ts";

const TONES: Readonly<Record<RegionName, string>> = {
  header: "#8a8a8a",
  "static data": "#e69f00",
  "data stack": "#cc79a7",
  "object heap": "#0072b2",
  "raw blocks": "#009e73",
  free: "transparent",
};

export function MemoryLayout({ language = "en" }: PartProps): JSX.Element {
  const t = texts[language];
  const { model, act, status, failed, reset } = useModel(() => new MemoryLab());
  const stretches = model.stretches();
  const kinds = model.kinds();
  return (
    <LivePart title={t.title} language={language} status={status} failed={failed}>
      <div class="live-row">
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.call(100);
              return t.called(lab.depth);
            })
          }
        >
          {t.call}
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.unwind();
              return t.unwound;
            })
          }
        >
          {t.unwind}
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.makeSmall(20_000);
              return t.smallMade;
            })
          }
        >
          {t.small}
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.makeLarge(500_000);
              return t.largeMade;
            })
          }
        >
          {t.large}
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.drop();
              return t.dropped;
            })
          }
        >
          {t.drop}
        </button>
        <button type="button" onClick={reset}>
          {t.reset}
        </button>
      </div>
      <div
        class="bar"
        role="img"
        aria-label={t.bar(
          model.bytes,
          kinds.map(({ name, bytes }) => [t.regions[name], bytes] as const),
        )}
      >
        {stretches.map(({ name, base, bytes }) => (
          <span
            key={base}
            title={t.stretch(t.regions[name], hexOf(base), bytes)}
            style={{ width: `${(100 * bytes) / model.bytes}%`, background: TONES[name] }}
          />
        ))}
      </div>
      <Key of={regionNames.map((name) => [TONES[name], t.regions[name]] as const)} />
      <Figures
        of={[
          [t.memory, model.bytes, "memory"],
          [t.frames, model.depth, "frames"],
          [t.objects, model.objects, "objects kept"],
        ]}
      />
      <table>
        <thead>
          <tr>
            {t.columns.map((column) => (
              <th key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {kinds.map(({ name, bytes, used }) => (
            <tr key={name} data-region={name}>
              <td>{t.regions[name]}</td>
              <td>{grouped(bytes)}</td>
              <td>{grouped(used)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </LivePart>
  );
}
