/** What the collector page's part says. */
import { translated } from "../../i18n/texts.ts";
import type { SceneName } from "./model.ts";
import type { Step } from "./passes.ts";

/** What has to be said of an object, for those who do not see it. */
interface NodeState {
  readonly refcount: number;
  /** gc_refs, once it has been copied. */
  readonly working: number | undefined;
  readonly state: "reachable" | "unreachable" | undefined;
  readonly held: boolean;
  /** What it refers to, and how often. */
  readonly references: readonly (readonly [to: string, times: number])[];
}

/** What a step of this kind does, in words. `at` and `to` are there where the kind has them. */
type Describe = (at: string, to: string, working: number) => string;

interface CollectorTexts {
  readonly title: string;
  readonly graph: string;
  readonly scenes: Readonly<Record<SceneName, string>>;
  readonly startAgain: string;
  readonly newObject: string;
  readonly enough: string;
  readonly pick: string;
  readonly picked: (name: string) => string;
  readonly to: string;
  readonly bind: (name: string) => string;
  readonly bound: (name: string) => string;
  readonly unbound: (variable: string, dead: readonly string[]) => string;
  readonly remove: (name: string) => string;
  readonly removed: (name: string, dead: readonly string[]) => string;
  readonly linked: (from: string, to: string, times: number) => string;
  readonly unlinked: (from: string, to: string, dead: readonly string[]) => string;
  readonly graphLabel: string;
  readonly note: (working: number, refcount: number) => string;
  readonly node: (node: NodeState) => string;
  readonly reachable: string;
  readonly unreachable: string;
  readonly stepper: string;
  readonly young: string;
  readonly tentative: string;
  readonly empty: string;
  readonly collect: string;
  readonly collected: (
    returned: number,
    gone: readonly string[],
    left: readonly string[],
    foretold: boolean,
  ) => string;
  readonly steps: Readonly<Record<Exclude<Step["what"], "done">, Describe>>;
  readonly done: (unreachable: readonly string[]) => string;
}

const list = (names: readonly string[]): string => names.join(", ");
const enumeration = (names: readonly string[]): string => names.join("、");
const died = (dead: readonly string[]): string =>
  dead.length === 0
    ? ""
    : ` ${list(dead)} died at once: no reference was left, and no collector is needed for that.`;
const diedChinese = (dead: readonly string[]): string =>
  dead.length === 0 ? "" : `${enumeration(dead)} 立即死亡：已没有任何引用，不需要回收器。`;

