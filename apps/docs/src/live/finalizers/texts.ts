/** What the finalizers page's part says. */
import { translated } from "../../i18n/texts.ts";
import type { ScenarioName } from "./model.ts";

interface FinalizerTexts {
  readonly title: string;
  readonly program: string;
  readonly programs: Readonly<Record<ScenarioName, string>>;
  readonly prints: string;
}

export const texts = translated<FinalizerTexts>(
  {
    title: "Who is told, and when",
    program: "program",
    programs: {
      count: "death by reference count",
      cycle: "death in a cycle",
      look: "a weak reference, looked at in __del__ of a cycle",
      resurrection: "resurrection",
      callbacks: "several callbacks: in what order?",
    },
    prints: "It prints:",
  },
  {
    title: "通知谁，何时通知",
    program: "程序",
    programs: {
      count: "因引用计数归零而死亡",
      cycle: "在循环中死亡",
      look: "在循环的 __del__ 里查看弱引用",
      resurrection: "复活",
      callbacks: "多个回调：顺序如何？",
    },
    prints: "它打印：",
  },
);
