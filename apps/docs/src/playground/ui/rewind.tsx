/** Going back to the moments of a run. */
import type { VNode } from "preact";
import type { RunStore } from "./run-store.ts";
import { momentText } from "./states.ts";
import type { Texts } from "./texts.ts";

export function Rewind({
  texts,
  store,
}: {
  readonly texts: Texts;
  readonly store: RunStore;
}): VNode {
  const { moments, past } = store;
  const last = Math.max(0, moments.length - 1);
  const index = past === undefined ? last : moments.indexOf(past.id);
  // The newest moment is what is there now.
  const go = (to: number): void => store.rewind(to >= last ? undefined : moments.at(to)?.id);
  const { clock, at } = past ?? {};
  return (
    <div class="play-rewind" data-moment={past?.id ?? ""} data-moments={moments.length}>
      <label>
        {texts.rewind}{" "}
        <input
          type="range"
          min={0}
          max={last}
          value={index}
          disabled={moments.length < 2}
          aria-valuetext={past === undefined ? texts.now : momentText(texts, past)}
          onInput={(event) => go(Number(event.currentTarget.value))}
        />
      </label>
      <button
        type="button"
        aria-label={texts.earlier}
        title={texts.earlier}
        disabled={index < 1}
        onClick={() => go(index - 1)}
      >
        ◀
      </button>
      <button
        type="button"
        aria-label={texts.later}
        title={texts.later}
        disabled={past === undefined || index >= last}
        onClick={() => go(index + 1)}
      >
        ▶
      </button>
      <button type="button" disabled={past === undefined} onClick={() => store.rewind(undefined)}>
        {texts.toNow}
      </button>
      <output>{past === undefined ? texts.now : momentText(texts, past)}</output>
      {past !== undefined && clock !== undefined && at !== undefined && (
        <p>
          {at !== "start" && at !== "end" && clock.lines > 0 && (
            <button
              type="button"
              disabled={!store.canRunAgainTo(past)}
              title={store.canRunAgainTo(past) ? texts.againHelp : texts.cannotRunAgain}
              onClick={() => void store.again(clock, at)}
            >
              {texts.again}
            </button>
          )}{" "}
          <span class="play-help">{past.kept ? texts.rewoundKept : texts.rewoundPicture}</span>
        </p>
      )}
    </div>
  );
}
