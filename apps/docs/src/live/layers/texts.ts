/** What the private heap page's part says. */
import { grouped, translated } from "../../i18n/texts.ts";
import type { Stop } from "./model.ts";

/** What a layer says of a request. */
type Says = {
  readonly [What in Stop["what"]]: (stop: Extract<Stop, { readonly what: What }>) => string;
};

interface LayersTexts {
  readonly title: string;
  readonly ask: string;
  readonly unit: string;
  readonly examples: readonly [int: string, list: string, most: string, more: string];
  readonly example: (what: string, bytes: number) => string;
  readonly label: string;
  readonly none: string;
  readonly layers: Readonly<Record<Stop["layer"], string>>;
  readonly colon: string;
  readonly says: Says;
  readonly servedBy: string;
  readonly blockBytes: string;
  readonly pools: string;
  readonly arenas: string;
  readonly rawBlocks: string;
}

export const texts = translated<LayersTexts>(
  {
    title: "The way of a request",
    ask: "ask for",
    unit: "bytes",
    examples: ["an int", "a list and its head", "the most", "one more"],
    example: (what, bytes) => `${what}: ${bytes}`,
    label: "Layers, from the top",
    none: "No request so far.",
    layers: { domain: "domain", pymalloc: "pymalloc", pool: "pool", arena: "arena", raw: "raw" },
    colon: ": ",
    says: {
      asked: ({ size }) =>
        `PyObject_Malloc(${size}): the OBJ domain calls what is installed there: pymalloc.`,
      nothing: () => "0 bytes: not for pools.",
      tooMuch: ({ size, threshold }) => `${size} is more than ${threshold}: not for pools.`,
      rawBlock: ({ address }) =>
        `The raw allocator (the C library's malloc, in CPython) gives the block at ${address}.`,
      rounded: ({ size, blockBytes, sizeClass }) =>
        `${size === 1 ? "1 byte is" : `${size} bytes are`} rounded up to ${blockBytes}: size class ${sizeClass}.`,
      newArena: ({ bytes }) =>
        `No arena has a free pool: a new one of ${grouped(bytes)} bytes is fetched.`,
      newPool: ({ pool, address }) =>
        `A pool is taken from the arena: the one at ${pool}. Its first free block, at ${address}, is the answer.`,
      poolWithRoom: ({ pool, address }) =>
        `A pool of this class has room: the one at ${pool}. Its first free block, at ${address}, is the answer.`,
      refused: () => "The memory is at its end: the answer is NULL.",
    },
    servedBy: "served by",
    blockBytes: "bytes the block takes",
    pools: "pools in use",
    arenas: "arenas",
    rawBlocks: "raw blocks",
  },
  {
    title: "一次请求走过的路",
    ask: "请求",
    unit: "字节",
    examples: ["一个 int", "一个列表及其 GC 头部", "上限", "再多一个"],
    example: (what, bytes) => `${what}：${bytes}`,
    label: "各层，自上而下",
    none: "还没有请求。",
    layers: { domain: "域", pymalloc: "pymalloc", pool: "pool", arena: "arena", raw: "raw" },
    colon: "：",
    says: {
      asked: ({ size }) => `PyObject_Malloc(${size})：OBJ 域调用安装在那里的分配器：pymalloc。`,
      nothing: () => "0 字节：不由 pool 提供。",
      tooMuch: ({ size, threshold }) => `${size} 大于 ${threshold}：不由 pool 提供。`,
      rawBlock: ({ address }) =>
        `原始分配器（在 CPython 中是 C 库的 malloc）给出地址 ${address} 处的块。`,
      rounded: ({ size, blockBytes, sizeClass }) =>
        `${size} 字节向上取整为 ${blockBytes}：大小类 ${sizeClass}。`,
      newArena: ({ bytes }) =>
        `没有哪个 arena 还有空闲 pool：取得一个 ${grouped(bytes)} 字节的新 arena。`,
      newPool: ({ pool, address }) =>
        `从 arena 中取一个 pool：地址 ${pool} 处的那个。它的第一个空闲块，地址 ${address}，就是结果。`,
      poolWithRoom: ({ pool, address }) =>
        `该大小类有一个 pool 还有空位：地址 ${pool} 处的那个。它的第一个空闲块，地址 ${address}，就是结果。`,
      refused: () => "内存已用尽：结果是 NULL。",
    },
    servedBy: "由谁满足",
    blockBytes: "块占用的字节",
    pools: "使用中的 pool",
    arenas: "arena",
    rawBlocks: "原始块",
  },
);
