/** What the allocator page's part says. */
import { grouped, type Translated, translated } from "../../i18n/texts.ts";
import type { ProgramName } from "./trace.ts";

/** A step of the guide. */
export type StepName = "bump" | "free-list" | "size-classes" | "pools";

/** What is counted of an allocator. */
export type Figure =
  | "live-blocks"
  | "live"
  | "held"
  | "peak"
  | "obtained"
  | "time"
  | "refused"
  | "damaged";

interface AllocatorTexts {
  readonly steps: Readonly<Record<StepName, string>>;
  /** Of a step, in a sentence and above its picture. */
  readonly inText: (step: string) => string;
  readonly tried: (step: string) => string;
  readonly yours: string;
  readonly yourTitle: string;
  readonly beginWith: string;
  readonly editor: string;
  readonly program: string;
  readonly programs: Readonly<Record<ProgramName, string>>;
  readonly run: string;
  readonly runAgain: string;
  readonly running: string;
  readonly moment: string;
  readonly afterCalls: (calls: number) => string;
  readonly live: string;
  readonly held: string;
  readonly peak: (times: string) => string;
  readonly figures: Readonly<Record<Figure, string>>;
  readonly map: (name: string, held: number, live: number) => string;
  readonly cell: (bytes: number) => string;
}

const kibibytes = (bytes: number): string => `${grouped(bytes / 1024)} KiB`;

export const texts: Translated<AllocatorTexts> = translated<AllocatorTexts>(
  {
    steps: {
      bump: "The bump allocator",
      "free-list": "One free list",
      "size-classes": "Size classes",
      pools: "Segregated pools",
    },
    inText: (step) => step.toLowerCase(),
    tried: (step) => `${step}, tried`,
    yours: "your allocator",
    yourTitle: "Your allocator beside pymalloc",
    beginWith: "begin with",
    editor: "Your allocator",
    program: "program",
    programs: {
      "20,000 strs; each 50th stays": "20,000 strs; each 50th stays",
      "strs of all sizes, then others": "strs of all sizes, then others",
      "40,000 strs; all go": "40,000 strs; all go",
      "a list of 30,000 floats, grown by append": "a list of 30,000 floats, grown by append",
      "3,000 dicts come and go": "3,000 dicts come and go",
    },
    run: "Check and run",
    runAgain: "Run again",
    running: "Running …",
    moment: "moment",
    afterCalls: (calls) => `after ${grouped(calls)} calls`,
    live: "in blocks that are handed out",
    held: "held, but in no such block",
    peak: (times) => `At its peak it held ${times} times what pymalloc did.`,
    figures: {
      "live-blocks": "live blocks",
      live: "bytes asked for in them",
      held: "bytes held",
      peak: "bytes held at the peak",
      obtained: "times it asked for memory",
      time: "nanoseconds a call, here and now",
      refused: "requests refused",
      damaged: "blocks damaged",
    },
    map: (name, held, live) =>
      `Memory of ${name}: ${grouped(held)} bytes held, ${grouped(live)} of them in live blocks`,
    cell: (bytes) => `each cell ${kibibytes(bytes)}`,
  },
  {
    steps: {
      bump: "bump 分配器",
      "free-list": "单个空闲列表",
      "size-classes": "大小类",
      pools: "各归各的 pool",
    },
    inText: (step) => step,
    tried: (step) => `${step}：检验`,
    yours: "你的分配器",
    yourTitle: "你的分配器与 pymalloc",
    beginWith: "起点",
    editor: "你的分配器",
    program: "程序",
    programs: {
      "20,000 strs; each 50th stays": "20,000 个 str；每 50 个留下一个",
      "strs of all sizes, then others": "各种大小的 str，然后换一批",
      "40,000 strs; all go": "40,000 个 str；全部丢弃",
      "a list of 30,000 floats, grown by append": "用 append 增长到 30,000 个 float 的 list",
      "3,000 dicts come and go": "3,000 个 dict 来来去去",
    },
    run: "检查并运行",
    runAgain: "再次运行",
    running: "正在运行……",
    moment: "时刻",
    afterCalls: (calls) => `${grouped(calls)} 次调用之后`,
    live: "在已分配的块里",
    held: "占用着，但不在这样的块里",
    peak: (times) => `峰值时占用的内存是 pymalloc 的 ${times} 倍。`,
    figures: {
      "live-blocks": "存活块",
      live: "其中请求的字节",
      held: "占用的字节",
      peak: "峰值时占用的字节",
      obtained: "取内存的次数",
      time: "每次调用的纳秒数（此时此地）",
      refused: "被拒绝的请求",
      damaged: "损坏的块",
    },
    map: (name, held, live) =>
      `${name}：占用 ${grouped(held)} 字节内存，其中 ${grouped(live)} 字节在存活块里`,
    cell: (bytes) => `每格 ${kibibytes(bytes)}`,
  },
);

/** The names of checks where they are not English: by their ids. */
export const checkNames = {
  "zh-CN": {
    A1: "A1 块已对齐，装得下所请求的大小，且不与其他块重叠",
    A2: "A2 请求零字节，得到一个独立的块",
    A3: "A3 calloc 返回清零的内存",
    A4: "A4 对 NULL 调用 realloc 就是分配，realloc 到零字节并不释放",
    A5: "A5 realloc 保留内容，失败时原来的块不变",
    A6: "A6 free(NULL) 什么也不做",
    A7: "A7 内存不足时返回 NULL，不造成任何损害",
    A8: "A8 各个实例除了堆之外不共享任何东西（多个线程依赖这一点）",
    "A1-A7": "A1 到 A7 在随机程序里成立",
    reuse: "释放的内存会再次使用",
    objects: "Python 的对象可以住在它上面",
    joins: "60 个释放的 1,000 字节的块，能为一个 50,000 字节的块腾出空间",
    "gives-back": "所有的块都释放之后，最多留下 80,000 字节",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;
