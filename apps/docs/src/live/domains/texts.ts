/** What the domains page's part says. */
import { translated } from "../../i18n/texts.ts";
import type { Load } from "./model.ts";

interface DomainTexts {
  readonly title: string;
  readonly ended: string;
  readonly failed: (error: string) => string;
  readonly load: string;
  readonly loads: Readonly<Record<Load, string>>;
  readonly failAt: string;
  readonly failAtAfter: string;
  readonly results: string;
  readonly domain: string;
  readonly bytes: string;
}

export const texts = translated<DomainTexts>(
  {
    title: "A wrapper in each domain",
    ended: "The load ran to its end.",
    failed: (error) => `It ended with ${error}`,
    load: "load",
    loads: {
      "1,000 floats": "1,000 floats",
      "a list that grows to 10,000": "a list that grows to 10,000",
      "a dict of 1,000": "a dict of 1,000",
      "100 strs of 1,000 letters": "100 strs of 1,000 letters",
      "200 instances": "200 instances",
    },
    failAt: "let request number",
    failAtAfter: "of OBJ fail (0: none)",
    results: "Results",
    domain: "domain",
    bytes: "bytes asked for",
  },
  {
    title: "每个域一个包装器",
    ended: "负载运行完毕。",
    failed: (error) => `负载中止：${error}`,
    load: "负载",
    loads: {
      "1,000 floats": "1,000 个 float",
      "a list that grows to 10,000": "增长到 10,000 的列表",
      "a dict of 1,000": "1,000 项的字典",
      "100 strs of 1,000 letters": "100 个 1,000 字母的 str",
      "200 instances": "200 个实例",
    },
    failAt: "让 OBJ 域的第",
    failAtAfter: "次请求失败（0：都不失败）",
    results: "结果",
    domain: "域",
    bytes: "请求的字节",
  },
);
