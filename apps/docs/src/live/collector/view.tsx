/** Edit a graph of lists, walk through a collection of it, then let the real collector run. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { GraphView } from "../shared/GraphView.tsx";
import { Choice, Key, LivePart } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { Stepper } from "../shared/Stepper.tsx";
import { CollectorLab, scenes } from "./model.ts";
import type { Step } from "./passes.ts";

export function Collector(): JSX.Element {
  const [scene, setScene] = useState(0);
  const [picked, setPicked] = useState<string | undefined>();
  const [step, setStep] = useState(0);
  const [edits, setEdits] = useState(0);
  const { model, act, status, failed } = useModel(() => new CollectorLab(scenes[scene]), [scene]);
  const steps = useMemo(() => model.steps(), [model, edits]);
  const now = steps[Math.min(step, steps.length - 1)]!;
  const candidates = model.candidates();
  const change = (action: (lab: CollectorLab) => string): void => {
    act(action);
    setStep(0);
    setEdits((n) => n + 1);
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
      const refs = now.refs.get(id);
      const state = now.unreachable.includes(id)
        ? ("unreachable" as const)
        : now.kept.includes(id)
          ? ("reachable" as const)
          : undefined;
      return {
        id,
        note: refs === undefined ? `rc ${refcount}` : `${refs} of ${refcount}`,
        description: `reference count ${refcount}${refs === undefined ? "" : `, working count ${refs}`}${
          state === undefined
            ? ""
            : state === "unreachable"
              ? ", tentatively unreachable"
              : ", reachable"
        }${model.hasVariable(id) ? ", held by a variable" : ""}`,
        ...(state && { state }),
        lit: now.at === id || now.to === id,
        picked: picked === id,
        names: model.hasVariable(id) ? [id.toLowerCase()] : [],
      };
    });

  /** With a node picked, the next one that is picked gets an arrow from it, or loses it. */
  function pick(id: string): void {
    if (picked === undefined || !model.names.includes(picked)) {
      setPicked(id);
      return;
    }
    setPicked(undefined);
    change((lab) => {
      if (lab.references(picked).includes(id)) {
        return `${picked} no longer refers to ${id}.${died(lab.unlink(picked, id))}`;
      }
      lab.link(picked, id);
      return `${picked.toLowerCase()}.append(${id.toLowerCase()}): ${picked} refers to ${id}.`;
    });
  }

  return (
    <LivePart title="A collection, step by step" status={status} failed={failed}>
      <div class="live-row">
        <Choice
          label="graph"
          value={String(scene)}
          options={scenes.map(({ title }, n) => [String(n), title] as const)}
          onChoose={(n) => {
            setPicked(undefined);
            setStep(0);
            setScene(Number(n));
          }}
        />
        <button
          type="button"
          onClick={() =>
            change((lab) => {
              const name = lab.add();
              return name === undefined ? "Ten objects are enough." : `${name.toLowerCase()} = []`;
            })
          }
        >
          new object
        </button>
        {picked !== undefined && model.names.includes(picked) && (
          <button
            type="button"
            onClick={() =>
              change((lab) => {
                const on = !lab.hasVariable(picked);
                const dead = lab.setVariable(picked, on);
                setPicked(undefined);
                return on
                  ? `A variable holds ${picked} again.`
                  : `del ${picked.toLowerCase()}.${died(dead)}`;
              })
            }
          >
            {model.hasVariable(picked) ? `del ${picked.toLowerCase()}` : `variable for ${picked}`}
          </button>
        )}
      </div>
      <p>
        {picked === undefined
          ? "Pick an object; then pick another one (or the same) to add or remove a reference."
          : `${picked} is picked. Pick what it shall refer to, or no longer refer to.`}
      </p>
      <GraphView
        label="Objects and references"
        nodes={nodes}
        edges={[...edges.values()].map((edge) => ({
          ...edge,
          lit: now.at === edge.from && now.to === edge.to,
        }))}
        onPick={pick}
      />
      <Key
        of={[
          ["var(--root)", "reachable, or held by a variable"],
          ["var(--garbage)", "tentatively unreachable (dashed)"],
        ]}
      />
      <Stepper
        label="collection"
        step={Math.min(step, steps.length - 1)}
        count={steps.length}
        text={describe(now)}
        onStep={setStep}
      />
      <div class="lanes">
        <p>
          <strong>list that is worked on</strong>
          <br />
          {now.young.join(" → ") || "empty"}
        </p>
        <p>
          <strong>tentatively unreachable</strong>
          <br />
          {now.unreachable.join(" → ") || "empty"}
        </p>
      </div>
      <div class="live-row">
        <button
          type="button"
          onClick={() => {
            const foretold = steps.at(-1)!.unreachable;
            change((lab) => {
              const { returned, gone, left } = lab.collect();
              setPicked(undefined);
              const agrees =
                gone.length === foretold.length && gone.every((one) => foretold.includes(one));
              return `gc.collect() returned ${returned}. Gone: ${gone.join(", ") || "nothing"}; left: ${left.join(" → ") || "nothing"}. ${
                agrees
                  ? "As the steps foretold."
                  : "This is NOT what the steps foretold: please report it."
              }`;
            });
          }}
        >
          gc.collect() on the real heap
        </button>
      </div>
    </LivePart>
  );
}

function died(dead: readonly string[]): string {
  return dead.length === 0
    ? ""
    : ` ${dead.join(", ")} died at once: no reference was left, and no collector is needed for that.`;
}

/** What a step does, in words. */
export function describe(step: Step): string {
  const { at, to, refs } = step;
  switch (step.what) {
    case "begin":
      return "Before the collection: every object with its reference count (rc).";
    case "copy":
      return `Pass 1, update_refs: ${at}'s reference count is copied into its working count: ${refs.get(at!)}.`;
    case "subtract":
      return `Pass 2, subtract_refs: ${at} refers to ${to}, so one is taken off ${to}'s working count: ${refs.get(to!)} left.`;
    case "keep":
      return `Pass 3, move_unreachable: ${at}'s working count is ${refs.get(at!)}, not 0. Something outside refers to it, or something reachable does. It stays, and what it refers to is reachable as well.`;
    case "tentative":
      return `Pass 3, move_unreachable: ${at}'s working count is 0: nothing so far shows that it can be reached. It goes to the other list, for now.`;
    case "rescue":
      return `Pass 3: ${at} is reachable and refers to ${to}, which had been put aside. ${to} comes back, to the end of the list, with working count 1.`;
    case "mark":
      return `Pass 3: ${at} is reachable and refers to ${to}, whose turn has not come yet. Its working count becomes 1: it will stay.`;
    case "skip":
      return `Pass 3: ${at} refers to ${to}, which will stay anyway: nothing to do.`;
    case "done":
      return step.unreachable.length === 0
        ? "Done: everything is reachable. There is no garbage."
        : `Done: ${step.unreachable.join(", ")} cannot be reached from outside. Finalizers would run now; then each is cleared, and reference counting does the rest.`;
  }
}
