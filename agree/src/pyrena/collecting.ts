/** What programs do with the collector, on Pyrena's side: the counterpart of the functions that harness.py gives them. */
import { type Address, type GenerationStats, gcDebug } from "@pyrena/abi";
import { isIncremental } from "@pyrena/gc";
import type { Objects } from "@pyrena/objects";
import { argumentTuple, hasTransients, thresholdsFor } from "../exact.ts";
import type { Census, Switch } from "../program.ts";
import { check } from "./failed.ts";
import type { Log } from "./log.ts";
import { itemsOf, show } from "./show.ts";

/** What `show` knows; other things are shown by the names of their types. */
const SHOWN: readonly string[] = [
  "list",
  "tuple",
  "dict",
  "set",
  "frozenset",
  "slice",
  "ReferenceType",
  "function",
  "method",
  "type",
];

/**
 * Objects that an interpreter has at least; the exact number does not matter where a hundredth of it is more than twice
 * what a program makes between two collections.
 */
const HEAP_SIZE = 40_000;

/** The collector of one run. */
export class Collecting {
  readonly py: Objects;
  readonly python: string;
  readonly log: Log;
  /** Whether both sides have made the same collectable objects since the counters were known. */
  exact = true;
  /** Objects that the collector may show though no program has made them. */
  readonly #others: Set<Address> = new Set();
  /** The function that {@link hear}s what `gc.callbacks` are told. */
  listener: Address = 0;
  /**
   * The function that calls {@link collectNow}, as `collect` of harness.py does: code that the collection runs has its
   * frame below itself, and not the program's, which thus gets no frame object.
   */
  collector: Address = 0;
  #generation = 0;
  #found = 0;
  #statsAtStart: readonly GenerationStats[] = [];
  #frozenAtStart = 0;

  constructor(py: Objects, python: string, log: Log) {
    this.py = py;
    this.python = python;
    this.log = log;
    py.gc.disable();
  }

  /** `collecting` of harness.py. */
  hear(phase: Address, info: Address): void {
    const { py, log } = this;
    const told = (name: string): number =>
      Number(py.int.value(py.dict.getItem(info, py.str.name(name))));
    const name = py.str.value(phase);
    log.tell(`gc ${name}`, told("generation"));
    if (this.python === "3.15" && this.#others.size === 0)
      log.tell("candidates", told("candidates"));
    if (name !== "stop") return;
    log.tell("collected", told("collected"));
    log.tell("uncollectable", told("uncollectable"));
  }

  /** Rows of `gc.get_stats()`. */
  #stats(): readonly GenerationStats[] {
    const { control, ctx } = this.py.gc.collector();
    return control!.generationStats(ctx);
  }

  /** `prepare` of harness.py. */
  begin(unfreezes: boolean): void {
    const { py } = this;
    py.gc.collect();
    // One dead slice is kept in any case.
    py.refs.decref(py.slice.create(py.constants.none, py.constants.none, py.constants.none));
    py.gc.collect();
    this.#statsAtStart = this.#stats();
    this.#others.clear();
    if (unfreezes) {
      const all = py.gc.getObjects();
      for (const object of itemsOf(py, all)) this.#others.add(object);
      py.refs.decref(all);
    }
    py.gc.freeze();
    this.#frozenAtStart = py.gc.getFreezeCount();
    py.gc.collect();
    const collector = py.gc.collector();
    if (isIncremental(collector)) collector.setHeapSize(HEAP_SIZE);
    py.gc.setThreshold(...thresholdsFor(this.python));
    this.exact = true;
  }

  /** What is done after `main`. */
  end(): void {
    this.poll();
    this.py.gc.disable();
    this.poll();
    this.switch("unlisten", []);
  }

  /** What is done after the globals have gone. */
  finish(): void {
    const { gc, list } = this.py;
    gc.setDebug(0);
    this.log.tell("collect", gc.collect());
    this.#garbageCensus();
    list.clear(gc.garbage());
    this.log.tell("collect", gc.collect());
  }

  /** Where the interpreter looks for a collection that is due. */
  poll(): void {
    this.py.gc.poll();
  }

  /** Something has made objects that only one side knows of: neither counts nor free lists are known. */
  forget(): void {
    this.exact = false;
    this.log.forgetIdentities();
  }

  collect(generation: 0 | 1 | 2): void {
    const before = this.log.told;
    this.poll();
    this.#generation = generation;
    this.py.refs.decref(check(this.py.frames.callFunction(this.collector, [])));
    const found = this.#found;
    this.poll();
    this.log.tell(`collect ${generation}`, found);
    if (generation !== 2) return;
    this.log.forgetIdentities();
    if (found === 0 && this.log.told === before + 1) this.exact = true;
  }

  /** What the {@link collector} does. */
  collectNow(): void {
    this.#found = this.py.gc.collect(this.#generation);
  }

