/** A fenced block: write into it, or past it, and give it back. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { PartProps } from "../../i18n/texts.ts";
import { BytesView } from "../shared/BytesView.tsx";
import { Action, Figures, LivePart, NumberField } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { DebugLab } from "./model.ts";
import { texts } from "./texts.ts";

export function DebugHooksPart({ language = "en" }: PartProps): JSX.Element {
  const t = texts[language];
  const [text, setText] = useState("0123456789");
  const [offset, setOffset] = useState(-1);
  const [report, setReport] = useState("");
  const { model, act, status, failed, reset } = useModel(() => new DebugLab(10));
  const { base, bytes, fields } = model.bytes();
  return (
    <LivePart title={t.title} language={language} status={status} failed={failed}>
      <div class="live-row">
        <label>
          strcpy(p, "
          <input
            value={text}
            size={14}
            maxLength={16}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          ")
        </label>
        <Action disabled={model.freed} onClick={() => act((lab) => t.written(lab.writeText(text)))}>
          {t.write}
        </Action>
        <NumberField
          label="p["
          name={`p[ ]: ${t.offset}`}
          value={offset}
          min={-16}
          max={17}
          onChange={setOffset}
        />
        <button
          type="button"
          aria-label={`p[${offset}] = 0x2a`}
          onClick={() =>
            act((lab) => {
              lab.write(offset, 0x2a);
              return `p[${offset}] = 0x2a`;
            })
          }
        >
          ] = 0x2a
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              const said = lab.free();
              setReport(said ?? "");
              return said === undefined ? t.stands : t.broken;
            })
          }
        >
          free(p)
        </button>
        <button
          type="button"
          onClick={() => {
            setReport("");
            reset();
          }}
        >
          {t.reset}
        </button>
      </div>
      <Figures
        of={[
          [t.asked, model.size, "asked for"],
          [t.fenced, model.size + model.layout.extra, "with fences"],
          [t.block, model.blockBytes, "block of pymalloc"],
          [t.state, model.freed ? t.freed : t.live, "state"],
        ]}
      />
      <BytesView
        label={t.bytes}
        base={base}
        bytes={bytes}
        fields={fields.map((field) => {
          const [name, help] = t.fields[field.name];
          return { ...field, name, help };
        })}
        origin={16}
      />
      {report !== "" && (
        <pre class="text" data-report>
          {report}
        </pre>
      )}
    </LivePart>
  );
}
