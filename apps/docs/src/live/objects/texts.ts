/** What the objects page's part says. */
import { grouped, translated } from "../../i18n/texts.ts";
import type { Meaning } from "./model.ts";

/** What the reader has done. */
export type Deed = "bind" | "unbind" | "box" | "unbox";

interface ObjectTexts {
  readonly title: string;
  readonly reset: string;
  readonly changed: (deed: Deed, before: number, after: number) => string;
  readonly died: (deed: Deed) => string;
  readonly refcount: string;
  readonly names: string;
  readonly none: string;
  readonly boxed: string;
  readonly state: string;
  readonly alive: string;
  readonly dead: string;
  readonly bytes: (kind: string) => string;
  readonly meanings: Readonly<Record<Meaning, string>>;
  readonly type: (name: string) => string;
}

const deeds: Readonly<Record<Deed, string>> = {
  bind: "Another name.",
  unbind: "A name less.",
  box: "The list box holds it.",
  unbox: "box is empty.",
};
const deedsChinese: Readonly<Record<Deed, string>> = {
  bind: "多了一个名称。",
  unbind: "少了一个名称。",
  box: "列表 box 持有它。",
  unbox: "box 已清空。",
};

export const texts = translated<ObjectTexts>(
  {
    title: "An object in memory",
    reset: "start again",
    changed: (deed, before, after) =>
      before === after
        ? `${deeds[deed]} The count is still ${grouped(after)}: this object is immortal.`
        : `${deeds[deed]} The count went from ${grouped(before)} to ${grouped(after)}.`,
    died: (deed) =>
      `${deeds[deed]} The count fell to 0: the object is dead. Its bytes are still there, until someone else gets the block.`,
    refcount: "reference count",
    names: "names",
    none: "none",
    boxed: "in box",
    state: "state",
    alive: "alive",
    dead: "dead",
    bytes: (kind) => `the object ${kind}`,
    meanings: {
      gcNext: "next object that the collector watches; 0: not watched",
      gcPrev: "the one before; two bits are flags",
      refcount: "reference count",
      double: "the value, a C double",
      tag: "digits × 8, and the sign in the low bits",
      digits: "number of digits; its sign is the int's",
      digit: "30 bits of the value",
      characters: "characters",
      hash: "all ones: not computed yet",
      state: "interned, width of a character, ASCII …",
      text: "one byte a character, and a 0 at the end",
      items: "number of items",
      tupleHash: "hash, once computed (3.14 and later)",
      one: "the int 1, a cached one",
      two: "the int 2",
      itemsAt: "where the items are: a block of their own",
      room: "items that fit in there",
    },
    type: (name) => `its type: ${name}`,
  },
  {
    title: "内存中的一个对象",
    reset: "重新开始",
    changed: (deed, before, after) =>
      before === after
        ? `${deedsChinese[deed]}计数仍是 ${grouped(after)}：这个对象是永生的。`
        : `${deedsChinese[deed]}计数从 ${grouped(before)} 变为 ${grouped(after)}。`,
    died: (deed) =>
      `${deedsChinese[deed]}计数降为 0：对象已死亡。它的字节仍在那里，直到这个块被分配给别人。`,
    refcount: "引用计数",
    names: "名称",
    none: "无",
    boxed: "box 中",
    state: "状态",
    alive: "存活",
    dead: "已死亡",
    bytes: (kind) => `对象 ${kind}`,
    meanings: {
      gcNext: "回收器跟踪的下一个对象；0：未被跟踪",
      gcPrev: "前一个对象；其中两位是标志",
      refcount: "引用计数",
      double: "值，C 的 double",
      tag: "数位的个数 × 8，低位是符号",
      digits: "数位的个数；它的符号就是该 int 的符号",
      digit: "值的 30 个二进制位",
      characters: "字符数",
      hash: "全为 1：尚未计算",
      state: "是否驻留，字符宽度，是否 ASCII 等",
      text: "每个字符一个字节，末尾是 0",
      items: "元素个数",
      tupleHash: "哈希值，计算之后才有（3.14 及以后）",
      one: "int 1，缓存的小整数",
      two: "int 2",
      itemsAt: "元素所在的地址：一个单独的块",
      room: "那里放得下的元素个数",
    },
    type: (name) => `它的类型：${name}`,
  },
);
