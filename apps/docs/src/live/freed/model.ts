/** The freed memory page: many blocks are made, most are given back, and what is left holds arenas. */
import { ArenaLab, type ArenaTotals } from "../arenas/model.ts";
import type { ArenaCell } from "../shared/heap-map.ts";

/** Which blocks survive. */
export interface Survival {
  readonly count: number;
  readonly size: number;
  /** One of so many blocks stays; 0: none. */
  readonly keepOneIn: number;
  /** The survivors were made scattered among the others, or all before them. */
  readonly order: "scattered" | "together";
  readonly python: string;
}

/** What was there before and after. */
export interface Aftermath {
  readonly before: ArenaTotals;
  readonly after: ArenaTotals;
  readonly arenas: readonly ArenaCell[];
  /** Bytes that are held for each live byte; of nothing live: 0. */
  readonly ratio: number;
}

export function survive({ count, size, keepOneIn, order, python }: Survival): Aftermath {
  const lab = new ArenaLab(python);
  const addresses = lab.allocate(count, size);
  const before = lab.totals();
  const survivors = keepOneIn === 0 ? 0 : Math.ceil(count / keepOneIn);
  const stays = (n: number): boolean =>
    order === "together" ? n < survivors : keepOneIn !== 0 && n % keepOneIn === 0;
  const { pymalloc } = lab;
  addresses.forEach((address, n) => {
    if (!stays(n)) pymalloc.free(pymalloc.ctx, address);
  });
  const arenas = lab.arenas();
  const liveBytes = arenas
    .flatMap(({ used }) => used)
    .reduce((sum, { inUse, blockBytes }) => sum + inUse * blockBytes, 0);
  const totals = lab.totals();
  return {
    before,
    after: { ...totals, liveBlocks: survivors, askedBytes: survivors * size, liveBytes },
    arenas,
    ratio: liveBytes === 0 ? 0 : totals.arenaBytes / liveBytes,
  };
}
