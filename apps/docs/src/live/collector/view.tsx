/** Edit a graph of lists, walk through a collection of it, then let the real collector run. */
import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PartProps } from "../../i18n/texts.ts";
import { GraphView } from "../shared/GraphView.tsx";
import { Action, Choice, Key, LivePart } from "../shared/LivePart.tsx";
import { useTexts } from "../shared/language.ts";
import { useModel } from "../shared/model.ts";
import { Stepper } from "../shared/Stepper.tsx";
import { CollectorLab, scenes } from "./model.ts";
import type { Step } from "./passes.ts";
import { texts } from "./texts.ts";

export function Collector({ language = "en" }: PartProps): JSX.Element {
  const t = texts[language];
  const [scene, setScene] = useState(0);
  const [chosen, setPicked] = useState<string | undefined>();
  const [step, setStep] = useState(0);
  const [edits, setEdits] = useState(0);
  const { model, act, status, failed, reset } = useModel(
    () => new CollectorLab(scenes[scene]),
    [scene],
  );
  const steps = useMemo(() => model.steps(), [model, edits]);
  const now = steps[Math.min(step, steps.length - 1)]!;
  const candidates = model.candidates();
  const names = model.names.sort();
  /** What is picked may have died since. */
  const picked = chosen !== undefined && names.includes(chosen) ? chosen : undefined;

  // The button or the node that was pressed may be gone: whoever works by keyboard goes on where nodes are made.
  const newObject = useRef<HTMLButtonElement>(null);
  const graph = useRef<HTMLDivElement>(null);
  const editing = useRef(false);
  useLayoutEffect(() => {
    if (editing.current && document.activeElement === document.body) newObject.current?.focus();
    editing.current = false;
  });
  const change = (action: (lab: CollectorLab) => string): void => {
    editing.current = true;
    act(action);
    setStep(0);
    setEdits((n) => n + 1);
  };
  const begin = (action: () => void): void => {
    setPicked(undefined);
    setStep(0);
    action();
  };

  const edges = new Map<string, { from: string; to: string; count: number }>();
  for (const { id, referents } of candidates) {
    for (const to of referents) {
      const edge = edges.get(id + to);
      if (edge === undefined) edges.set(id + to, { from: id, to, count: 1 });
      else edge.count++;
    }
  }
  const nodes = [...candidates]
    .sort((a, b) => a.id.localeCompare(b.id))
    .map(({ id, refcount }) => {
      const working = now.refs.get(id);
      const state = now.unreachable.includes(id)
        ? ("unreachable" as const)
        : now.kept.includes(id)
          ? ("reachable" as const)
          : undefined;
      const held = model.hasVariable(id);
      return {
        id,
        note: working === undefined ? `rc ${refcount}` : t.note(working, refcount),
        description: t.node({
          refcount,
          working,
          state,
          held,
          references: [...edges.values()]
            .filter(({ from }) => from === id)
            .map(({ to, count }) => [to, count] as const),
        }),
        ...(state && { state }),
        lit: now.at === id || now.to === id,
        picked: picked === id,
        names: held ? [id.toLowerCase()] : [],
      };
    });

  function link(from: string, to: string): void {
    change((lab) => {
      lab.link(from, to);
      return t.linked(from, to, lab.references(from).filter((one) => one === to).length);
    });
  }
  function unlink(from: string, to: string): void {
    change((lab) => t.unlinked(from, to, lab.unlink(from, to)));
  }
  /** With a node picked, the next one that is picked gets an arrow from it, or loses it. */
  function pick(id: string): void {
    setPicked(picked === undefined ? id : undefined);
    if (picked === undefined) return;
    if (model.references(picked).includes(id)) unlink(picked, id);
    else link(picked, id);
  }

  /** Escape goes back to the node, and nothing is picked. */
  function putDown({ key }: KeyboardEvent): void {
    if (key !== "Escape" || picked === undefined) return;
    graph.current?.querySelector<SVGElement>(`[data-node="${picked}"]`)?.focus();
    setPicked(undefined);
  }

  return (
    <LivePart title={t.title} language={language} status={status} failed={failed}>
      <div class="live-row">
        <Choice
          label={t.graph}
          value={String(scene)}
          options={scenes.map(({ name }, n) => [String(n), t.scenes[name]] as const)}
          onChoose={(n) => begin(() => setScene(Number(n)))}
        />
        <button type="button" onClick={() => begin(reset)}>
          {t.startAgain}
        </button>
        <button
          type="button"
          ref={newObject}
          onClick={() =>
            change((lab) => {
              const name = lab.add();
              return name === undefined ? t.enough : `${name.toLowerCase()} = []`;
            })
          }
        >
          {t.newObject}
        </button>
      </div>
      <p>{picked === undefined ? t.pick : t.picked(picked)}</p>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Escape works on what can be used in here. */}
      <div class="live-stack" ref={graph} onKeyDown={putDown}>
        {picked !== undefined && (
          <Picked
            key={picked}
            name={picked}
            names={names}
            references={model.references(picked)}
            held={model.hasVariable(picked)}
            onLink={(to) => link(picked, to)}
            onUnlink={(to) => unlink(picked, to)}
            onVariable={() =>
              change((lab) => {
                const on = !lab.hasVariable(picked);
                const dead = lab.setVariable(picked, on);
                return on ? t.bound(picked) : t.unbound(picked.toLowerCase(), dead);
              })
            }
            onRemove={() => change((lab) => t.removed(picked, lab.remove(picked)))}
          />
        )}
        <GraphView
          id="collector"
          label={t.graphLabel}
          nodes={nodes}
          edges={[...edges.values()].map((edge) => ({
            ...edge,
            lit: now.at === edge.from && now.to === edge.to,
          }))}
          onPick={pick}
          onUnpick={() => setPicked(undefined)}
        />
      </div>
      <Key
        of={[
          ["var(--root)", t.reachable],
          ["var(--garbage)", t.unreachable],
        ]}
      />
      <Stepper
        label={t.stepper}
        step={Math.min(step, steps.length - 1)}
        count={steps.length}
        text={describe(now, t)}
        onStep={setStep}
      />
      <div class="lanes">
        <p data-lane="young">
          <strong>{t.young}</strong>
          <br />
          {now.young.join(" → ") || t.empty}
        </p>
        <p data-lane="unreachable">
          <strong>{t.tentative}</strong>
          <br />
          {now.unreachable.join(" → ") || t.empty}
        </p>
      </div>
      <div class="live-row">
        <button
          type="button"
          onClick={() => {
            const foretold = steps.at(-1)!;
            change((lab) => {
              const { returned, gone, left } = lab.collect();
              const agrees =
                returned === gone.length &&
                gone.length === foretold.unreachable.length &&
                gone.every((one) => foretold.unreachable.includes(one)) &&
                left.join() === foretold.young.join();
              return t.collected(returned, gone, left, agrees);
            });
          }}
        >
          {t.collect}
        </button>
      </div>
    </LivePart>
  );
}

