/** The live picture of the first page. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ArenaMap } from "../shared/ArenaMap.tsx";
import { Figures, LivePart } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { ChurnLab } from "./model.ts";

/** Objects at which the program stops by itself. */
const MOST = 60_000;

export function Churn(): JSX.Element {
  const [running, setRunning] = useState(false);
  const [chosen, setChosen] = useState<number | undefined>();
  const { model, act, status, failed } = useModel(() => {
    const lab = new ChurnLab();
    lab.turn(6000, 0);
    return lab;
  });
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => {
      act((lab) => lab.turn(600, 350));
      if (model.live > MOST) setRunning(false);
    }, 100);
    return () => clearInterval(timer);
  }, [running, model]);
  const arenas = model.arenas();
  const held = arenas.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <LivePart title="A Python heap, in this page" status={status} failed={failed}>
      <div class="live-row">
        <button type="button" onClick={() => setRunning(!running)}>
          {running ? "Pause" : "Run a program"}
        </button>
        <button type="button" onClick={() => act((lab) => lab.turn(5000, 0))}>
          Make 5,000 objects
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              setRunning(false);
              const before = lab.arenas().length;
              lab.dropMost();
              return `One object in a hundred is left, and ${lab.arenas().length} of ${before} arenas.`;
            })
          }
        >
          Drop 99 of 100
        </button>
      </div>
      <Figures
        of={[
          ["objects made", model.made],
          ["objects alive", model.live],
          ["arenas", arenas.length],
          ["bytes held", held],
        ]}
      />
      <ArenaMap arenas={arenas} chosen={chosen} onChoose={setChosen} />
    </LivePart>
  );
}
