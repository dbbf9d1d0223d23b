/** What has been compared with CPython, as tables. */
import type { JSX } from "preact";
import { Inline } from "../shared/Inline.tsx";
import { rawAddress } from "../shared/raw.ts";
import { Table } from "../shared/Table.tsx";
import { comparedLines, leftOut, newestAgreement, replayRecordings, spellings } from "./data.ts";
import type { AgreementResult, Counts } from "./result.ts";

const { path, result } = newestAgreement();
const spelled = await spellings();
const replayed = await replayRecordings();

const grouped = (value: number): string => value.toLocaleString("en");
const models = { lp64: "64-bit (lp64)", ilp32: "32-bit (ilp32)" } as const;

/** Which CPythons were asked, and how many programs agreed. */
export function Oracles(): JSX.Element {
  const { startedAt, commit, seconds, seed, oracles } = result;
  return (
    <>
      <Table
        label="Random programs by CPython"
        kind="ref-numbers"
        head={["CPython asked", "version", "pointers", "programs", "differ"]}
        rows={oracles.map(({ title, python, abi, programs, differing }) => [
          title,
          python,
          models[abi],
          grouped(programs),
          grouped(differing),
        ])}
      />
      <p class="ref-run">
        Run on <time dateTime={startedAt}>{startedAt.slice(0, 10)}</time> at commit{" "}
        <code>{commit}</code>, seeds from {seed} on, in {Math.max(1, Math.round(seconds / 60))}{" "}
        minutes: <a href={rawAddress(path)}>raw results (JSON)</a>.
      </p>
    </>
  );
}

/** Recordings of real processes, replayed when the page was built. */
export function Recordings(): JSX.Element {
  return (
    <Table
      label="Recordings replayed"
      kind="ref-numbers"
      head={["recording", "CPython", "requests", "addresses compared", "exact", "arenas"]}
      rows={replayed.map(({ name, python, events, small, exact, arenas, inOrder }) => [
        name,
        python,
        grouped(events),
        grouped(small),
        grouped(exact),
        `${arenas}${inOrder ? ", given back in order" : ""}`,
      ])}
    />
  );
}

const titles: Readonly<Record<keyof AgreementResult["counts"], string>> = {
  collecting: "how programs meet the collector",
  values: "values made",
  statements: "statements",
  operations: "operations",
  queries: "asked and compared",
  finalizers: "what __del__ does",
};

/** How often something stood in the programs. */
export function CountsOf({ of }: { of: keyof AgreementResult["counts"] }): JSX.Element {
  const counts: Counts = result.counts[of];
  return (
    <Table
      label={titles[of]}
      kind="ref-numbers ref-counts"
      head={[titles[of], "times"]}
      rows={Object.entries(counts).map(([name, times]) => [
        <code key="name">{of === "operations" ? (spelled.get(name) ?? name) : name}</code>,
        grouped(times),
      ])}
    />
  );
}

/** What the logs show. */
export function Compared(): JSX.Element {
  return (
    <Table
      label="What is compared"
      head={["in the log", "what it shows"]}
      rows={comparedLines().map(([names = "", meaning = ""]) => [
        <Inline key="names" text={names} />,
        <Inline key="meaning" text={meaning} />,
      ])}
    />
  );
}

/** What is left out on purpose. */
export function LeftOut(): JSX.Element {
  return (
    <ul>
      {leftOut().map(({ what, why }) => (
        <li key={what}>
          <b>
            <Inline text={what} />
          </b>
          <Inline text={why} />
        </li>
      ))}
    </ul>
  );
}
