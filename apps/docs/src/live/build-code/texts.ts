/** What exercises in code say, and what came of checks. */
import { many, translated } from "../../i18n/texts.ts";

export const exercise = translated(
  {
    label: "Exercise in code",
    editor: "Your code",
    check: "Check my code",
    again: "Start again",
    show: "Show a solution",
    checking: "Checking …",
    solved: "Solved.",
    notYet: "Not yet.",
  },
  {
    label: "编程练习",
    editor: "你的代码",
    check: "检查我的代码",
    again: "重新开始",
    show: "显示一种解法",
    checking: "正在检查……",
    solved: "做对了。",
    notYet: "还不对。",
  },
);

export const verdict = translated(
  {
    fails: (name: string) => `${name}: no`,
    all: (checks: number) => `All ${many(checks, "check")} pass.`,
    some: (failed: number, checks: number) =>
      `${failed} of ${many(checks, "check")} ${failed === 1 ? "fails" : "fail"}.`,
  },
  {
    fails: (name) => `${name}：不成立`,
    all: (checks) => `${checks} 项检查全部通过。`,
    some: (failed, checks) => `${checks} 项检查中有 ${failed} 项未通过。`,
  },
);
