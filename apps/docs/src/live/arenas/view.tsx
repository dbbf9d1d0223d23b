/** Ask for blocks, give them back, and look into pools. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { PartProps } from "../../i18n/texts.ts";
import { ArenaMap } from "../shared/ArenaMap.tsx";
import { BytesView } from "../shared/BytesView.tsx";
import { hexOf, type PoolInside } from "../shared/heap-map.ts";
import { Choice, Figures, LivePart, NumberField } from "../shared/LivePart.tsx";
import { useTexts } from "../shared/language.ts";
import { useModel } from "../shared/model.ts";
import { ArenaLab } from "./model.ts";
import { poolFields, texts } from "./texts.ts";

const VERSIONS = ["3.8", "3.9", "3.13", "3.15"] as const;

export function Arenas({ language = "en" }: PartProps): JSX.Element {
  const t = texts[language];
  const [python, setPython] = useState<(typeof VERSIONS)[number]>("3.13");
  const [size, setSize] = useState(48);
  const [count, setCount] = useState(1000);
  const [chosen, setChosen] = useState<number | undefined>();
  const { model, act, status, failed, reset } = useModel(() => new ArenaLab(python), [python]);
  const totals = model.totals();
  const inside = chosen === undefined ? undefined : model.pool(chosen);
  return (
    <LivePart title={t.title} language={language} status={status} failed={failed}>
      <div class="live-row">
        <NumberField label={t.count} value={count} min={1} max={200_000} onChange={setCount} />
        <NumberField
          label={t.size}
          after={t.sizeUnit}
          value={size}
          min={1}
          max={2000}
          onChange={setSize}
        />
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              const got = lab.allocate(count, size);
              const [first, last] = [got[0], got.at(-1)];
              return first === undefined || last === undefined
                ? t.none
                : t.allocated(got.length, size, hexOf(first), hexOf(last));
            })
          }
        >
          malloc
        </button>
        <button type="button" onClick={() => act((lab) => t.freed(lab.freeEach(2)))}>
          {t.freeHalf}
        </button>
        <button type="button" onClick={() => act((lab) => t.freed(lab.freeEach(1)))}>
          {t.freeAll}
        </button>
        <button type="button" onClick={reset}>
          {t.reset}
        </button>
        <Choice label="CPython" value={python} options={VERSIONS} onChoose={setPython} />
      </div>
      <Figures
        of={[
          [t.liveBlocks, totals.liveBlocks, "live blocks"],
          [t.askedBytes, totals.askedBytes, "bytes asked for"],
          [t.liveBytes, totals.liveBytes, "bytes in blocks"],
          [t.pools, totals.pools, "pools in use"],
          [t.arenas, totals.arenas, "arenas"],
          [t.arenaBytes, totals.arenaBytes, "bytes in arenas"],
          [t.rawBlocks, totals.rawBlocks, "raw blocks"],
        ]}
      />
      <ArenaMap arenas={model.arenas()} chosen={chosen} onChoose={setChosen} />
      {inside !== undefined && <Pool inside={inside} />}
    </LivePart>
  );
}

function Pool({ inside }: { readonly inside: PoolInside }): JSX.Element {
  const t = useTexts(texts);
  const meanings = useTexts(poolFields);
  const live = inside.blocks.filter((state) => state === "live").length;
  const virgin = inside.blocks.filter((state) => state === "virgin").length;
  const free = inside.freeList.length;
  return (
    <>
      <p>
        {t.pool(hexOf(inside.base), inside.blocks.length, inside.blockBytes, {
          live,
          free,
          virgin,
        })}
      </p>
      <BytesView
        label={t.header}
        base={inside.base}
        bytes={inside.bytes}
        fields={inside.header.map((field) => ({ ...field, help: meanings[field.name] }))}
      />
      <div class="blocks" role="img" aria-label={t.blocks(live, free, virgin)}>
        {inside.blocks.map((state, n) => (
          <i key={n} class={`is-${state}`} />
        ))}
      </div>
      <p>
        {free === 0
          ? t.full
          : t.next(
              inside.freeList.slice(0, 5).map(hexOf).join(" → ") + (free > 5 ? " → …" : " → NULL"),
            )}
      </p>
    </>
  );
}
