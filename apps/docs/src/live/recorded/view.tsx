/** Runs of one program, recorded by the CLI: what each arena held when the program was done. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Choice, Figures, Key, LivePart } from "../shared/LivePart.tsx";
import "./recorded.css";
import { type RecordedArena, type RecordedRun, totalsOf } from "./model.ts";

export interface RecordedProps {
  readonly title: string;
  /** By the name under which they are chosen, the first shown first. */
  readonly runs: Readonly<Record<string, RecordedRun>>;
  /** Show the pools of each block size, too. */
  readonly sizes?: boolean;
}

export function Recorded({ title, runs, sizes = false }: RecordedProps): JSX.Element {
  const names = Object.keys(runs);
  const [name, setName] = useState(names[0]!);
  const [chosen, setChosen] = useState<number | undefined>();
  const run = runs[name]!;
  const { heldBytes, liveBytes, nearlyEmpty } = totalsOf(run);
  const arena = chosen === undefined ? undefined : run.arenas[chosen];
  return (
    <LivePart
      title={title}
      status={
        arena === undefined ? `${run.command}, Python ${run.python}` : inWords(chosen!, arena, run)
      }
    >
      {names.length > 1 && (
        <div class="live-row">
          <Choice
            label="program"
            value={name}
            options={names}
            onChoose={(other) => {
              setName(other);
              setChosen(undefined);
            }}
          />
        </div>
      )}
      <Figures
        of={[
          ["held at the peak", mebibytes(run.peak.heldBytes)],
          ["held at the end", mebibytes(heldBytes)],
          ["in use at the end", mebibytes(liveBytes)],
          ["arenas at the end", run.arenas.length],
          ["nearly empty", nearlyEmpty],
        ]}
      />
      <div
        class="recorded-arenas"
        role="img"
        aria-label={`${run.arenas.length} arenas at the end, ${nearlyEmpty} of them nearly empty`}
      >
        {run.arenas.map((one, n) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the table below has the same for all who use no mouse.
          <span
            key={n}
            class={n === chosen ? "is-chosen" : ""}
            onMouseEnter={() => setChosen(n)}
            onMouseLeave={() => setChosen(undefined)}
          >
            <i style={{ height: `${heightOf(one, run)}%` }} />
          </span>
        ))}
      </div>
      <Key
        of={[
          ["var(--live)", "in use"],
          ["var(--free)", "free, and held"],
        ]}
      />
      <p>One square is an arena of {run.arenaBytes / 1024} KiB.</p>
      {sizes && <Sizes run={run} most={mostPools(runs)} />}
      <details>
        <summary>The arenas as a table</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls is reached by keys. */}
        <section class="scroll" aria-label="Arenas at the end" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th>arena</th>
                <th>pools in use</th>
                <th>blocks in use</th>
                <th>bytes in use</th>
              </tr>
            </thead>
            <tbody>
              {run.arenas.map((one, n) => (
                <tr key={n}>
                  <td>{n + 1}</td>
                  <td>{one.pools}</td>
                  <td>{one.liveBlocks.toLocaleString("en")}</td>
                  <td>{one.liveBytes.toLocaleString("en")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </LivePart>
  );
}

/** Pools of the block sizes that hold most: those that would do, and those that are there. */
function Sizes({ run, most }: { readonly run: RecordedRun; readonly most: number }): JSX.Element {
  return (
    <table class="recorded-sizes">
      <thead>
        <tr>
          <th>block size</th>
          <th>in use</th>
          <th>pools</th>
          <th>needed</th>
          <th class="recorded-bar">pools, and those needed</th>
        </tr>
      </thead>
      <tbody>
        {run.sizeClasses.map(({ blockBytes, liveBlocks, pools, packedPools }) => (
          <tr key={blockBytes}>
            <td>{blockBytes}</td>
            <td>{liveBlocks.toLocaleString("en")}</td>
            <td data-figure={`pools of ${blockBytes}`}>{pools.toLocaleString("en")}</td>
            <td>{packedPools.toLocaleString("en")}</td>
            <td class="recorded-bar" aria-hidden="true">
              <span style={{ width: `${(100 * pools) / most}%` }}>
                <i style={{ width: `${(100 * packedPools) / pools}%` }} />
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** One scale for all runs, so that they can be compared. */
function mostPools(runs: RecordedProps["runs"]): number {
  return Math.max(
    ...Object.values(runs).flatMap(({ sizeClasses }) => sizeClasses.map(({ pools }) => pools)),
  );
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`;
}

/** In percent of the square; whatever is not empty can be seen. */
function heightOf({ liveBytes }: RecordedArena, { arenaBytes }: RecordedRun): number {
  return liveBytes === 0 ? 0 : Math.max(8, (100 * liveBytes) / arenaBytes);
}

function inWords(
  n: number,
  { pools, liveBlocks, liveBytes }: RecordedArena,
  { arenaBytes }: RecordedRun,
): string {
  const share = (100 * liveBytes) / arenaBytes;
  return liveBlocks === 0
    ? `Arena ${n + 1}: empty.`
    : `Arena ${n + 1}: ${liveBlocks.toLocaleString("en")} blocks in ${pools} pools, ${liveBytes.toLocaleString("en")} bytes: ${share < 1 ? share.toFixed(2) : share.toFixed(0)} % of it.`;
}
