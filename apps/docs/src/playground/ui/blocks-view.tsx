/** The blocks of one pool. */
import type { VNode } from "preact";
import type { PoolBlocks } from "../protocol.ts";
import type { Texts } from "./texts.ts";

export interface BlocksViewProps {
  readonly texts: Texts;
  /** null: the pool has no live block. */
  readonly pool: PoolBlocks | null;
  readonly address: number;
}

export function BlocksView({ texts, pool, address }: BlocksViewProps): VNode {
  const at = `0x${address.toString(16)}`;
  if (pool === null) return <p class="play-blocks">{`${at}: ${texts.noBlocks}`}</p>;
  const live = pool.live.reduce((sum, one) => sum + one, 0);
  return (
    <div class="play-blocks" data-live={live} data-capacity={pool.live.length}>
      <p>
        {texts.blocks} {at}: {pool.blockBytes} B, {live} / {pool.live.length}
      </p>
      <div class="play-block-grid" role="img" aria-label={`${live} / ${pool.live.length}`}>
        {pool.live.map((isLive, index) => (
          <span key={index} class={isLive ? "play-block-live" : "play-block-free"} />
        ))}
      </div>
    </div>
  );
}
