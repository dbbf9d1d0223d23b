/** The finalizers page: small programs, run on a real heap; the log is what they did, in order. */
import type { Runtime } from "pyrena";
import { liveRuntime } from "../shared/runtime.ts";

/** What each scenario shows. */
export type ScenarioName = "count" | "cycle" | "look" | "resurrection" | "callbacks";

/** A scenario: its Python, and the same on Pyrena. */
export interface Scenario {
  readonly name: ScenarioName;
  readonly code: string;
  run(runtime: Runtime, log: (line: string) => void): void;
}

type Instance = ReturnType<ReturnType<Runtime["py"]["class"]>["new"]>;

const NODE = `class Node:
    def __init__(self, name): self.name = name
    def __del__(self): print("del", self.name)
`;

function nodeClass(
  { py }: Runtime,
  log: (line: string) => void,
  onDelete?: (self: Instance) => void,
): (name: string) => Instance {
  const Node = py.class("Node", {
    __init__(self: Instance, name: string) {
      self.setAttr("name", name);
    },
    __del__(self: Instance) {
      log(`del ${String(self.attr("name"))}`);
      onDelete?.(self);
    },
  });
  return (name) => Node.new(name) as Instance;
}

const alive = (ref: { get(): unknown }): string => (ref.get() === null ? "dead" : "alive");

export const scenarios: readonly Scenario[] = [
  {
    name: "count",
    code: `${NODE}
a = Node("a")
r = weakref.ref(a, lambda r: print("callback", r()))
del a
print("end")`,
    run(runtime, log) {
      const a = nodeClass(runtime, log)("a");
      const r = runtime.py.weakref(a, (ref) => {
        log(`callback ${ref.get() === null ? "None" : "alive"}`);
        return null;
      });
      a.release();
      log("end");
      r.release();
    },
  },
  {
    name: "cycle",
    code: `${NODE}
a, b = Node("a"), Node("b")
a.other, b.other = b, a
r = weakref.ref(a, lambda r: print("callback", r()))
del a, b
print("deleted")
print("collected", gc.collect())`,
    run(runtime, log) {
      const make = nodeClass(runtime, log);
      const [a, b] = [make("a"), make("b")];
      a.setAttr("other", b);
      b.setAttr("other", a);
      const r = runtime.py.weakref(a, (ref) => {
        log(`callback ${ref.get() === null ? "None" : "alive"}`);
        return null;
      });
      a.release();
      b.release();
      log("deleted");
      log(`collected ${runtime.gc.collect()}`);
      r.release();
    },
  },
  {
    name: "look",
    code: `class Node:
    def __del__(self): print("del, weak reference", "dead" if r() is None else "alive")

a = Node()
a.me = a
r = weakref.ref(a)
del a
print("collected", gc.collect())`,
    run(runtime, log) {
      const { py } = runtime;
      let look = (): string => "";
      const Node = py.class("Node", {
        __del__() {
          log(`del, weak reference ${look()}`);
        },
      });
      const a = Node.new() as Instance;
      a.setAttr("me", a);
      const r = py.weakref(a);
      look = () => py.scope(() => alive(r));
      a.release();
      log(`collected ${runtime.gc.collect()}`);
      r.release();
    },
  },
  {
    name: "resurrection",
    code: `saved = []
class Node:
    def __init__(self, name): self.name = name
    def __del__(self):
        print("del", self.name)
        saved.append(self)

a, b = Node("a"), Node("b")
a.other, b.other = b, a
del a, b
print("collected", gc.collect(), "saved", len(saved))
saved.clear()
print("collected", gc.collect(), "saved", len(saved))`,
    run(runtime, log) {
      const saved = runtime.py.list();
      const make = nodeClass(runtime, log, (self) => saved.append(self));
      const [a, b] = [make("a"), make("b")];
      a.setAttr("other", b);
      b.setAttr("other", a);
      a.release();
      b.release();
      log(`collected ${runtime.gc.collect()} saved ${saved.length}`);
      saved.clear();
      log(`collected ${runtime.gc.collect()} saved ${saved.length}`);
      saved.release();
    },
  },
  {
    name: "callbacks",
    code: `class Node: pass
a = Node()
refs = [weakref.ref(a, lambda r, n=n: print("callback", n)) for n in (1, 2, 3)]
del a`,
    run(runtime, log) {
      const { py } = runtime;
      const a = py.class("Node").new();
      const refs = [1, 2, 3].map((n) =>
        py.weakref(a, () => {
          log(`callback ${n}`);
          return null;
        }),
      );
      a.release();
      for (const ref of refs) ref.release();
    },
  },
];

/** Run a scenario. @returns what it printed, line by line */
export function play(scenario: Scenario, python = "3.13"): string[] {
  const runtime = liveRuntime({ python });
  runtime.gc.disable();
  const log: string[] = [];
  scenario.run(runtime, (line) => void log.push(line));
  runtime.verify();
  return log;
}
