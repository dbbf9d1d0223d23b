/** What the generations page's part says. */
import { grouped, many, translated } from "../../i18n/texts.ts";
import type { Fate, GenerationsLab } from "./model.ts";

type Phase = NonNullable<ReturnType<GenerationsLab["progress"]>>["phase"];

interface GenerationTexts {
  readonly title: string;
  readonly incremental: string;
  readonly threshold: string;
  readonly lists: string;
  readonly fates: Readonly<Record<Fate, string>>;
  readonly make: string;
  readonly made: (collections: number, looked: number, freed: number) => string;
  readonly reset: string;
  readonly listsMade: string;
  readonly sizes: string;
  readonly collections: string;
  readonly looked: string;
  readonly phase: string;
  readonly phases: Readonly<Record<Phase, string>>;
  readonly workToDo: string;
  readonly generation: (n: number) => string;
  readonly increment: string;
  readonly table: string;
  readonly tableLabel: string;
  readonly columns: readonly [after: string, generation: string, looked: string, collected: string];
  readonly chart: (collections: number, lists: number, most: number) => string;
  readonly axis: (lists: number) => string;
  readonly most: (objects: number) => string;
}

export const texts = translated<GenerationTexts>(
  {
    title: "Collections that run by themselves",
    incremental: "3.14.0 to 3.14.4 (incremental)",
    threshold: "threshold 0",
    lists: "lists",
    fates: { keep: "keep", "drop in cycles": "drop in cycles" },
    make: "make 20,000 lists",
    made: (collections, looked, freed) =>
      collections === 0
        ? "20,000 lists made, and no collection."
        : `20,000 lists made: ${many(collections, "collection")}, which looked at ${many(looked, "object")} and freed ${grouped(freed)}.`,
    reset: "start again",
    listsMade: "lists made",
    sizes: "objects by generation",
    collections: "collections",
    looked: "objects looked at, in all",
    phase: "phase",
    phases: { mark: "mark", collect: "collect" },
    workToDo: "work to do",
    generation: (n) => `generation ${n}`,
    increment: "increment",
    table: "The collections as a table",
    tableLabel: "Collections",
    columns: ["after lists", "generation", "looked at", "collected"],
    chart: (collections, lists, most) =>
      `${many(collections, "collection")} over ${many(lists, "list")}; the largest looked at ${many(most, "object")}. The table below has each.`,
    axis: (lists) => many(lists, "list"),
    most: (objects) => `${many(objects, "object")} looked at`,
  },
  {
    title: "自动进行的回收",
    incremental: "3.14.0 到 3.14.4（增量）",
    threshold: "阈值 0",
    lists: "列表",
    fates: { keep: "保留", "drop in cycles": "以循环的形式丢弃" },
    make: "创建 20,000 个列表",
    made: (collections, looked, freed) =>
      collections === 0
        ? "已创建 20,000 个列表，没有发生回收。"
        : `已创建 20,000 个列表：${grouped(collections)} 次回收，共查看 ${grouped(looked)} 个对象，释放 ${grouped(freed)} 个。`,
    reset: "重新开始",
    listsMade: "已创建的列表",
    sizes: "各代的对象",
    collections: "回收次数",
    looked: "共查看的对象",
    phase: "阶段",
    phases: { mark: "标记", collect: "回收" },
    workToDo: "待做的工作",
    generation: (n) => `第 ${n} 代`,
    increment: "增量",
    table: "以表格显示各次回收",
    tableLabel: "各次回收",
    columns: ["已创建列表", "代", "查看", "回收"],
    chart: (collections, lists, most) =>
      `${grouped(lists)} 个列表 期间有 ${grouped(collections)} 次回收；最大的一次查看了 ${grouped(most)} 个对象。各次回收见下表。`,
    axis: (lists) => `${grouped(lists)} 个列表`,
    most: (objects) => `查看了 ${grouped(objects)} 个对象`,
  },
);