/** What can be done with the object that is picked: all of it by buttons as well. */
function Picked({
  name,
  names,
  references,
  held,
  onLink,
  onUnlink,
  onVariable,
  onRemove,
}: {
  readonly name: string;
  readonly names: readonly string[];
  readonly references: readonly string[];
  readonly held: boolean;
  onLink(to: string): void;
  onUnlink(to: string): void;
  onVariable(): void;
  onRemove(): void;
}): JSX.Element {
  const t = useTexts(texts);
  const [wanted, setWanted] = useState<string | undefined>();
  const other =
    wanted !== undefined && names.includes(wanted)
      ? wanted
      : (names.find((one) => one !== name) ?? name);
  const [self, item] = [name.toLowerCase(), other.toLowerCase()];
  return (
    <div class="live-row" data-picked={name}>
      <Choice label={t.to} value={other} options={names} onChoose={setWanted} />
      <button type="button" onClick={() => onLink(other)}>
        {self}.append({item})
      </button>
      <Action disabled={!references.includes(other)} onClick={() => onUnlink(other)}>
        {self}.remove({item})
      </Action>
      <button type="button" onClick={onVariable}>
        {held ? `del ${self}` : t.bind(name)}
      </button>
      <button type="button" onClick={onRemove}>
        {t.remove(name)}
      </button>
    </div>
  );
}

/** What a step does, in words. */
export function describe(step: Step, t: (typeof texts)["en"]): string {
  const { at = "", to = "", refs, what } = step;
  return what === "done"
    ? t.done(step.unreachable)
    : t.steps[what](at, to, refs.get(what === "subtract" ? to : at) ?? 0);
}
