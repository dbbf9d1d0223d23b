/** The frame of a live part: a title, what is in it, and one line that says what happened last. */
import type { ComponentChildren, JSX } from "preact";
import { grouped, type Language } from "../../i18n/texts.ts";
import { LanguageContext } from "./language.ts";
import "./live.css";

export interface LivePartProps {
  readonly title: string;
  /** What the components in it speak. */
  readonly language?: Language | undefined;
  readonly status?: string | undefined;
  readonly failed?: boolean;
  readonly children: ComponentChildren;
}

export function LivePart({
  title,
  language = "en",
  status,
  failed = false,
  children,
}: LivePartProps): JSX.Element {
  return (
    <section class="live not-content" aria-label={title} lang={language}>
      <p class="live-title">{title}</p>
      <LanguageContext.Provider value={language}>{children}</LanguageContext.Provider>
      {status !== undefined && (
        <p class={`live-status ${failed ? "live-error" : ""}`} role="status">
          {status}
        </p>
      )}
    </section>
  );
}

/**
 * A button that cannot always be used, and keeps the focus when it no longer can: one that is `disabled` would lose it, and
 * whoever works by keyboard their place.
 */
export function Action({
  disabled,
  label,
  onClick,
  children,
}: {
  readonly disabled: boolean;
  /** Its name, where what stands on it does not say enough. */
  readonly label?: string;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <button
      type="button"
      aria-disabled={disabled}
      aria-label={label}
      onClick={() => {
        if (!disabled) onClick();
      }}
    >
      {children}
    </button>
  );
}

/** Figures with their names; an id is for what looks for one, whatever the language. */
export function Figures({
  of,
}: {
  readonly of: readonly (readonly [name: string, value: string | number, id?: string])[];
}): JSX.Element {
  return (
    <dl class="live-figures">
      {of.map(([name, value, id]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd data-figure={id ?? name}>{typeof value === "number" ? grouped(value) : value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What the colours mean. */
export function Key({
  of,
}: {
  readonly of: readonly (readonly [colour: string, meaning: string])[];
}): JSX.Element {
  return (
    <ul class="live-key">
      {of.map(([colour, meaning]) => (
        <li key={meaning}>
          <span class="live-swatch" style={{ background: colour }} aria-hidden="true" />
          {meaning}
        </li>
      ))}
    </ul>
  );
}

/** A choice among a few. */
export function Choice<Value extends string>({
  label,
  value,
  options,
  onChoose,
}: {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (NoInfer<Value> | readonly [NoInfer<Value>, string])[];
  readonly onChoose: (value: NoInfer<Value>) => void;
}): JSX.Element {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value as Value)}>
        {options.map((option) => {
          const [name, text] = typeof option === "string" ? [option, option] : option;
          return (
            <option key={name} value={name}>
              {text}
            </option>
          );
        })}
      </select>
    </label>
  );
}

/** A whole number between two. */
export function NumberField({
  label,
  name,
  after,
  value,
  min,
  max,
  onChange,
}: {
  readonly label: string;
  /** What the field is called, where its label is a piece of code. */
  readonly name?: string;
  /** What stands behind the field: a unit, or the end of the sentence. */
  readonly after?: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  onChange(value: number): void;
}): JSX.Element {
  return (
    <label>
      {label}
      <input
        type="number"
        aria-label={name}
        value={value}
        min={min}
        max={max}
        onInput={(event) => {
          const number = Math.round(event.currentTarget.valueAsNumber);
          if (number >= min && number <= max) onChange(number);
        }}
      />
      {after}
    </label>
  );
}
