/** What the components say that parts are made of. */
import { grouped, many, translated } from "../../i18n/texts.ts";

/** A pool that is spoken of. */
interface PoolAt {
  readonly arena: number;
  readonly pool: number;
  readonly address: string;
}

export const stepper = translated(
  {
    first: "First",
    back: "Back",
    next: "Next",
    last: "Last",
    slider: (label: string) => `${label}: step`,
    step: (n: number, count: number) => `step ${n} of ${count}`,
  },
  {
    first: "开头",
    back: "上一步",
    next: "下一步",
    last: "结尾",
    slider: (label) => `${label}：步骤`,
    step: (n, count) => `第 ${n} 步，共 ${count} 步`,
  },
);

export const bytesView = translated(
  {
    dump: (label: string, bytes: number) =>
      `${label}: ${many(bytes, "byte")}; the table below names them`,
    fields: (label: string) => `Fields of ${label}`,
    at: "at",
    field: "field",
    value: "value",
    meaning: "meaning",
  },
  {
    dump: (label, bytes) => `${label}：${grouped(bytes)} 字节，含义见下表`,
    fields: (label) => `字段：${label}`,
    at: "偏移",
    field: "字段",
    value: "值",
    meaning: "含义",
  },
);

export const graphView = translated(
  {
    edge: (from: string, to: string, count: number) =>
      count === 1 ? `${from} refers to ${to}` : `${from} refers to ${to} ${count} times`,
    node: (name: string, description: string) => `${name}: ${description}`,
  },
  {
    edge: (from, to, count) =>
      count === 1 ? `${from} 引用 ${to}` : `${from} 引用 ${to} ${count} 次`,
    node: (name, description) => `${name}：${description}`,
  },
);

export const arenaMap = translated(
  {
    map: (summary: string) => `Map of the arenas: ${summary}. Arrow keys choose a pool.`,
    none: "no arena",
    summary: (arenas: number, pools: number, all: number) =>
      `${many(arenas, "arena")}, ${grouped(pools)} of ${grouped(all)} pools in use`,
    inUse: "blocks in use",
    freeBlocks: "free blocks of a pool in use",
    freePool: "free pool",
    gone: "This pool's arena has been given back.",
    poolFree: ({ arena, pool, address }: PoolAt) =>
      `Arena ${arena}, pool ${pool} at ${address}: free.`,
    pool: ({ arena, pool, address }: PoolAt, blockBytes: number, live: number, capacity: number) =>
      `Arena ${arena}, pool ${pool} at ${address}: blocks of ${blockBytes} bytes, ${live} of ${capacity} in use${
        live === capacity ? " (full)" : ""
      }.`,
    table: "The map as a table",
    tableLabel: "Pools in use",
    columns: ["pool", "block size", "in use", "of"] as readonly string[],
    morePools: (more: number) => `… and ${many(more, "more pool", "more pools")}.`,
  },
  {
    map: (summary) => `arena 分布图：${summary}。用方向键选择 pool。`,
    none: "没有 arena",
    summary: (arenas, pools, all) =>
      `${grouped(arenas)} 个 arena，${grouped(all)} 个 pool 中使用了 ${grouped(pools)} 个`,
    inUse: "使用中的块",
    freeBlocks: "使用中的 pool 内的空闲块",
    freePool: "空闲 pool",
    gone: "该 pool 所在的 arena 已归还。",
    poolFree: ({ arena, pool, address }) => `arena ${arena}，pool ${pool}，地址 ${address}：空闲。`,
    pool: ({ arena, pool, address }, blockBytes, live, capacity) =>
      `arena ${arena}，pool ${pool}，地址 ${address}：块大小 ${blockBytes} 字节，${capacity} 个中使用了 ${live} 个${
        live === capacity ? "（已满）" : ""
      }。`,
    table: "以表格显示",
    tableLabel: "使用中的 pool",
    columns: ["pool", "块大小", "使用中", "总数"],
    morePools: (more) => `……另有 ${grouped(more)} 个 pool。`,
  },
);

export const exercise = translated(
  {
    label: "Exercise",
    answer: "Your answer",
    check: "Check",
    show: "Show",
    right: (answer: string) => `Right: ${answer}.`,
    notYet: "Not yet. Try it in the live part, or show the answer.",
    answerIs: (answer: string) => `The answer is ${answer}.`,
  },
  {
    label: "练习",
    answer: "你的答案",
    check: "检查",
    show: "显示答案",
    right: (answer) => `正确：${answer}。`,
    notYet: "还不对。可以在上面的演示中试一试，或显示答案。",
    answerIs: (answer) => `答案：${answer}。`,
  },
);