  /** The numbers in a tuple that a function has made, and that is dropped at once. */
  #numbers(tuple: Address): string {
    const { py } = this;
    this.poll();
    const text = itemsOf(py, tuple)
      .map((item) => py.int.value(item))
      .join(" ");
    py.refs.decref(tuple);
    return text;
  }

  census(query: Census, generation: 0 | 1 | 2): void {
    const { log } = this;
    const { gc } = this.py;
    this.poll();
    switch (query) {
      case "counts":
        log.tell("counts", this.exact ? this.#numbers(gc.getCount()) : "?");
        return;
      case "enabled":
        log.tell("enabled", gc.isEnabled());
        return;
      case "thresholds":
        log.tell("thresholds", this.#numbers(gc.getThreshold()));
        return;
      case "frozen":
        log.tell("frozen", gc.getFreezeCount() - this.#frozenAtStart);
        return;
      case "stats": {
        const rows = this.#stats().map((now, i) => {
          const then = this.#statsAtStart[i]!;
          return [
            now.collections - then.collections,
            now.collected - then.collected,
            now.uncollectable - then.uncollectable,
          ].join("/");
        });
        log.tell("stats", rows.join(" "));
        return;
      }
      case "objects": {
        const text = this.#describeAll(gc.getObjects(generation));
        log.tell(`objects ${generation}`, text);
        return;
      }
      case "garbage":
        this.#garbageCensus();
    }
  }

  switch(what: Switch, values: readonly number[]): void {
    const { gc, list } = this.py;
    switch (what) {
      case "enable":
        gc.enable();
        break;
      case "disable":
        this.poll();
        gc.disable();
        break;
      case "thresholds":
        this.withArguments("thresholds", () => gc.setThreshold(values[0]!, values[1], values[2]));
        break;
      case "freeze":
        gc.freeze();
        break;
      case "unfreeze":
        gc.unfreeze();
        break;
      case "listen": {
        this.poll();
        const callbacks = gc.callbacks();
        if (list.length(callbacks) === 0) list.append(callbacks, this.listener);
        break;
      }
      case "unlisten":
        this.poll();
        list.clear(gc.callbacks());
        break;
      case "saveAll":
        gc.setDebug(gcDebug.saveAll);
        break;
      case "noDebug":
        gc.setDebug(0);
        break;
      case "clearGarbage":
        list.clear(gc.garbage());
    }
    this.poll();
  }

  /**
   * Runs a call that CPython makes with its arguments in a tuple.
   * @param args those that the collector may come upon; absent: atoms
   */
  withArguments<T>(called: string, call: () => T, args?: readonly Address[]): T {
    const count = argumentTuple(this.python, called);
    if (count === 0) return call();
    const { py } = this;
    const tuple = py.tuple.pack(args ?? Array.from({ length: count }, () => py.constants.none));
    try {
      return call();
    } finally {
      py.refs.decref(tuple);
    }
  }

  /**
   * A collectable object that CPython makes on the way and drops at once, an iterator or a bound method: a collection
   * may become due there. Where such objects have free lists of their own, code that makes them is messy, see
   * {@link ../exact.ts}.
   */
  transient(): void {
    if (hasTransients(this.python)) this.py.refs.decref(this.py.cells.create(0));
  }

  /** The same, of an object that stays until the caller releases it; NULL where there is none. */
  temporary(): Address {
    return hasTransients(this.python) ? this.py.cells.create(0) : 0;
  }

  /** The same, of an object that is there until a call has ended. */
  holding<T>(call: () => T): T {
    const held = this.temporary();
    const result = call();
    this.py.refs.xdecref(held);
    return result;
  }

  isTracked(object: Address): boolean {
    return this.py.gc.isTracked(object);
  }

  isFinalized(object: Address): boolean {
    return this.py.gc.isFinalized(object);
  }

  referrers(object: Address): string {
    return this.#describeAll(this.py.gc.getReferrers([object]));
  }

  referents(object: Address): string {
    const { py } = this;
    const list = py.gc.getReferents([object]);
    const text = itemsOf(py, list)
      .map((one) => show(py, one, 0))
      .join("; ");
    py.refs.decref(list);
    return text;
  }

  #garbageCensus(): void {
    const list = this.py.gc.garbage();
    this.log.tell("garbage", this.#describeAll(this.py.refs.newRef(list)));
  }

  /** Steals the list. */
  #describeAll(list: Address): string {
    const shown = itemsOf(this.py, list)
      .filter((object) => !this.#others.has(object))
      .map((object) => this.#describe(object));
    this.py.refs.decref(list);
    // As describe_all of harness.py does: texts are ASCII.
    if (this.#others.size > 0) shown.sort();
    return shown.join("; ");
  }

  #describe(object: Address): string {
    const { py } = this;
    const name = py.types.name(py.types.typeOf(object));
    return SHOWN.includes(name) || /^C\d+$/.test(name) ? show(py, object, 1) : name;
  }
}
