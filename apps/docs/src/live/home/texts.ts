/** What the first page's picture says. */
import { many, translated } from "../../i18n/texts.ts";

export const texts = translated(
  {
    title: "A Python heap, in this page",
    run: "Run a program",
    pause: "Pause",
    make: "Make 5,000 objects",
    drop: "Drop 99 of 100",
    dropped: (left: number, before: number) =>
      `One object in a hundred is left, and ${left} of ${many(before, "arena")}.`,
    made: "objects made",
    live: "objects alive",
    arenas: "arenas",
    held: "bytes held",
  },
  {
    title: "本页中的一个 Python 堆",
    run: "运行程序",
    pause: "暂停",
    make: "创建 5,000 个对象",
    drop: "丢弃百分之九十九",
    dropped: (left, before) => `每一百个对象剩下一个；${before} 个 arena 剩下 ${left} 个。`,
    made: "已创建的对象",
    live: "存活的对象",
    arenas: "arena",
    held: "占用的字节",
  },
);
