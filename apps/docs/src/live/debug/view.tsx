/** A fenced block: write into it, or past it, and give it back. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { BytesView } from "../shared/BytesView.tsx";
import { Figures, LivePart, NumberField } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { DebugLab } from "./model.ts";

export function DebugHooksPart(): JSX.Element {
  const [text, setText] = useState("0123456789");
  const [offset, setOffset] = useState(-1);
  const [report, setReport] = useState("");
  const { model, act, status, failed, reset } = useModel(() => new DebugLab(10));
  const { base, bytes, fields } = model.bytes();
  return (
    <LivePart title="malloc(10), in debug hooks" status={status} failed={failed}>
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
        <button
          type="button"
          disabled={model.freed}
          onClick={() =>
            act((lab) => {
              lab.writeText(text);
              return `${text.length + 1} bytes written, the 0 at the end included.`;
            })
          }
        >
          write
        </button>
        <NumberField label="p[" value={offset} min={-16} max={17} onChange={setOffset} />
        <button
          type="button"
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
              return said === undefined
                ? "free(p): all fences stand."
                : "free(p): CPython would print this, and abort.";
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
          start again
        </button>
      </div>
      <Figures
        of={[
          ["asked for", model.size],
          ["with fences", model.size + model.layout.extra],
          ["block of pymalloc", model.blockBytes],
          ["state", model.freed ? "freed" : "live"],
        ]}
      />
      <BytesView
        label="the block and its fences"
        base={base}
        bytes={bytes}
        fields={fields}
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
