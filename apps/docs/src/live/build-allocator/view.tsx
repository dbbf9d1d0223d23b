/** An allocator beside pymalloc: the laws it obeys, and the memory that both take for the same calls. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { grouped, type PartProps } from "../../i18n/texts.ts";
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
import { checkNames, type Figure, type StepName, texts } from "./texts.ts";
import { type ProgramName, programNames } from "./trace.ts";
import type { CompareJob } from "./worker.ts";

const steps: Readonly<Record<StepName, string>> = {
  bump,
  "free-list": freeList,
  "size-classes": sizeClasses,
  pools,
};

export interface AllocatorPartProps extends PartProps {
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
  language = "en",
}: AllocatorPartProps): JSX.Element {
  const t = texts[language];
  const [chosen, setChosen] = useState<StepName>(step);
  const [code, setCode] = useState<string>(steps[step]);
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
    say({ status: t.running, failed: false });
    try {
      const job: CompareJob = { code: await commonJs(text), program: which };
      const costs = await runJob<readonly Cost[]>(createWorker(), job, (check) => {
        checks.push(check);
        if (isNewest()) setRun({ checks: [...checks], costs: [] });
      });
      if (!isNewest()) return;
      setRun({ checks, costs });
      const blank = language === "en" ? " " : "";
      say({ status: `${verdictText(checks, language)}${blank}${sentence(costs)}`, failed: false });
    } catch (thrown) {
      if (!isNewest()) return;
      setRun({ checks, costs: [] });
      say({ status: thrown instanceof Error ? thrown.message : String(thrown), failed: true });
    }
  }

  const [yours, theirs] = run.costs;
  const name = editable ? t.yours : t.inText(t.steps[step]);
  const names = language === "en" ? undefined : checkNames[language];
  /** How the two compare, in a sentence. */
  function sentence([yours, theirs]: readonly Cost[]): string {
    if (yours === undefined || theirs === undefined) return "";
    return t.peak((yours.peakHeldBytes / Math.max(1, theirs.peakHeldBytes)).toFixed(2));
  }
  return (
    <LivePart title={editable ? t.yourTitle : t.tried(t.steps[step])} language={language} {...said}>
      {editable && (
        <>
          <div class="live-row">
            <Choice
              label={t.beginWith}
              value={chosen}
              options={Object.keys(steps).map((id) => [id as StepName, t.steps[id as StepName]])}
              onChoose={(id) => {
                setChosen(id);
                setCode(steps[id]);
                setRevision((n) => n + 1);
              }}
            />
          </div>
          <div class="code-editor">
            <Editor
              text={code}
              revision={revision}
              language="typescript"
              label={t.editor}
              onChange={setCode}
              onRun={() => void start(code, program)}
            />
          </div>
        </>
      )}
      <div class="live-row">
        <Choice
          label={t.program}
          value={program}
          options={programNames.map((which) => [which, t.programs[which]])}
          onChoose={(which) => {
            setProgram(which);
            if (!editable) void start(code, which);
          }}
        />
        <button type="button" onClick={() => void start(code, program)}>
          {/* Nothing runs before it is asked to: the checks take a processor a second or more. */}
          {editable || run.checks.length === 0 ? t.run : t.runAgain}
        </button>
      </div>
      {run.checks.length > 0 && (
        <details open={editable || run.checks.some(({ passed }) => !passed)}>
          <summary>{verdictText(run.checks, language)}</summary>
          <Verdict checks={editable ? run.checks : failedFirst(run.checks)} names={names} />
        </details>
      )}
      {yours !== undefined && theirs !== undefined && (
        <>
          <label>
            {t.moment}
            <input
              type="range"
              min={0}
              max={MOMENTS - 1}
              value={moment}
              aria-valuetext={t.afterCalls(yours.moments[moment]!.calls)}
              onInput={(event) => setMoment(event.currentTarget.valueAsNumber)}
            />
            {t.afterCalls(yours.moments[moment]!.calls)}
          </label>
          <div class="memory-pair">
            <Side name={name} cost={yours} moment={moment} id="yours" t={t} />
            <Side name="pymalloc" cost={theirs} moment={moment} id="pymalloc" t={t} />
          </div>
          <Key
            of={[
              ["var(--live)", t.live],
              ["var(--free)", t.held],
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

function Side({
  name,
  cost,
  moment,
  id,
  t,
}: {
  readonly name: string;
  readonly cost: Cost;
  readonly moment: number;
  readonly id: string;
  readonly t: (typeof texts)["en"];
}): JSX.Element {
  const now = cost.moments[moment]!;
  const rows: readonly (readonly [Figure, number])[] = [
    ["live-blocks", now.liveBlocks],
    ["live", now.liveBytes],
    ["held", now.heldBytes],
    ["peak", cost.peakHeldBytes],
    ["obtained", cost.obtained],
    ["time", Math.round(cost.nanoseconds)],
    ["refused", cost.refused],
    ["damaged", cost.damaged],
  ];
  return (
    <div>
      <h4>{name}</h4>
      <MemoryMapView
        map={now.map}
        label={t.map(name, now.heldBytes, now.liveBytes)}
        cell={t.cell(now.map.cellBytes)}
      />
      <table>
        <tbody>
          {rows
            .filter(([key, value]) => value !== 0 || (key !== "refused" && key !== "damaged"))
            .map(([key, value]) => (
              <tr key={key}>
                <th scope="row">{t.figures[key]}</th>
                <td data-figure={`${id} ${key}`}>{grouped(value)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
