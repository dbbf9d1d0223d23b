/** What the freed memory page's part says. */
import { grouped, translated } from "../../i18n/texts.ts";

export const texts = translated(
  {
    title: "100,000 blocks of 64 bytes, most of them given back",
    survivors: "survivors",
    none: "none",
    all: "all",
    oneIn: (n: number) => `one in ${grouped(n)}`,
    made: "made",
    scattered: "among the others",
    together: "before the others",
    before: "arenas before",
    after: "arenas after",
    liveBlocks: "live blocks",
    liveBytes: "live bytes",
    held: "bytes held",
    ratio: "held for each live byte",
  },
  {
    title: "100,000 个 64 字节的块，大部分已释放",
    survivors: "幸存者",
    none: "无",
    all: "全部",
    oneIn: (n) => `每 ${grouped(n)} 个留一个`,
    made: "创建",
    scattered: "混在其他块中间",
    together: "先于其他块",
    before: "之前的 arena",
    after: "之后的 arena",
    liveBlocks: "存活块",
    liveBytes: "存活字节",
    held: "占用的字节",
    ratio: "每个存活字节占用",
  },
);
