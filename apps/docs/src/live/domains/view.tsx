/** Loads of objects, counted in each domain; and one request that fails. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { Choice, LivePart, NumberField } from "../shared/LivePart.tsx";
import { type Load, loads, runLoad } from "./model.ts";

const DOMAINS = ["RAW", "MEM", "OBJ"] as const;

export function DomainsPart(): JSX.Element {
  const [load, setLoad] = useState<Load>("1,000 floats");
  const [failAt, setFailAt] = useState(0);
  const { calls, error } = useMemo(() => runLoad(load, failAt), [load, failAt]);
  return (
    <LivePart
      title="A wrapper in each domain"
      status={
        error === undefined ? "The load ran to its end." : `It ended with ${error || "MemoryError"}`
      }
      failed={error !== undefined}
    >
      <div class="live-row">
        <Choice label="load" value={load} options={loads} onChoose={setLoad} />
        <NumberField
          label="let request number"
          value={failAt}
          min={0}
          max={100_000}
          onChange={setFailAt}
        />
        of OBJ fail (0: none)
      </div>
      <section class="scroll" aria-label="Results">
        <table>
          <thead>
            <tr>
              <th>domain</th>
              <th>malloc</th>
              <th>calloc</th>
              <th>realloc</th>
              <th>free</th>
              <th>bytes asked for</th>
              <th>NULL</th>
            </tr>
          </thead>
          <tbody>
            {calls.map((one, n) => (
              <tr key={DOMAINS[n]}>
                <td>{DOMAINS[n]}</td>
                <td>{one.malloc.toLocaleString("en")}</td>
                <td>{one.calloc.toLocaleString("en")}</td>
                <td>{one.realloc.toLocaleString("en")}</td>
                <td>{one.free.toLocaleString("en")}</td>
                <td>{one.bytes.toLocaleString("en")}</td>
                <td>{one.refused}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </LivePart>
  );
}
