/** What the memory layout page's part says. */
import { grouped, many, translated } from "../../i18n/texts.ts";
import type { RegionName } from "./model.ts";

interface MemoryTexts {
  readonly title: string;
  readonly call: string;
  readonly called: (depth: number) => string;
  readonly unwind: string;
  readonly unwound: string;
  readonly small: string;
  readonly smallMade: string;
  readonly large: string;
  readonly largeMade: string;
  readonly drop: string;
  readonly dropped: string;
  readonly reset: string;
  readonly bar: (bytes: number, kinds: readonly (readonly [string, number])[]) => string;
  readonly stretch: (name: string, address: string, bytes: number) => string;
  readonly regions: Readonly<Record<RegionName, string>>;
  readonly memory: string;
  readonly frames: string;
  readonly objects: string;
  readonly columns: readonly [what: string, bytes: string, inUse: string];
}

export const texts = translated<MemoryTexts>(
  {
    title: "One linear memory, all of it",
    call: "call 100 levels deep",
    called: (depth) => `${many(depth, "frame")} on the stack.`,
    unwind: "return from all",
    unwound: "All functions have returned.",
    small: "20,000 floats",
    smallMade: "20,000 floats made.",
    large: "500,000 bytes",
    largeMade: "One bytes object of 500,000 made.",
    drop: "drop objects",
    dropped: "All of them dropped.",
    reset: "start again",
    bar: (bytes, kinds) =>
      `${grouped(bytes)} bytes: ${kinds.map(([name, size]) => `${name} ${grouped(size)}`).join(", ")}`,
    stretch: (name, address, bytes) => `${name}, ${address}, ${grouped(bytes)} bytes`,
    regions: {
      header: "header",
      "static data": "static data",
      "data stack": "data stack",
      "object heap": "object heap",
      "raw blocks": "raw blocks",
      free: "free",
    },
    memory: "memory",
    frames: "frames",
    objects: "objects kept",
    columns: ["what", "bytes", "in use"],
  },
  {
    title: "整块线性内存",
    call: "调用 100 层",
    called: (depth) => `栈上有 ${grouped(depth)} 个帧。`,
    unwind: "全部返回",
    unwound: "所有函数均已返回。",
    small: "20,000 个 float",
    smallMade: "已创建 20,000 个 float。",
    large: "500,000 字节",
    largeMade: "已创建一个 500,000 字节的 bytes 对象。",
    drop: "丢弃对象",
    dropped: "已全部丢弃。",
    reset: "重新开始",
    bar: (bytes, kinds) =>
      `共 ${grouped(bytes)} 字节：${kinds.map(([name, size]) => `${name} ${grouped(size)}`).join("，")}`,
    stretch: (name, address, bytes) => `${name}，${address}，${grouped(bytes)} 字节`,
    regions: {
      header: "头部",
      "static data": "静态数据",
      "data stack": "数据栈",
      "object heap": "对象堆",
      "raw blocks": "原始块",
      free: "空闲",
    },
    memory: "内存",
    frames: "帧",
    objects: "保留的对象",
    columns: ["区域", "字节", "使用中"],
  },
);

/** The words among the answers: names of regions. */
export const words = translated(texts.en.regions, texts["zh-CN"].regions);
