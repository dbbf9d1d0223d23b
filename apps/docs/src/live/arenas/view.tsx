/** Ask for blocks, give them back, and look into pools. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ArenaMap } from "../shared/ArenaMap.tsx";
import { BytesView } from "../shared/BytesView.tsx";
import { hexOf, type PoolInside } from "../shared/heap-map.ts";
import { Choice, Figures, LivePart, NumberField } from "../shared/LivePart.tsx";
import { useModel } from "../shared/model.ts";
import { ArenaLab } from "./model.ts";

const VERSIONS = ["3.8", "3.9", "3.13", "3.15"] as const;

export function Arenas(): JSX.Element {
  const [python, setPython] = useState<(typeof VERSIONS)[number]>("3.13");
  const [size, setSize] = useState(48);
  const [count, setCount] = useState(1000);
  const [chosen, setChosen] = useState<number | undefined>();
  const { model, act, status, failed, reset } = useModel(() => new ArenaLab(python), [python]);
  const totals = model.totals();
  const inside = chosen === undefined ? undefined : model.pool(chosen);
  return (
    <LivePart title="pymalloc at work: blocks, pools, arenas" status={status} failed={failed}>
      <div class="live-row">
        <NumberField label="ask for" value={count} min={1} max={200_000} onChange={setCount} />
        <NumberField label="blocks of" value={size} min={1} max={2000} onChange={setSize} />
        bytes
        <button
          type="button"
          onClick={() =>
            act((lab) => {
              const got = lab.allocate(count, size);
              return `${got.length.toLocaleString("en")} blocks of ${size} bytes: the first at ${hexOf(got[0] ?? 0)}, the last at ${hexOf(got.at(-1) ?? 0)}.`;
            })
          }
        >
          malloc
        </button>
        <button type="button" onClick={() => act((lab) => freed(lab.freeEach(2)))}>
          free every second
        </button>
        <button type="button" onClick={() => act((lab) => freed(lab.freeEach(1)))}>
          free all
        </button>
        <button type="button" onClick={reset}>
          start again
        </button>
        <Choice label="CPython" value={python} options={VERSIONS} onChoose={setPython} />
      </div>
      <Figures
        of={[
          ["live blocks", totals.liveBlocks],
          ["bytes asked for", totals.askedBytes],
          ["bytes in blocks", totals.liveBytes],
          ["pools in use", totals.pools],
          ["arenas", totals.arenas],
          ["bytes in arenas", totals.arenaBytes],
          ["raw blocks", totals.rawBlocks],
        ]}
      />
      <ArenaMap arenas={model.arenas()} chosen={chosen} onChoose={setChosen} />
      {inside !== undefined && <Pool inside={inside} />}
    </LivePart>
  );
}

function freed(blocks: number): string {
  return `${blocks.toLocaleString("en")} blocks given back.`;
}

function Pool({ inside }: { readonly inside: PoolInside }): JSX.Element {
  const live = inside.blocks.filter((state) => state === "live").length;
  const virgin = inside.blocks.filter((state) => state === "virgin").length;
  return (
    <>
      <p>
        The pool at {hexOf(inside.base)}: its header, as it stands in memory, then{" "}
        {inside.blocks.length} blocks of {inside.blockBytes} bytes: {live} handed out,{" "}
        {inside.freeList.length} in the free list, {virgin} never used so far.
      </p>
      <BytesView
        label="pool header"
        base={inside.base}
        bytes={inside.bytes}
        fields={inside.header}
      />
      <div
        class="blocks"
        role="img"
        aria-label={`${live} blocks handed out, ${inside.freeList.length} in the free list, ${virgin} never used`}
      >
        {inside.blocks.map((state, n) => (
          <i key={n} class={`is-${state}`} />
        ))}
      </div>
      <p>
        Next to be handed out:{" "}
        {inside.freeList.length === 0
          ? "none, the pool is full"
          : inside.freeList.slice(0, 5).map(hexOf).join(" → ") +
            (inside.freeList.length > 5 ? " → …" : " → NULL")}
      </p>
    </>
  );
}
