/** An allocator beside pymalloc: the laws it obeys, and the memory that both take for the same calls. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Editor } from "../../playground/ui/editor.tsx";
import { commonJs } from "../../playground/ui/strip-types.ts";
import type { CheckResult } from "../build-code/check.ts";
import { runJob } from "../build-code/job.ts";
import { Verdict, verdictText } from "../build-code/Verdict.tsx";
import { Choice, Key, LivePart } from "../shared/LivePart.tsx";
import { createWorker } from "./code-exercises.ts";
import { MemoryMapView } from "./MemoryMapView.tsx";
import { type Cost, MOMENTS } from "./replay.ts";
import bump from "./steps/1-bump.ts?raw";
import freeList from "./steps/2-free-list.ts?raw";
import sizeClasses from "./steps/3-size-classes.ts?raw";
import pools from "./steps/4-pools.ts?raw";
import { type ProgramName, programNames } from "./trace.ts";
import type { CompareJob } from "./worker.ts";

const steps = {
  bump: ["The bump allocator", bump],
  "free-list": ["One free list", freeList],
  "size-classes": ["Size classes", sizeClasses],
  pools: ["Segregated pools", pools],
} as const;
export type StepName = keyof typeof steps;

export interface AllocatorPartProps {
  readonly step: StepName;
  /** What is run first. */
  readonly program?: ProgramName;
  /** Whether the code can be changed: the page shows it otherwise. */
  readonly editable?: boolean;
}

/** What a run came to. */
interface Run {
  readonly checks: readonly CheckResult[];
  readonly costs: readonly Cost[];
}

export function AllocatorPart({
  step,
  program: first = programNames[0]!,
  editable = false,
}: AllocatorPartProps): JSX.Element {
  const [chosen, setChosen] = useState<StepName>(step);
  const [code, setCode] = useState<string>(steps[step][1]);
  const [revision, setRevision] = useState(0);
  const [program, setProgram] = useState<ProgramName>(first);
  const [run, setRun] = useState<Run>({ checks: [], costs: [] });
  const [moment, setMoment] = useState(MOMENTS - 1);
  const [said, say] = useState({ status: "", failed: false });
  const newest = useRef(0);

  async function start(text: string, which: ProgramName): Promise<void> {
    const turn = ++newest.current;
    const isNewest = (): boolean => turn === newest.current;
    const checks: CheckResult[] = [];
    say({ status: "Running …", failed: false });
    try {
      const job: CompareJob = { code: await commonJs(text), program: which };
      const costs = await runJob<readonly Cost[]>(createWorker(), job, (check) => {
        checks.push(check);
        if (isNewest()) setRun({ checks: [...checks], costs: [] });
      });
      if (!isNewest()) return;
      setRun({ checks, costs });
      say({ status: `${verdictText(checks)} ${sentence(costs)}`, failed: false });
    } catch (thrown) {
      if (!isNewest()) return;
      setRun({ checks, costs: [] });
      say({ status: thrown instanceof Error ? thrown.message : String(thrown), failed: true });
    }
  }

  // What the page has shown is run at once; what is to be edited waits.
  useEffect(() => {
    if (!editable) void start(code, program);
  }, []);

  const [yours, theirs] = run.costs;
  const name = editable ? "your allocator" : steps[step][0].toLowerCase();
  return (
    <LivePart
      title={editable ? "Your allocator beside pymalloc" : `${steps[step][0]}, tried`}
      {...said}
    >
      {editable && (
        <>
          <div class="live-row">
            <Choice
              label="begin with"
              value={chosen}
              options={Object.entries(steps).map(([id, [title]]) => [id as StepName, title])}
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
              label="Your allocator"
              onChange={setCode}
              onRun={() => void start(code, program)}
            />
          </div>
        </>
      )}
      <div class="live-row">
        <Choice
          label="program"
          value={program}
          options={programNames}
          onChoose={(which) => {
            setProgram(which);
            if (!editable) void start(code, which);
          }}
        />
        <button type="button" onClick={() => void start(code, program)}>
          {editable ? "Check and run" : "Run again"}
        </button>
      </div>
      {run.checks.length > 0 && (
        <details open={editable || run.checks.some(({ passed }) => !passed)}>
          <summary>{verdictText(run.checks)}</summary>
          <Verdict checks={editable ? run.checks : failedFirst(run.checks)} />
        </details>
      )}
      {yours !== undefined && theirs !== undefined && (
        <>
          <label>
            moment
            <input
              type="range"
              min={0}
              max={MOMENTS - 1}
              value={moment}
              aria-valuetext={`after ${yours.moments[moment]!.calls} calls`}
              onInput={(event) => setMoment(event.currentTarget.valueAsNumber)}
            />
            after {yours.moments[moment]!.calls.toLocaleString("en")} calls
          </label>
          <div class="memory-pair">
            <Side name={name} cost={yours} moment={moment} id="yours" />
            <Side name="pymalloc" cost={theirs} moment={moment} id="pymalloc" />
          </div>
          <Key
            of={[
              ["var(--live)", "in blocks that are handed out"],
              ["var(--free)", "held, but in no such block"],
            ]}
          />
        </>
      )}
    </LivePart>
  );
}

const failedFirst = (checks: readonly CheckResult[]): CheckResult[] => [
  ...checks.filter(({ passed }) => !passed),
  ...checks.filter(({ passed }) => passed),
];

function sentence([yours, theirs]: readonly Cost[]): string {
  if (yours === undefined || theirs === undefined) return "";
  const share = yours.peakHeldBytes / Math.max(1, theirs.peakHeldBytes);
  return `At its peak it held ${share.toFixed(2)} times what pymalloc did.`;
}

function Side({
  name,
  cost,
  moment,
  id,
}: {
  readonly name: string;
  readonly cost: Cost;
  readonly moment: number;
  readonly id: string;
}): JSX.Element {
  const now = cost.moments[moment]!;
  const rows: readonly (readonly [string, string, number])[] = [
    ["live blocks", "live-blocks", now.liveBlocks],
    ["bytes asked for in them", "live", now.liveBytes],
    ["bytes held", "held", now.heldBytes],
    ["bytes held at the peak", "peak", cost.peakHeldBytes],
    ["times it asked for memory", "obtained", cost.obtained],
    ["nanoseconds a call, here and now", "time", Math.round(cost.nanoseconds)],
    ["requests refused", "refused", cost.refused],
    ["blocks damaged", "damaged", cost.damaged],
  ];
  return (
    <div>
      <h4>{name}</h4>
      <MemoryMapView
        map={now.map}
        label={`Memory of ${name}: ${now.heldBytes.toLocaleString("en")} bytes held, ${now.liveBytes.toLocaleString("en")} of them in live blocks`}
      />
      <table>
        <tbody>
          {rows
            .filter(([, key, value]) => value !== 0 || (key !== "refused" && key !== "damaged"))
            .map(([text, key, value]) => (
              <tr key={key}>
                <th scope="row">{text}</th>
                <td data-figure={`${id} ${key}`}>{value.toLocaleString("en")}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
