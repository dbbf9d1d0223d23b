/** Edit a document, undo, redo; save the heap, and open it again. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Action, Figures, LivePart } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import "../build-code/code.css";
import { HistoryLab } from "./model.ts";

export function HistoryPart(): JSX.Element {
  const { model, act, status, failed } = useModel(() => new HistoryLab());
  const [text, setText] = useState("Call me whatever you like.");
  const [paragraph, setParagraph] = useState(0);
  const [image, setImage] = useState<Uint8Array<ArrayBuffer> | undefined>();
  const file = useRef<HTMLInputElement>(null);
  const { history } = model;
  const [past, future] = history.counts;
  const { copies, shared } = model.bytes();

  function download(bytes: Uint8Array<ArrayBuffer>): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes]));
    link.download = "history.image";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  return (
    <LivePart title="A document that forgets nothing" status={status} failed={failed}>
      <ol class="log" aria-label="The document">
        {history.paragraphs.map((one, n) => (
          <li key={n}>{one}</li>
        ))}
      </ol>
      <div class="live-row">
        <label>
          paragraph
          <select
            value={paragraph}
            onChange={(event) => setParagraph(Number(event.currentTarget.value))}
          >
            {history.paragraphs.map((_, n) => (
              <option key={n} value={n}>
                {n + 1}
              </option>
            ))}
          </select>
        </label>
        <label>
          becomes
          <input value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.history.edit(paragraph, text);
              return `A new version: two new objects, the text and the tuple.`;
            })
          }
        >
          edit
        </button>
        <Action disabled={past === 0} onClick={() => act((lab) => void lab.history.undo())}>
          undo
        </Action>
        <Action disabled={future === 0} onClick={() => act((lab) => void lab.history.redo())}>
          redo
        </Action>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              for (let n = 0; n < 100; n++) lab.history.edit(n % 3, `Edit ${n + 1} says this.`);
              return "100 versions more.";
            })
          }
        >
          100 edits
        </button>
      </div>
      <Figures
        of={[
          ["versions before", past],
          ["versions after", future],
          ["bytes, were they copies", copies],
          ["bytes, shared", shared],
        ]}
      />
      <div class="live-row">
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              const bytes = lab.save();
              setImage(bytes);
              return `The heap is ${bytes.length.toLocaleString("en")} bytes. Go on editing; then open them again.`;
            })
          }
        >
          save the heap
        </button>
        <Action
          disabled={image === undefined}
          onClick={() =>
            act((lab) => {
              lab.open(image!);
              const [before] = lab.history.counts;
              return `Opened in a new heap: ${before} versions before this one.`;
            })
          }
        >
          open what was saved
        </Action>
        <Action disabled={image === undefined} onClick={() => download(image!)}>
          download it
        </Action>
        <button type="button" onClick={() => file.current!.click()}>
          open a file
        </button>
        <input
          ref={file}
          type="file"
          hidden
          aria-label="An image of a heap"
          onChange={async (event) => {
            const chosen = event.currentTarget.files?.[0];
            if (chosen === undefined) return;
            const bytes = new Uint8Array(await chosen.arrayBuffer());
            act((lab) => {
              lab.open(bytes);
              setImage(bytes);
              return `Opened ${chosen.name}: ${lab.history.counts[0]} versions before this one.`;
            });
          }}
        />
      </div>
    </LivePart>
  );
}
