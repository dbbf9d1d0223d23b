/** Which objects are one and the same, and which come back. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { PartProps } from "../../i18n/texts.ts";
import { hexOf } from "../shared/heap-map.ts";
import { Choice, Figures, LivePart, NumberField } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { Scroll } from "../shared/Scroll.tsx";
import { FreeListLab, type Recyclable, recyclable, sameInts, sameStrs } from "./model.ts";
import { freeLists, same as sameTexts } from "./texts.ts";

const VERSIONS = ["3.11", "3.12", "3.13", "3.14", "3.15"] as const;

export function Same({ language = "en" }: PartProps): JSX.Element {
  const t = sameTexts[language];
  const [python, setPython] = useState<(typeof VERSIONS)[number]>("3.13");
  const [number, setNumber] = useState(256);
  const [text, setText] = useState("hello");
  const ints = useMemo(() => sameInts(number, python), [number, python]);
  const plain = useMemo(() => sameStrs(text, false, python), [text, python]);
  const interned = useMemo(() => sameStrs(text, true, python), [text, python]);
  return (
    <LivePart title={t.title} language={language}>
      <div class="live-row">
        <NumberField
          label={t.ints}
          value={number}
          min={-100_000}
          max={1_000_000}
          onChange={setNumber}
        />
        <label>
          {t.strs}
          <input
            value={text}
            size={12}
            maxLength={40}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <Choice label="CPython" value={python} options={VERSIONS} onChoose={setPython} />
      </div>
      <div aria-live="polite">
        <Scroll label={t.results}>
          <table>
            <thead>
              <tr>
                {t.columns.map((column) => (
                  <th key={column}>{column}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {(
                [
                  [`int ${number}`, ints],
                  [`str '${text}'`, plain],
                  [`sys.intern('${text}')`, interned],
                ] as const
              ).map(([what, { first, second, same }]) => (
                <tr key={what}>
                  <td>{what}</td>
                  <td>{hexOf(first)}</td>
                  <td>{hexOf(second)}</td>
                  <td>{same ? "True" : "False"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </div>
    </LivePart>
  );
}

export function FreeLists({ language = "en" }: PartProps): JSX.Element {
  const t = freeLists[language];
  const [python, setPython] = useState<(typeof VERSIONS)[number]>("3.13");
  const [kind, setKind] = useState<Recyclable>("list");
  const { model, act, status, failed } = useModel(() => new FreeListLab(python), [python]);
  const kept = model.kept();
  return (
    <LivePart title={t.title} language={language} status={status} failed={failed}>
      <div class="live-row">
        <Choice
          label={t.type}
          value={kind}
          options={recyclable.map((name) => [name, t.kinds[name]] as const)}
          onChoose={setKind}
        />
        <button type="button" onClick={() => act((lab) => t.made(lab.make(kind, 100)))}>
          {t.make}
        </button>
        <button type="button" onClick={() => act((lab) => t.dropped(lab.drop()))}>
          {t.drop}
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.collect();
              return t.collected;
            })
          }
        >
          gc.collect()
        </button>
        <Choice label="CPython" value={python} options={VERSIONS} onChoose={setPython} />
      </div>
      <Figures
        of={[
          [t.live, model.live, "alive"],
          ...kept.map(({ name, free, bytes }) => [t.kept(name, bytes), free, name] as const),
        ]}
      />
    </LivePart>
  );
}
