/** The buttons above the editor. */
import type { VNode } from "preact";
import type { Example } from "./examples.ts";
import { examples } from "./examples.ts";
import type { RunStore } from "./run-store.ts";
import type { Texts } from "./texts.ts";

export interface ToolbarProps {
  readonly texts: Texts;
  readonly store: RunStore;
  readonly tab: "python" | "typescript";
  /** Whether lines are followed. */
  readonly lines: boolean;
  onRun(): void;
  onShare(): void;
  onExample(example: Example): void;
}

export function Toolbar(props: ToolbarProps): VNode {
  const { texts, store, tab } = props;
  return (
    <div class="play-bar" role="toolbar" aria-label={texts.editor}>
      <button type="button" class="play-run" onClick={props.onRun} disabled={store.busy}>
        {texts.run}
      </button>
      <button type="button" onClick={() => store.playground.stop()} disabled={!store.busy}>
        {texts.stop}
      </button>
      {store.reach !== "none" && <Steps {...props} />}
      <button type="button" onClick={() => store.reset()}>
        {texts.reset}
      </button>
      <button type="button" onClick={props.onShare}>
        {texts.share}
      </button>
      <label hidden={tab !== "python"}>
        {texts.example}{" "}
        <select
          value=""
          onChange={(event) => {
            const chosen = examples.find(({ name }) => name === event.currentTarget.value);
            if (chosen !== undefined) props.onExample(chosen);
            event.currentTarget.value = "";
          }}
        >
          <option value="">{texts.chooseExample}</option>
          {examples.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** What can be done with a program that is on its way. */
function Steps({ texts, store, tab, lines }: ToolbarProps): VNode {
  const { phase, reach, lineBefore } = store;
  return (
    <>
      {phase === "paused" ? (
        <button type="button" onClick={() => store.resume()}>
          {texts.resume}
        </button>
      ) : (
        <button
          type="button"
          onClick={() => store.playground.pause()}
          disabled={phase !== "running"}
        >
          {texts.pause}
        </button>
      )}
      {tab === "python" && (
        <>
          <button
            type="button"
            onClick={() => {
              if (lineBefore !== undefined) void store.again(lineBefore, "line");
            }}
            disabled={lineBefore === undefined}
            title={texts.againHelp}
          >
            {texts.stepBack}
          </button>
          <button
            type="button"
            onClick={() => store.step("line")}
            disabled={phase !== "paused" || !lines}
          >
            {texts.stepLine}
          </button>
        </>
      )}
      <button
        type="button"
        onClick={() => store.step("allocation")}
        disabled={phase !== "paused" || reach !== "shared"}
        title={reach === "shared" ? undefined : texts.noAllocationStep}
      >
        {texts.stepAllocation}
      </button>
    </>
  );
}
