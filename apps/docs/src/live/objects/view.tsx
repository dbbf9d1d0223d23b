/** One object: names come and go, the count follows, and its bytes are there to be read. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { BytesView } from "../shared/BytesView.tsx";
import { hexOf } from "../shared/heap-map.ts";
import { Choice, Figures, LivePart } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { type Kind, kinds, ObjectLab } from "./model.ts";

const VERSIONS = ["3.11", "3.12", "3.13", "3.14", "3.15"] as const;

export function ObjectBytesPart(): JSX.Element {
  const [python, setPython] = useState<(typeof VERSIONS)[number]>("3.13");
  const [kind, setKind] = useState<Kind>("[1, 2]");
  const { model, act, status, failed, reset } = useModel(
    () => new ObjectLab(python, kind),
    [python, kind],
  );
  const { base, bytes, fields, origin } = model.bytes();
  const names = model.names;
  const change = (say: string, action: (lab: ObjectLab) => void): void =>
    act((lab) => {
      const before = lab.refcount;
      action(lab);
      return lab.alive
        ? `${say} The count went from ${before.toLocaleString("en")} to ${lab.refcount.toLocaleString("en")}.`
        : `${say} The count fell to 0: the object is dead. Its bytes are still there, until someone else gets the block.`;
    });
  return (
    <LivePart title="An object in memory" status={status} failed={failed}>
      <div class="live-row">
        <Choice label="a =" value={kind} options={kinds} onChoose={setKind} />
        <Choice label="CPython" value={python} options={VERSIONS} onChoose={setPython} />
        <button
          type="button"
          disabled={!model.alive || names.length >= 8}
          onClick={() => change("Another name.", (lab) => void lab.bind())}
        >
          {"abcdefgh"[names.length] ?? "…"} = a
        </button>
        <button
          type="button"
          disabled={names.length === 0}
          onClick={() => change("A name less.", (lab) => lab.unbind())}
        >
          del {names.at(-1) ?? "…"}
        </button>
        <button
          type="button"
          disabled={!model.alive}
          onClick={() => change("The list box holds it.", (lab) => lab.box())}
        >
          box.append
        </button>
        <button
          type="button"
          disabled={model.boxed === 0}
          onClick={() => change("box is empty.", (lab) => lab.unbox())}
        >
          box.clear
        </button>
        <button type="button" onClick={reset}>
          start again
        </button>
      </div>
      <Figures
        of={[
          ["reference count", model.refcount],
          ["names", names.join(", ") || "none"],
          ["in box", model.boxed],
          ["id()", hexOf(model.address)],
          ["sys.getsizeof", model.sizeof],
          ["state", model.alive ? "alive" : "dead"],
        ]}
      />
      <BytesView
        label={`the object ${kind}`}
        base={base}
        bytes={bytes}
        fields={fields}
        origin={origin}
      />
    </LivePart>
  );
}
