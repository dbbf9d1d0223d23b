/** One object: names come and go, the count follows, and its bytes are there to be read. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { PartProps } from "../../i18n/texts.ts";
import { BytesView } from "../shared/BytesView.tsx";
import { hexOf } from "../shared/heap-map.ts";
import { Action, Choice, Figures, LivePart } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { type Kind, kinds, ObjectLab } from "./model.ts";
import { type Deed, texts } from "./texts.ts";

const VERSIONS = ["3.11", "3.12", "3.13", "3.14", "3.15"] as const;

export function ObjectBytesPart({ language = "en" }: PartProps): JSX.Element {
  const t = texts[language];
  const [python, setPython] = useState<(typeof VERSIONS)[number]>("3.13");
  const [kind, setKind] = useState<Kind>("[1, 2]");
  const { model, act, status, failed, reset } = useModel(
    () => new ObjectLab(python, kind),
    [python, kind],
  );
  const { base, bytes, fields, origin } = model.bytes();
  const names = model.names;
  const change = (deed: Deed, action: (lab: ObjectLab) => void): void =>
    act((lab) => {
      const before = lab.refcount;
      action(lab);
      return lab.alive ? t.changed(deed, before, lab.refcount) : t.died(deed);
    });
  return (
    <LivePart title={t.title} language={language} status={status} failed={failed}>
      <div class="live-row">
        <Choice label="a =" value={kind} options={kinds} onChoose={setKind} />
        <Choice label="CPython" value={python} options={VERSIONS} onChoose={setPython} />
        <Action
          disabled={!model.alive || names.length >= 8}
          onClick={() => change("bind", (lab) => void lab.bind())}
        >
          {"abcdefgh"[names.length] ?? "…"} = a
        </Action>
        <Action
          disabled={names.length === 0}
          onClick={() => change("unbind", (lab) => lab.unbind())}
        >
          del {names.at(-1) ?? "…"}
        </Action>
        <Action disabled={!model.alive} onClick={() => change("box", (lab) => lab.box())}>
          box.append
        </Action>
        <Action disabled={model.boxed === 0} onClick={() => change("unbox", (lab) => lab.unbox())}>
          box.clear
        </Action>
        <button type="button" onClick={reset}>
          {t.reset}
        </button>
      </div>
      <Figures
        of={[
          [t.refcount, model.refcount, "reference count"],
          [t.names, names.join(", ") || t.none, "names"],
          [t.boxed, model.boxed, "in box"],
          ["id()", hexOf(model.address)],
          ["sys.getsizeof", model.sizeof],
          [t.state, model.alive ? t.alive : t.dead, "state"],
        ]}
      />
      <BytesView
        label={t.bytes(kind)}
        base={base}
        bytes={bytes}
        fields={fields.map((field) => ({
          ...field,
          help:
            typeof field.meaning === "string"
              ? t.meanings[field.meaning]
              : t.type(field.meaning.type),
        }))}
        origin={origin}
      />
    </LivePart>
  );
}
