/** The whole memory as a bar, from address 0 to its end. */
import type { JSX } from "preact";
import { hexOf } from "../shared/heap-map.ts";
import { Figures, Key, LivePart } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { MemoryLab, regionNames } from "./model.ts";

const TONES: Readonly<Record<string, string>> = {
  header: "#8a8a8a",
  "static data": "#e69f00",
  "data stack": "#cc79a7",
  "object heap": "#0072b2",
  "raw blocks": "#009e73",
  free: "transparent",
};

export function MemoryLayout(): JSX.Element {
  const { model, act, status, failed, reset } = useModel(() => new MemoryLab());
  const stretches = model.stretches();
  const kinds = model.kinds();
  return (
    <LivePart title="One linear memory, all of it" status={status} failed={failed}>
      <div class="live-row">
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.call(100);
              return `${lab.depth} frames on the stack.`;
            })
          }
        >
          call 100 levels deep
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.unwind();
              return "All functions have returned.";
            })
          }
        >
          return from all
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.makeSmall(20_000);
              return "20,000 floats made.";
            })
          }
        >
          20,000 floats
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.makeLarge(500_000);
              return "One bytes object of 500,000 made.";
            })
          }
        >
          500,000 bytes
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              lab.drop();
              return "All of them dropped.";
            })
          }
        >
          drop objects
        </button>
        <button type="button" onClick={reset}>
          start again
        </button>
      </div>
      <div
        class="bar"
        role="img"
        aria-label={`${model.bytes.toLocaleString("en")} bytes: ${kinds.map(({ name, bytes }) => `${name} ${bytes.toLocaleString("en")}`).join(", ")}`}
      >
        {stretches.map(({ name, base, bytes }) => (
          <span
            key={base}
            title={`${name}, ${hexOf(base)}, ${bytes.toLocaleString("en")} bytes`}
            style={{ width: `${(100 * bytes) / model.bytes}%`, background: TONES[name] }}
          />
        ))}
      </div>
      <Key of={regionNames.map((name) => [TONES[name]!, name] as const)} />
      <Figures
        of={[
          ["memory", model.bytes],
          ["frames", model.depth],
          ["objects kept", model.objects],
        ]}
      />
      <table>
        <thead>
          <tr>
            <th>what</th>
            <th>bytes</th>
            <th>in use</th>
          </tr>
        </thead>
        <tbody>
          {kinds.map(({ name, bytes, used }) => (
            <tr key={name}>
              <td>{name}</td>
              <td>{bytes.toLocaleString("en")}</td>
              <td>{used.toLocaleString("en")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </LivePart>
  );
}
