/** How few survivors hold how many arenas. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { PartProps } from "../../i18n/texts.ts";
import { ArenaMap } from "../shared/ArenaMap.tsx";
import { Choice, Figures, LivePart } from "../shared/LivePart.tsx";
import { survive } from "./model.ts";
import { texts } from "./texts.ts";

const KEEP = ["0", "1", "10", "255", "1000", "5000", "20000"] as const;
const VERSIONS = ["3.8", "3.9", "3.13"] as const;
const COUNT = 100_000;

export function Freed({ language = "en" }: PartProps): JSX.Element {
  const t = texts[language];
  const [keep, setKeep] = useState<(typeof KEEP)[number]>("1000");
  const [order, setOrder] = useState<"scattered" | "together">("scattered");
  const [python, setPython] = useState<(typeof VERSIONS)[number]>("3.13");
  const [chosen, setChosen] = useState<number | undefined>();
  const { before, after, arenas, ratio } = useMemo(
    () => survive({ count: COUNT, size: 64, keepOneIn: Number(keep), order, python }),
    [keep, order, python],
  );
  return (
    <LivePart title={t.title} language={language}>
      <div class="live-row">
        <Choice
          label={t.survivors}
          value={keep}
          options={KEEP.map(
            (n) => [n, n === "0" ? t.none : n === "1" ? t.all : t.oneIn(Number(n))] as const,
          )}
          onChoose={setKeep}
        />
        <Choice
          label={t.made}
          value={order}
          options={[
            ["scattered", t.scattered],
            ["together", t.together],
          ]}
          onChoose={setOrder}
        />
        <Choice label="CPython" value={python} options={VERSIONS} onChoose={setPython} />
      </div>
      <Figures
        of={[
          [t.before, before.arenas, "arenas before"],
          [t.after, after.arenas, "arenas after"],
          [t.liveBlocks, after.liveBlocks, "live blocks"],
          [t.liveBytes, after.liveBytes, "live bytes"],
          [t.held, after.arenaBytes, "bytes held"],
          [t.ratio, ratio === 0 ? "–" : ratio.toFixed(1), "held for each live byte"],
        ]}
      />
      <ArenaMap arenas={arenas} chosen={chosen} onChoose={setChosen} />
    </LivePart>
  );
}