export const texts = translated<CollectorTexts>(
  {
    title: "A collection, step by step",
    graph: "graph",
    scenes: {
      held: "one cycle held, one lost",
      late: "found late: rescued from the tentative list",
      refersOut: "garbage that refers to something alive",
      self: "an object that refers to itself",
    },
    startAgain: "start again",
    newObject: "new object",
    enough: "Ten objects are enough.",
    pick: "Pick an object; then pick another one (or the same) to add or remove a reference.",
    picked: (name) =>
      `${name} is picked. Pick what it shall refer to, or no longer refer to; or use the buttons.`,
    to: "item",
    bind: (name) => `variable for ${name}`,
    bound: (name) => `A variable holds ${name} again.`,
    unbound: (variable, dead) => `del ${variable}.${died(dead)}`,
    remove: (name) => `remove ${name}`,
    removed: (name, dead) => `Nothing refers to ${name} any more.${died(dead)}`,
    linked: (from, to, times) =>
      `${from.toLowerCase()}.append(${to.toLowerCase()}): ${from} refers to ${to}${times > 1 ? ` ${times} times` : ""}.`,
    unlinked: (from, to, dead) => `${from} has lost a reference to ${to}.${died(dead)}`,
    graphLabel: "Objects and references",
    note: (working, refcount) => `${working} of ${refcount}`,
    node: ({ refcount, working, state, held, references }) =>
      [
        `reference count ${refcount}`,
        ...(working === undefined ? [] : [`working count ${working}`]),
        ...(state === undefined
          ? []
          : [state === "reachable" ? "reachable" : "tentatively unreachable"]),
        ...(held ? ["held by a variable"] : []),
        references.length === 0
          ? "refers to nothing"
          : `refers to ${references.map(([to, times]) => (times === 1 ? to : `${to} ${times} times`)).join(" and ")}`,
      ].join(", "),
    reachable: "reachable, or held by a variable",
    unreachable: "tentatively unreachable (dashed)",
    stepper: "collection",
    young: "list that is worked on",
    tentative: "tentatively unreachable",
    empty: "empty",
    collect: "gc.collect() on the real heap",
    collected: (returned, gone, left, foretold) =>
      `gc.collect() returned ${returned}. Gone: ${list(gone) || "nothing"}; left: ${left.join(" → ") || "nothing"}. ${
        foretold
          ? "As the steps foretold."
          : "This is NOT what the steps foretold: please report it."
      }`,
    steps: {
      begin: () => "Before the collection: every object with its reference count (rc).",
      copy: (at, _, working) =>
        `Pass 1, update_refs: ${at}'s reference count is copied into its working count: ${working}.`,
      subtract: (at, to, working) =>
        `Pass 2, subtract_refs: ${at} refers to ${to}, so one is taken off ${to}'s working count: ${working} left.`,
      keep: (at, _, working) =>
        `Pass 3, move_unreachable: ${at}'s working count is ${working}, not 0. Something outside refers to it, or something reachable does. It stays, and what it refers to is reachable as well.`,
      tentative: (at) =>
        `Pass 3, move_unreachable: ${at}'s working count is 0: nothing so far shows that it can be reached. It goes to the other list, for now.`,
      rescue: (at, to) =>
        `Pass 3: ${at} is reachable and refers to ${to}, which had been put aside. ${to} comes back, to the end of the list, with working count 1.`,
      mark: (at, to) =>
        `Pass 3: ${at} is reachable and refers to ${to}, whose turn has not come yet. Its working count becomes 1: it will stay.`,
      skip: (at, to) => `Pass 3: ${at} refers to ${to}, which will stay anyway: nothing to do.`,
    },
    done: (unreachable) =>
      unreachable.length === 0
        ? "Done: everything is reachable. There is no garbage."
        : `Done: ${list(unreachable)} cannot be reached from outside. Finalizers would run now; then each is cleared, and reference counting does the rest.`,
  },
  {
    title: "一次回收，逐步进行",
    graph: "对象图",
    scenes: {
      held: "一个循环有人持有，一个已丢失",
      late: "很晚才发现：从暂定列表中救回",
      refersOut: "垃圾引用着活的对象",
      self: "引用自身的对象",
    },
    startAgain: "重新开始",
    newObject: "新建对象",
    enough: "十个对象已经够了。",
    pick: "先选一个对象，再选另一个（或同一个），即可添加或删除一个引用。",
    picked: (name) => `已选中 ${name}。再选它要引用、或不再引用的对象；也可以用按钮。`,
    to: "元素",
    bind: (name) => `为 ${name} 绑定变量`,
    bound: (name) => `又有一个变量引用 ${name}。`,
    unbound: (variable, dead) => `del ${variable}。${diedChinese(dead)}`,
    remove: (name) => `移除 ${name}`,
    removed: (name, dead) => `已没有任何东西引用 ${name}。${diedChinese(dead)}`,
    linked: (from, to, times) =>
      `${from.toLowerCase()}.append(${to.toLowerCase()})：${from} 引用 ${to}${times > 1 ? ` ${times} 次` : ""}。`,
    unlinked: (from, to, dead) => `${from} 少了一个对 ${to} 的引用。${diedChinese(dead)}`,
    graphLabel: "对象与引用",
    note: (working, refcount) => `${working} / ${refcount}`,
    node: ({ refcount, working, state, held, references }) =>
      [
        `引用计数 ${refcount}`,
        ...(working === undefined ? [] : [`工作计数 ${working}`]),
        ...(state === undefined ? [] : [state === "reachable" ? "可达" : "暂定不可达"]),
        ...(held ? ["由变量引用"] : []),
        references.length === 0
          ? "不引用任何对象"
          : `引用 ${references.map(([to, times]) => (times === 1 ? to : `${to}（${times} 次）`)).join("、")}`,
      ].join("，"),
    reachable: "可达，或由变量引用",
    unreachable: "暂定不可达（虚线）",
    stepper: "回收",
    young: "正在处理的列表",
    tentative: "暂定不可达",
    empty: "空",
    collect: "在真实的堆上执行 gc.collect()",
    collected: (returned, gone, left, foretold) =>
      `gc.collect() 返回 ${returned}。已消失：${enumeration(gone) || "无"}；剩余：${left.join(" → ") || "无"}。${
        foretold ? "与上面的步骤一致。" : "与上面的步骤不一致：请报告此问题。"
      }`,
    steps: {
      begin: () => "回收之前：每个对象及其引用计数（rc）。",
      copy: (at, _, working) =>
        `第 1 遍，update_refs：把 ${at} 的引用计数复制到它的工作计数：${working}。`,
      subtract: (at, to, working) =>
        `第 2 遍，subtract_refs：${at} 引用 ${to}，于是 ${to} 的工作计数减一，剩 ${working}。`,
      keep: (at, _, working) =>
        `第 3 遍，move_unreachable：${at} 的工作计数是 ${working}，不是 0。外部有东西引用它，或者某个可达的对象引用它。它留下，它所引用的对象也可达。`,
      tentative: (at) =>
        `第 3 遍，move_unreachable：${at} 的工作计数是 0：到目前为止，没有迹象表明它可达。暂且把它放到一边，移入另一个列表。`,
      rescue: (at, to) =>
        `第 3 遍：${at} 可达，并引用先前放到一边的 ${to}。${to} 回到列表末尾，工作计数设为 1。`,
      mark: (at, to) =>
        `第 3 遍：${at} 可达，并引用还没轮到的 ${to}。${to} 的工作计数设为 1：它会留下。`,
      skip: (at, to) => `第 3 遍：${at} 引用 ${to}，后者本来就会留下：无需处理。`,
    },
    done: (unreachable) =>
      unreachable.length === 0
        ? "完成：所有对象都可达，没有垃圾。"
        : `完成：从外部无法到达 ${enumeration(unreachable)}。此时会运行终结器，然后逐个清除，其余的由引用计数完成。`,
  },
);
