/** The live picture of the first page. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { PartProps } from "../../i18n/texts.ts";
import { ArenaMap } from "../shared/ArenaMap.tsx";
import { Figures, LivePart } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { ChurnLab } from "./model.ts";
import { texts } from "./texts.ts";

/** Objects at which the program stops by itself. */
const MOST = 60_000;

export function Churn({ language = "en" }: PartProps): JSX.Element {
  const t = texts[language];
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
    <LivePart title={t.title} language={language} status={status} failed={failed}>
      <div class="live-row">
        <button type="button" onClick={() => setRunning(!running)}>
          {running ? t.pause : t.run}
        </button>
        <button type="button" onClick={() => act((lab) => lab.turn(5000, 0))}>
          {t.make}
        </button>
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              setRunning(false);
              const before = lab.arenas().length;
              lab.dropMost();
              return t.dropped(lab.arenas().length, before);
            })
          }
        >
          {t.drop}
        </button>
      </div>
      <Figures
        of={[
          [t.made, model.made, "objects made"],
          [t.live, model.live, "objects alive"],
          [t.arenas, arenas.length, "arenas"],
          [t.held, held, "bytes held"],
        ]}
      />
      <ArenaMap arenas={arenas} chosen={chosen} onChoose={setChosen} />
    </LivePart>
  );
}
