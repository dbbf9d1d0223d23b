/** What the arenas page's part says. */
import { type PoolField, poolHeader } from "@pyrena/pymalloc";
import { grouped, many, translated } from "../../i18n/texts.ts";

export const texts = translated(
  {
    title: "pymalloc at work: blocks, pools, arenas",
    count: "ask for",
    size: "blocks of",
    sizeUnit: "bytes",
    freeHalf: "free every second",
    freeAll: "free all",
    reset: "start again",
    allocated: (count: number, size: number, first: string, last: string) =>
      `${many(count, "block")} of ${many(size, "byte")}: the first at ${first}, the last at ${last}.`,
    none: "No block: the memory is at its end.",
    freed: (count: number) => `${many(count, "block")} given back.`,
    liveBlocks: "live blocks",
    askedBytes: "bytes asked for",
    liveBytes: "bytes in blocks",
    pools: "pools in use",
    arenas: "arenas",
    arenaBytes: "bytes in arenas",
    rawBlocks: "raw blocks",
    pool: (
      address: string,
      blocks: number,
      size: number,
      { live, free, virgin }: { live: number; free: number; virgin: number },
    ) =>
      `The pool at ${address}: its header, as it stands in memory, then ${many(blocks, "block")} of ${size} bytes: ${live} handed out, ${free} in the free list, ${virgin} never used so far.`,
    header: "pool header",
    blocks: (live: number, free: number, virgin: number) =>
      `${many(live, "block")} handed out, ${free} in the free list, ${virgin} never used`,
    next: (addresses: string) => `Next to be handed out: ${addresses}`,
    full: "Next to be handed out: none, the pool is full",
  },
  {
    title: "pymalloc 如何工作：block、pool、arena",
    count: "块数",
    size: "每块",
    sizeUnit: "字节",
    freeHalf: "每隔一块释放",
    freeAll: "全部释放",
    reset: "重新开始",
    allocated: (count, size, first, last) =>
      `已分配 ${grouped(count)} 个 ${grouped(size)} 字节的块：第一个在 ${first}，最后一个在 ${last}。`,
    none: "未分配到块：内存已用尽。",
    freed: (count) => `已释放 ${grouped(count)} 个块。`,
    liveBlocks: "存活块",
    askedBytes: "请求的字节",
    liveBytes: "块占用的字节",
    pools: "使用中的 pool",
    arenas: "arena",
    arenaBytes: "arena 占用的字节",
    rawBlocks: "原始块",
    pool: (address, blocks, size, { live, free, virgin }) =>
      `地址 ${address} 处的 pool：先是内存中的头部，然后是 ${grouped(blocks)} 个 ${size} 字节的块：${live} 个已分配，${free} 个在空闲列表中，${virgin} 个从未使用。`,
    header: "pool 头部",
    blocks: (live, free, virgin) =>
      `${grouped(live)} 个块已分配，${free} 个在空闲列表中，${virgin} 个从未使用`,
    next: (addresses) => `接下来依次分配：${addresses}`,
    full: "接下来依次分配：无，该 pool 已满",
  },
);

/** What the fields of a pool header mean: in English, as the package's own table has it. */
export const poolFields = translated<Readonly<Record<PoolField, string>>>(
  Object.fromEntries(
    Object.entries(poolHeader.fields).map(([name, spec]) => [
      name,
      typeof spec === "string" ? "" : (spec.help ?? ""),
    ]),
  ) as Record<PoolField, string>,
  {
    count: "已分配的块数",
    freeblock: "空闲块链表的表头",
    nextpool: "所在链表（usedpools 或 freepools）的后一个",
    prevpool: "所在 usedpools 链表的前一个",
    arenaindex: "所属 arena 的记录的下标",
    szidx: "大小类",
    nextoffset: "第一个从未使用的块的偏移",
    maxnextoffset: "还放得下一个块的最大 nextoffset",
  },
);

/** The words among the answers. */
export const words = translated(
  { first: "first", second: "second", neither: "neither" },
  { first: "第一个", second: "第二个", neither: "都不是" },
);
