/** What the reuse page's parts say. */
import { grouped, translated } from "../../i18n/texts.ts";
import type { Recyclable } from "./model.ts";

export const same = translated(
  {
    title: "Are they one object?",
    ints: "two ints",
    strs: "two strs",
    results: "Results",
    columns: [
      "made twice, at run time",
      "id of the first",
      "id of the second",
      "a is b",
    ] as readonly string[],
  },
  {
    title: "它们是同一个对象吗？",
    ints: "两个 int",
    strs: "两个 str",
    results: "结果",
    columns: ["在运行时创建两次", "第一个的 id", "第二个的 id", "a is b"],
  },
);

interface FreeListTexts {
  readonly title: string;
  readonly type: string;
  readonly kinds: Readonly<Record<Recyclable, string>>;
  readonly make: string;
  readonly made: (reused: number) => string;
  readonly drop: string;
  readonly dropped: (count: number) => string;
  readonly collected: string;
  readonly live: string;
  readonly kept: (name: string, bytes: number) => string;
}

export const freeLists = translated<FreeListTexts>(
  {
    title: "Objects that wait for the next",
    type: "type",
    kinds: { list: "list", float: "float", dict: "dict", "tuple of 2": "tuple of 2" },
    make: "make 100",
    made: (reused) =>
      `100 made; ${grouped(reused)} of them ${reused === 1 ? "lies" : "lie"} where one died before.`,
    drop: "drop all",
    dropped: (count) => `${grouped(count)} dropped.`,
    collected: "A full collection empties the free lists.",
    live: "alive",
    kept: (name, bytes) => `${name}, ${bytes} bytes each`,
  },
  {
    title: "留待下次使用的对象",
    type: "类型",
    kinds: { list: "list", float: "float", dict: "dict", "tuple of 2": "两个元素的 tuple" },
    make: "创建 100 个",
    made: (reused) => `已创建 100 个，其中 ${grouped(reused)} 个位于先前死亡的对象的位置。`,
    drop: "全部丢弃",
    dropped: (count) => `已丢弃 ${grouped(count)} 个。`,
    collected: "一次完整的回收会清空空闲列表。",
    live: "存活",
    kept: (name, bytes) => `${name}，每个 ${bytes} 字节`,
  },
);
