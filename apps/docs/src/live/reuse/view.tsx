/** Which objects are one and the same, and which come back. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { hexOf } from "../shared/heap-map.ts";
import { Choice, Figures, LivePart, NumberField } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { FreeListLab, type Recyclable, recyclable, sameInts, sameStrs } from "./model.ts";

const VERSIONS = ["3.11", "3.12", "3.13", "3.14", "3.15"] as const;

export function Same(): JSX.Element {
  const [python, setPython] = useState<(typeof VERSIONS)[number]>("3.13");
  const [number, setNumber] = useState(256);
  const [text, setText] = useState("hello");
  const ints = useMemo(() => sameInts(number, python), [number, python]);
  const plain = useMemo(() => sameStrs(text, false, python), [text, python]);
  const interned = useMemo(() => sameStrs(text, true, python), [text, python]);
  return (
    <LivePart title="Are they one object?">
      <div class="live-row">
        <NumberField
          label="two ints"
          value={number}
          min={-100_000}
          max={1_000_000}
          onChange={setNumber}
        />
        <label>
          two strs
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
        <section class="scroll" aria-label="Results">
          <table>
            <thead>
              <tr>
                <th>made twice, at run time</th>
                <th>id of the first</th>
                <th>id of the second</th>
                <th>a is b</th>
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
        </section>
      </div>
    </LivePart>
  );
}

export function FreeLists(): JSX.Element {
  const [python, setPython] = useState<(typeof VERSIONS)[number]>("3.13");
  const [kind, setKind] = useState<Recyclable>("list");
  const { model, act, status, failed } = useModel(() => new FreeListLab(python), [python]);
  const kept = model.kept();
  return (
    <LivePart title="Objects that wait for the next" status={status} failed={failed}>
      <div class="live-row">
        <Choice label="type" value={kind} options={recyclable} onChoose={setKind} />
        <button
          type="button"
          onClick={() =>
            act((lab) => `100 made; ${lab.make(kind, 100)} of them lie where one died before.`)
          }
        >
          make 100
        </button>
        <button type="button" onClick={() => act((lab) => `${lab.drop()} dropped.`)}>
          drop all
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.collect();
              return "A full collection empties the free lists.";
            })
          }
        >
          gc.collect()
        </button>
        <Choice label="CPython" value={python} options={VERSIONS} onChoose={setPython} />
      </div>
      <Figures
        of={[
          ["alive", model.live],
          ...kept.map(({ name, free, bytes }) => [`${name}, ${bytes} bytes each`, free] as const),
        ]}
      />
    </LivePart>
  );
}
