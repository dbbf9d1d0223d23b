/** What the debug hooks page's part says. */
import { many, translated } from "../../i18n/texts.ts";
import type { FenceField } from "./model.ts";

interface DebugTexts {
  readonly title: string;
  readonly write: string;
  readonly written: (bytes: number) => string;
  readonly offset: string;
  readonly stands: string;
  readonly broken: string;
  readonly reset: string;
  readonly asked: string;
  readonly fenced: string;
  readonly block: string;
  readonly state: string;
  readonly freed: string;
  readonly live: string;
  readonly bytes: string;
  readonly fields: Readonly<Record<FenceField, readonly [name: string, meaning: string]>>;
}

export const texts = translated<DebugTexts>(
  {
    title: "malloc(10), in debug hooks",
    write: "write",
    written: (bytes) => `${many(bytes, "byte")} written, the 0 at the end included.`,
    offset: "offset from p",
    stands: "free(p): all fences stand.",
    broken: "free(p): CPython would print this, and abort.",
    reset: "start again",
    asked: "asked for",
    fenced: "with fences",
    block: "block of pymalloc",
    state: "state",
    freed: "freed",
    live: "live",
    bytes: "the block and its fences",
    fields: {
      size: ["size", "bytes asked for, the most significant byte first"],
      id: ["id", "r, m or o: the domain that made it"],
      leading: ["leading pad", "must be fd"],
      yours: ["your bytes", "cd: new, never written; dd: freed"],
      trailing: ["trailing pad", "must be fd"],
    },
  },
  {
    title: "带调试钩子的 malloc(10)",
    write: "写入",
    written: (bytes) => `已写入 ${bytes} 字节，包括末尾的 0。`,
    offset: "相对 p 的偏移",
    stands: "free(p)：围栏完好。",
    broken: "free(p)：CPython 会打印这些，然后中止。",
    reset: "重新开始",
    asked: "请求的字节",
    fenced: "加上围栏",
    block: "pymalloc 的块",
    state: "状态",
    freed: "已释放",
    live: "存活",
    bytes: "块及其围栏",
    fields: {
      size: ["大小", "请求的字节数，最高位字节在前"],
      id: ["域", "r、m 或 o：由哪个域分配"],
      leading: ["前填充", "必须是 fd"],
      yours: ["你的字节", "cd：新分配，从未写入；dd：已释放"],
      trailing: ["后填充", "必须是 fd"],
    },
  },
);
