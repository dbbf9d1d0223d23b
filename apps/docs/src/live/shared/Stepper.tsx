/** Walks through numbered steps: buttons, a slider, and what the step does in words that are read out. */
import type { JSX } from "preact";
import { Action } from "./LivePart.tsx";
import { useTexts } from "./language.ts";
import { stepper } from "./texts.ts";

export interface StepperProps {
  readonly label: string;
  /** The step that is shown, from 0. */
  readonly step: number;
  readonly count: number;
  /** What the step does. */
  readonly text: string;
  onStep(step: number): void;
}

export function Stepper({ label, step, count, text, onStep }: StepperProps): JSX.Element {
  const texts = useTexts(stepper);
  const last = count - 1;
  return (
    <div class="live-stack">
      <fieldset class="live-row" aria-label={label}>
        <Action disabled={step === 0} onClick={() => onStep(0)}>
          {texts.first}
        </Action>
        <Action disabled={step === 0} onClick={() => onStep(step - 1)}>
          {texts.back}
        </Action>
        <Action disabled={step >= last} onClick={() => onStep(step + 1)}>
          {texts.next}
        </Action>
        <Action disabled={step >= last} onClick={() => onStep(last)}>
          {texts.last}
        </Action>
        <input
          type="range"
          min={0}
          max={last}
          value={step}
          aria-label={texts.slider(label)}
          aria-valuetext={texts.step(step + 1, count)}
          onInput={(event) => onStep(event.currentTarget.valueAsNumber)}
        />
        <span>
          {step + 1} / {count}
        </span>
      </fieldset>
      <p class="live-status" role="status">
        {text}
      </p>
    </div>
  );
}
