/** How few survivors hold how many arenas. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { ArenaMap } from "../shared/ArenaMap.tsx";
import { Choice, Figures, LivePart } from "../shared/LivePart.tsx";
import { survive } from "./model.ts";

const KEEP = ["0", "1", "10", "255", "1000", "5000", "20000"] as const;
const VERSIONS = ["3.8", "3.9", "3.13"] as const;
const COUNT = 100_000;

export function Freed(): JSX.Element {
  const [keep, setKeep] = useState<(typeof KEEP)[number]>("1000");
  const [order, setOrder] = useState<"scattered" | "together">("scattered");
  const [python, setPython] = useState<(typeof VERSIONS)[number]>("3.13");
  const [chosen, setChosen] = useState<number | undefined>();
  const { before, after, arenas, ratio } = useMemo(
    () => survive({ count: COUNT, size: 64, keepOneIn: Number(keep), order, python }),
    [keep, order, python],
  );
  return (
    <LivePart title="100,000 blocks of 64 bytes, most of them given back">
      <div class="live-row">
        <Choice
          label="survivors"
          value={keep}
          options={KEEP.map(
            (n) =>
              [
                n,
                n === "0" ? "none" : n === "1" ? "all" : `one in ${Number(n).toLocaleString("en")}`,
              ] as const,
          )}
          onChoose={setKeep}
        />
        <Choice
          label="made"
          value={order}
          options={[
            ["scattered", "among the others"],
            ["together", "before the others"],
          ]}
          onChoose={setOrder}
        />
        <Choice label="CPython" value={python} options={VERSIONS} onChoose={setPython} />
      </div>
      <Figures
        of={[
          ["arenas before", before.arenas],
          ["arenas after", after.arenas],
          ["live blocks", after.liveBlocks],
          ["live bytes", after.liveBytes],
          ["bytes held", after.arenaBytes],
          ["held for each live byte", ratio === 0 ? "–" : ratio.toFixed(1)],
        ]}
      />
      <ArenaMap arenas={arenas} chosen={chosen} onChoose={setChosen} />
    </LivePart>
  );
}
