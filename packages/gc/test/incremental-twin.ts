/** Performs programs of fixtures/incremental-programs.ts on Pyrena's objects and tells what fixtures/incremental.py tells. */
import { type Address, FROZEN } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { type IncrementalCollector, isIncremental } from "../src/index.ts";
import {
  RESCUED,
  type RecordedProgram,
  SLOTS,
  type Step,
} from "./fixtures/incremental-programs.ts";

/** The incremental collector of these objects. */
export function collectorOf(py: Objects): IncrementalCollector {
  const collector = py.gc.collector();
  if (!isIncremental(collector)) throw new Error(`the collector is ${collector.name}`);
  return collector;
}

/** What is looked at after each step. */
export type AfterStep = (py: Objects) => void;

/** The log of a program, on objects that have been made for it. */
export function perform(
  py: Objects,
  { hidden, steps, heapSize, visitedSpace: visitedAtFirst }: Omit<RecordedProgram, "name" | "log">,
  afterStep: AfterStep = () => {},
): string[] {
  const { gc, refs, list, classes, functions, frames } = py;
  const { memory, profile } = py;
  const collector = collectorOf(py);
  const { ctx, control } = collector;
  if (control === undefined) throw new Error("the collector has no control");
  const { gcHead } = profile.headers;
  const log: string[] = [];
  const names = new Map<Address, string>();
  const slots: Address[] = new Array<Address>(SLOTS).fill(0);
  let numbers = 0;
  let last: string[] = [];

  const must = (object: Address): Address => {
    if (object === 0) throw new Error("a step failed");
    return object;
  };
  const globals = py.modules.dict(py.modules.main());
  const known = (object: Address): string => names.get(object) ?? "?";
  const define = (name: string, body: (frame: Address) => Address): Address =>
    must(functions.define({ name, locals: ["self"], argCount: 1, body }, globals));
  const finalizer = (body: (self: Address) => void): Address => {
    const method = define("__del__", (frame) => {
      body(frames.local(frame, 0));
      return py.constants.none;
    });
    const cls = must(classes.create({ name: "Node", attributes: [["__del__", method]] }));
    refs.decref(method);
    return cls;
  };
  const kinds = {
    node: must(classes.create({ name: "Node" })),
    mourned: finalizer((self) => log.push(`del ${known(self)}`)),
    rescued: finalizer((self) => {
      log.push(`rescue ${known(self)}`);
      put(RESCUED, refs.newRef(self));
    }),
    maker: finalizer((self) => {
      log.push(`make ${known(self)}`);
      loop();
      log.push(`collect ${gc.collect()}`);
    }),
  };
  const callback = define("callback", (frame) => {
    log.push(`callback ${known(frames.local(frame, 0))}`);
    return py.constants.none;
  });
  const u = must(py.str.from("u"));

  /** Steals the reference. */
  function put(slot: number, object: Address): void {
    const before = slots[slot];
    slots[slot] = object;
    refs.xdecref(before);
  }

  const at = (slot: number): Address => slots[slot] || py.constants.none;

  /** What a call does that gets the object as its argument: the eval breaker is looked at where it begins. */
  function inFrame(object: Address, body: () => void): void {
    const frame = must(frames.pushNamed("f", ["x"]));
    frames.store(frame, 0, object);
    gc.poll();
    body();
    frames.pop(frame);
  }

  /** @param called whether it is the result of a call, after which the eval breaker is looked at as well */
  function make(kind: string, slot: number, object: Address, called = false): void {
    if (called) inFrame(refs.newRef(must(object)), () => {});
    put(slot, must(object));
    inFrame(refs.newRef(object), () => names.set(object, `${kind}${++numbers}`));
  }

  /** A list without a name, for as long as a local holds it. */
  function unnamed(body: (value: Address) => void): void {
    const value = must(list.create(0));
    inFrame(value, () => {
      names.delete(value);
      body(value);
    });
  }

  function loop(): void {
    unnamed((value) => list.append(value, value));
  }

  function runs(objects: readonly Address[]): string {
    const found: string[] = [];
    let without = 0;
    const flush = (): void => {
      if (without > 0) found.push(`*${without}`);
      without = 0;
    };
    for (const object of objects) {
      const name = names.get(object);
      if (name === undefined) {
        without++;
        continue;
      }
      flush();
      found.push(name);
    }
    flush();
    return found.map((one) => ` ${one}`).join("");
  }

  const statsNow = (): number[] =>
    control
      .generationStats(ctx)
      .flatMap(({ collections, collected, uncollectable }) => [
        collections,
        collected,
        uncollectable,
      ]);

  /** What has changed since the step before. */
  function state(): string {
    const { phase, workToDo, heapSize: heap, visitedSpace } = collector.progress();
    const young: Address[] = [];
    const spaces: [Address[], Address[]] = [[], []];
    let frozen = -base.frozen;
    collector.each(ctx, (object, generation) => {
      if (generation === FROZEN) frozen++;
      else if (generation === 0) young.push(object);
      else spaces[memory.u32[(object - gcHead) >>> 2] & 1].push(object);
    });
    const stats = statsNow().map((now, n) => now - base.stats[n]);
    const fields = [
      `counts ${gc.counts().join(" ")}`,
      `stats ${stats.join(" ")}`,
      `heap ${heap}`,
      `work ${workToDo}`,
      `phase ${phase === "mark" ? 0 : 1}`,
      `young${runs(young)}`,
      `visited${runs(spaces[visitedSpace])}`,
      `pending${runs(spaces[1 - visitedSpace])}`,
      `frozen ${frozen}`,
    ];
    const text = fields.map((field, n) => (field === last[n] ? "" : ` ${field}`)).join("");
    last = fields;
    return text;
  }

  function step(one: Step): string {
    switch (one[0]) {
      case "list":
        make("l", one[1], list.create(0));
        return "";
      case "node":
      case "mourned":
      case "rescued":
      case "maker":
        make(
          { node: "n", mourned: "m", rescued: "r", maker: "k" }[one[0]],
          one[1],
          classes.instantiate(kinds[one[0]]),
          true,
        );
        return "";
      case "pair":
        make("t", one[1], py.tuple.pack2(at(one[2]), at(one[3])));
        return "";
      case "dict": {
        const dict = must(py.dict.create());
        py.dict.setItem(dict, py.int.from(1), at(one[2]));
        make("d", one[1], dict);
        return "";
      }
      case "weak": {
        // A class is called with a tuple, which is tracked for as long as the call takes.
        const args = must(py.tuple.pack2(at(one[2]), one[3] ? callback : py.constants.none));
        const ref = py.weakrefs.ref(at(one[2]), one[3] ? callback : 0);
        refs.decref(args);
        make("w", one[1], ref, true);
        return "";
      }
      case "append":
        list.append(at(one[1]), at(one[2]));
        return "";
      case "clear":
        list.clear(at(one[1]));
        return "";
      case "set":
        classes.setAttribute(at(one[1]), u, at(one[2]));
        return "";
      case "drop":
        put(one[1], 0);
        return "";
      case "many":
        for (let n = 0; n < one[2]; n++) unnamed((value) => list.append(at(one[1]), value));
        return "";
      case "loops":
        for (let n = 0; n < one[1]; n++) loop();
        return "";
      case "frame": {
        const value = slots[one[1]];
        slots[one[1]] = 0;
        const frame = must(frames.pushNamed("with_local", ["x"]));
        if (value !== 0) frames.store(frame, 0, value);
        run(one[2]);
        frames.pop(frame);
        return "";
      }
      case "collect":
        return ` ${gc.collect(one[1])}`;
      case "freeze":
        gc.freeze();
        return "";
      case "unfreeze":
        gc.unfreeze();
        return "";
      case "threshold":
        gc.setThreshold(one[1], one[2], 0);
        return "";
      case "automatic":
        if (one[1]) gc.enable();
        else gc.disable();
        return "";
      case "debug":
        gc.setDebug(one[1]);
        return "";
    }
  }

  function run(some: readonly Step[]): void {
    for (const one of some) {
      const result = step(one);
      log.push(`${one[0]}${result}:${state()}`);
      afterStep(py);
    }
    log.push("end");
  }

  const collectUntil = (space: number): void => {
    while (collector.progress().visitedSpace !== space) gc.collect();
  };
  gc.collect();
  if (!hidden) collectUntil(visitedAtFirst);
  if (hidden) collector.each(ctx, (object) => collector.untrack(ctx, object));
  else gc.freeze();
  gc.collect();
  if (hidden) collectUntil(visitedAtFirst);
  collector.setHeapSize(heapSize);
  const base = { stats: statsNow(), frozen: gc.getFreezeCount() };
  state();
  run(steps);
  return log;
}
