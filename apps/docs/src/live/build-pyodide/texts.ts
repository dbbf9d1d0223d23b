/** What the Pyodide page's part says. */
import { grouped, translated } from "../../i18n/texts.ts";

export const texts = translated(
  {
    title: "Real CPython on this page",
    editor: "Python program",
    allocator: "allocator",
    pools: "segregated pools",
    run: "Start CPython and run",
    starting: "Starting CPython …",
    done: (python: string, allocator: string, milliseconds: number) =>
      `CPython ${python} has run it on ${allocator} in ${grouped(milliseconds)} ms.`,
    problems: (problems: readonly string[]) => ` Problems: ${problems.join("; ")}.`,
    requests: (domain: string) => `requests in ${domain}`,
    older: (domain: string) => `older blocks in ${domain}`,
    arenas: "arenas of 256 KiB",
  },
  {
    title: "本页中真正的 CPython",
    editor: "Python 程序",
    allocator: "分配器",
    pools: "各归各的 pool",
    run: "启动 CPython 并运行",
    starting: "正在启动 CPython……",
    done: (python, allocator, milliseconds) =>
      `CPython ${python} 已运行完毕，分配器：${allocator}，用时 ${grouped(milliseconds)} 毫秒。`,
    problems: (problems) => `问题：${problems.join("；")}。`,
    requests: (domain) => `${domain} 的请求`,
    older: (domain) => `${domain} 中更早的块`,
    arenas: "256 KiB 的 arena",
  },
);
