/**
 * The figures of the walk-throughs of cycle collection, asked of every interpreter there is. Those in
 * packages/gc/test/walkthroughs.test.ts and the programs in examples/gc say the same of Pyrena.
 */
import { describe, expect, it } from "vitest";
import { findNatives } from "../src/oracles/native.ts";
import { OracleProcess } from "../src/oracles/oracle.ts";
import { pyodides } from "../src/oracles/pyodide.ts";

/** With what is not the program's out of the collector's sight. */
const program = (body: string): string => `collecting = "called"\nimport gc, weakref\n${body}`;

const LISTS = program(`
def main():
    a = []; b = [a]; a.append(b)
    L("counts", "%d %d" % (rc(a), rc(b)))
    del a
    L("without a", "%d %d" % (rc(b), gc.collect()))
    del b
    L("without b", "%d %d" % (gc.collect(), gc.collect()))
    a = []; b = [a]; a.append(b)
    gc.collect(0)
    del a, b
    L("older", "%d %d %d" % (gc.collect(0), gc.collect(1), gc.collect(2)))
`);

const FINALIZERS = program(`
saved = []
class Node:
    def __del__(self):
        L("del", self.name + (" dead" if self.weak() is None else " alive"))
        if self.name == "y": saved.append(self)
def main():
    x = Node(); y = Node()
    x.name = "x"; y.name = "y"; x.other = y; y.other = x
    x.weak = weakref.ref(x); y.weak = weakref.ref(y)
    watch = weakref.ref(x, lambda weak: L("callback", "x"))
    del x, y
    L("collected", gc.collect())
    L("finalized", gc.is_finalized(saved[0]))
    saved.clear()
    L("later", gc.collect())
`);

const GENERATIONS = program(`
events = []
keep = []
def hear(phase, info):
    if phase == "start": events.append((info["generation"], len(keep)))
def main():
    gc.callbacks.append(hear)
    gc.set_threshold(9, 2, 2)
    gc.enable()
    for i in range(200): keep.append([])
    gc.disable()
    gc.callbacks.clear()
    L("generations", "".join(str(generation) for generation, _ in events[:13]))
    steps = set(b[1] - a[1] for a, b in zip(events[:12], events[1:12]))
    L("steps", " ".join(map(str, steps)))
`);

const UNSEEN = program(`
def main():
    things = [1, 1.5, "a", [], {1}, tuple([1, "a"]), {"a": 1}, {"a": []}]
    L("tracked", "".join("01"[gc.is_tracked(one)] for one in things))
    gc.collect()
    L("after a collection", "".join("01"[gc.is_tracked(one)] for one in things))
    a = []; a.append(a)
    gc.freeze()
    del a
    L("frozen", gc.collect())
    gc.unfreeze()
    L("not frozen", gc.collect())
`);

describe.each([...findNatives(), ...pyodides()])("walk-throughs in $id ($title)", (info) => {
  const { python } = info;
  const late = Number(python.slice(2)) >= 14;

  it("are as written", { timeout: 60_000 }, async () => {
    const oracle = new OracleProcess(info);
    try {
      const logs = await oracle.run([LISTS, FINALIZERS, GENERATIONS, UNSEEN]);
      // What the harness adds at the end is of no interest here.
      const [lists, finalizers, generations, unseen] = logs.map((log) => log.split("\ndrop=")[0]);
      expect(lists).toBe(
        [
          late ? "counts=2 2" : "counts=3 3",
          late ? "without a=2 0" : "without a=3 0",
          "without b=2 0",
          python === "3.14" ? "older=0 0 2" : "older=0 2 0",
        ].join("\n"),
      );
      const weak = python === "3.15" ? "alive" : "dead";
      expect(finalizers).toBe(
        [
          "callback=x",
          `del=x ${weak}`,
          `del=y ${weak}`,
          "collected=0",
          "finalized=True",
          "later=4",
        ].join("\n"),
      );
      expect(generations).toBe(
        `generations=${python === "3.14" ? "1111111111111" : "0001000100012"}\nsteps=10`,
      );
      expect(unseen).toBe(
        [
          late ? "tracked=00011011" : "tracked=00011101",
          late ? "after a collection=00011011" : "after a collection=00011001",
          "frozen=0",
          "not frozen=1",
        ].join("\n"),
      );
    } finally {
      oracle.stop();
    }
  });
});
