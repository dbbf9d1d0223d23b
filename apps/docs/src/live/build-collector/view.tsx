/** A collector on a graph of lists: what it is shown, what it does, call by call; and the laws that it obeys. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import finished from "../../../../../examples/collectors/mark-and-sweep.js?raw";
import { Editor } from "../../playground/ui/editor.tsx";
import { commonJs } from "../../playground/ui/strip-types.ts";
import type { CheckResult } from "../build-code/check.ts";
import { runJob } from "../build-code/job.ts";
import { Verdict, verdictText } from "../build-code/Verdict.tsx";
import { GraphView } from "../shared/GraphView.tsx";
import { Choice, Key, LivePart } from "../shared/LivePart.tsx";
import { Stepper } from "../shared/Stepper.tsx";
import { createWorker } from "./code-exercises.ts";
import ring from "./steps/1-ring.ts?raw";
import markAndSweep from "./steps/2-mark-and-sweep.ts?raw";
import type { Event, Picture, Watched } from "./watch.ts";
import type { WatchJob } from "./worker.ts";

const steps = {
  ring: ["The ring alone", ring],
  "mark-and-sweep": ["Mark and sweep", markAndSweep],
  finished: ["Weak references and finalizers", finished],
} as const;
export type CollectorStep = keyof typeof steps;

const pictures = {
  "one cycle held, one lost": {
    nodes: "ABCDE",
    variables: "A",
    references: ["AB", "BC", "CA", "DE", "ED"],
  },
  "garbage that refers to something alive": {
    nodes: "ABCD",
    variables: "D",
    references: ["AB", "BA", "BD", "DC"],
  },
  "a list that holds itself": { nodes: "AB", variables: "B", references: ["AA", "AB"] },
} as const satisfies Record<string, Picture>;
type PictureName = keyof typeof pictures;
const pictureNames = Object.keys(pictures) as PictureName[];

export interface CollectorPartProps {
  readonly step: CollectorStep;
  readonly editable?: boolean;
}

export function CollectorPart({ step, editable = false }: CollectorPartProps): JSX.Element {
  const [chosen, setChosen] = useState<CollectorStep>(step);
  const [code, setCode] = useState<string>(steps[step][1]);
  const [revision, setRevision] = useState(0);
  const [name, setName] = useState<PictureName>(pictureNames[0]!);
  const [picture, setPicture] = useState<Picture>(pictures[pictureNames[0]!]);
  const [picked, setPicked] = useState<string | undefined>();
  const [watched, setWatched] = useState<Watched | undefined>();
  const [checks, setChecks] = useState<readonly CheckResult[]>([]);
  const [at, setAt] = useState(0);
  const [said, say] = useState({ status: "", failed: false });
  const newest = useRef(0);

  async function start(text: string, graph: Picture, withChecks: boolean): Promise<void> {
    const turn = ++newest.current;
    const isNewest = (): boolean => turn === newest.current;
    const done: CheckResult[] = [];
    say({ status: "Running …", failed: false });
    if (withChecks) setChecks([]);
    try {
      const job: WatchJob = { code: await commonJs(text), picture: graph, checks: withChecks };
      const result = await runJob<Watched>(createWorker(), job, (check) => {
        done.push(check);
        if (isNewest()) setChecks([...done]);
      });
      if (!isNewest()) return;
      setWatched(result);
      setAt(result.events.length);
      const verdict = withChecks ? `${verdictText(done)} ` : "";
      say({ status: `${verdict}${sentence(graph, result)}`, failed: false });
    } catch (thrown) {
      if (!isNewest()) return;
      setWatched(undefined);
      say({ status: thrown instanceof Error ? thrown.message : String(thrown), failed: true });
    }
  }

  // Nothing runs before it is asked to: the checks take a while. Those of the page's own code are tried once.
  const untried = editable || checks.length === 0;

  function change(graph: Picture): void {
    setPicture(graph);
    setPicked(undefined);
    setWatched(undefined);
    setAt(0);
    if (untried) say({ status: "", failed: false });
    else void start(code, graph, false);
  }

  /** With a node picked, the next one that is picked gets a reference from it, or loses it. */
  function pick(node: string): void {
    if (picked === undefined) {
      setPicked(node);
      return;
    }
    const edge = picked + node;
    const has = picture.references.includes(edge);
    change({
      ...picture,
      references: has
        ? picture.references.filter((one) => one !== edge)
        : [...picture.references, edge],
    });
  }

  const past = watched?.events.slice(0, at) ?? [];
  const now = past.at(-1);
  const reached = new Set(
    past.flatMap(({ what, at: one, to }) =>
      what === "root" ? [one] : what === "refers" ? [to!] : [],
    ),
  );
  const gone = new Set([
    ...(watched?.deadBefore ?? []),
    ...past.filter(({ what }) => what === "died").map(({ at: one }) => one),
  ]);
  const cleared = new Set(past.filter(({ what }) => what === "clear").map(({ at: one }) => one));
  const nodes = [...picture.nodes].map((id) => {
    const state =
      gone.has(id) || cleared.has(id) ? "unreachable" : reached.has(id) ? "reachable" : undefined;
    const note = gone.has(id)
      ? "gone"
      : cleared.has(id)
        ? "cleared"
        : reached.has(id)
          ? "reached"
          : "";
    const held = picture.variables.includes(id);
    return {
      id,
      note,
      description: `${note === "" ? "not reached so far" : note}${held ? ", held by a variable" : ""}`,
      ...(state !== undefined && { state: state as "reachable" | "unreachable" }),
      lit: now?.at === id || now?.to === id,
      picked: picked === id,
      names: held ? [id.toLowerCase()] : [],
    };
  });

  return (
    <LivePart title={editable ? "Your collector" : `${steps[step][0]}, tried`} {...said}>
      {editable && (
        <>
          <div class="live-row">
            <Choice
              label="begin with"
              value={chosen}
              options={Object.entries(steps).map(([id, [title]]) => [id as CollectorStep, title])}
              onChoose={(id) => {
                setChosen(id);
                setCode(steps[id][1]);
                setRevision((n) => n + 1);
              }}
            />
          </div>
          <div class="code-editor">
            <Editor
              text={code}
              revision={revision}
              language="typescript"
              label="Your collector"
              onChange={setCode}
              onRun={() => void start(code, picture, true)}
            />
          </div>
        </>
      )}
      <div class="live-row">
        <Choice
          label="graph"
          value={name}
          options={pictureNames}
          onChoose={(one) => {
            setName(one);
            change(pictures[one]);
          }}
        />
        {picked !== undefined && (
          <button
            type="button"
            onClick={() => {
              const has = picture.variables.includes(picked);
              change({
                ...picture,
                variables: has ? picture.variables.replace(picked, "") : picture.variables + picked,
              });
            }}
          >
            {picture.variables.includes(picked)
              ? `del ${picked.toLowerCase()}`
              : `variable for ${picked}`}
          </button>
        )}
        <button type="button" onClick={() => void start(code, picture, untried)}>
          {untried ? "Check and collect" : "Collect"}
        </button>
      </div>
      <p>
        {picked === undefined
          ? "Pick an object; then pick another one (or the same) to add or remove a reference."
          : `${picked} is picked. Pick what it shall refer to, or no longer refer to.`}
      </p>
      <GraphView
        id={editable ? "own" : `step-${step}`}
        label="Objects and references"
        nodes={nodes}
        edges={picture.references.map((edge) => ({
          from: edge[0]!,
          to: edge[1]!,
          count: 1,
          lit: now?.what === "refers" && now.at === edge[0] && now.to === edge[1],
          done: cleared.has(edge[0]!) || gone.has(edge[0]!),
        }))}
        onPick={pick}
      />
      <Key
        of={[
          ["var(--root)", "reached from a root"],
          ["var(--garbage)", "cleared, or gone (dashed)"],
        ]}
      />
      {watched !== undefined && watched.events.length > 0 && (
        <Stepper
          label="calls"
          step={at}
          count={watched.events.length + 1}
          text={now === undefined ? "Before the collector is called." : describe(now)}
          onStep={setAt}
        />
      )}
      {checks.length > 0 && (
        <details open={editable || checks.some(({ passed }) => !passed)}>
          <summary>{verdictText(checks)}</summary>
          <Verdict checks={checks} />
        </details>
      )}
    </LivePart>
  );
}

function sentence(picture: Picture, { returned, left, deadBefore }: Watched): string {
  const gone = [...picture.nodes].filter(
    (name) => !left.includes(name) && !deadBefore.includes(name),
  );
  const before =
    deadBefore.length === 0 ? "" : ` ${deadBefore.join(", ")} had died before, by reference count.`;
  return `collect() returned ${returned}. Gone: ${gone.join(", ") || "nothing"}; left: ${left.join(", ") || "nothing"}.${before}`;
}

/** What a call was about, in words. */
function describe({ what, at, to }: Event): string {
  switch (what) {
    case "root":
      return `graph.roots shows it ${at}: a handle or a frame holds it.`;
    case "look":
      return `It asks what ${at} refers to.`;
    case "refers":
      return `${at} refers to ${to}.`;
    case "count":
      return `It asks for the reference count of ${at}.`;
    case "incref":
      return `graph.incref: it takes a reference to ${at} itself, so that ${at} does not go before its turn.`;
    case "decref":
      return `graph.decref: it lets go of ${at}.`;
    case "clear":
      return `graph.clear: ${at} drops all its references.`;
    case "died":
      return `The count of ${at} is 0: it is gone.`;
  }
}
