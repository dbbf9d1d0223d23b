/**
 * One program of the second tab: run, pictures, moments, and going on from one of them.
 *
 * A program in JavaScript cannot be put back in the middle of what it does. Its heap can: `moment("…")` of the module
 * `playground` saves it (`runtime.save()`), and another program goes on with what `restore` makes of that.
 */
import * as abi from "@pyrena/abi";
import * as gc from "@pyrena/gc";
import * as objects from "@pyrena/objects";
import * as pymalloc from "@pyrena/pymalloc";
import * as raw from "@pyrena/raw";
import * as stats from "@pyrena/stats";
import * as pyrena from "pyrena";
import { FIELDS, frameBytes } from "../frame.ts";
import type { Command, Graph, MomentAt, Outcome, Report, Settings } from "../protocol.ts";
import { emptyTape } from "../tape-data.ts";
import type { HeapImage } from "./heap-images.ts";
import type { Link } from "./link.ts";
import { type Options, World } from "./runtime-world.ts";

/** Milliseconds between two frames, and between two moments; allocations between two looks at clock and mail. */
const FRAME_EVERY = 30;
const MOMENT_EVERY = 100;
const LOOK_EVERY = 32;
const LONG = 10_000;
/** Moments, and bytes of saved heaps. */
const MOST_MOMENTS = 200;
const MOST_SAVED = 64 * 2 ** 20;

/** Thrown through the program when it is to stop. */
class Stopped extends Error {
  override name = "Stopped";
}

interface Kept {
  readonly id: number;
  readonly world: World;
  readonly image: HeapImage;
  readonly saved: Uint8Array | undefined;
}

type Module = (
  module: { exports: object },
  exports: object,
  require: (name: string) => object,
  console: object,
  runtime: pyrena.Runtime | undefined,
) => Promise<void>;

/** The programs of one worker, one after the other. */
export class RuntimeSession {
  readonly #link: Link;
  readonly #settings: Settings;
  readonly #say: (report: Report) => void;
  #world: World | undefined;
  #moments: Kept[] = [];
  #last = 0;
  #savedBytes = 0;
  #watched: readonly string[] = [];
  #graph: Graph | undefined;
  #allocations = 0;
  #frameDue = 0;
  #momentDue = 0;
  #running = false;
  #looking = false;
  #paused = false;
  #stepping = false;
  #stopped = false;

  constructor(link: Link, settings: Settings, say: (report: Report) => void) {
    this.#link = link;
    this.#settings = settings;
    this.#say = say;
  }

  /** @param code JavaScript in CommonJS form, in which `await` may be used */
  async run(code: string, watched: readonly string[]): Promise<void> {
    this.#watched = watched;
    await this.#run(code);
  }

  /** Run another program on the heap of a moment, as `runtime`. */
  async goOn(code: string, id: number): Promise<void> {
    const moment = this.#moments.find((one) => one.id === id);
    this.#moments = this.#moments.filter((one) => one.id <= id);
    await this.#run(code, () => {
      if (moment?.saved === undefined) throw new Error("the heap of that moment was not saved");
      const { options } = moment.world;
      const definitions = omit(options, ["python", "abi", "hashSeed"]);
      return this.#seen(pyrena.restore(moment.saved, definitions), options);
    });
  }

  /** Do what the page says. */
  obey(command: Command): void {
    switch (command.type) {
      case "interrupt":
        this.#stopped = this.#running;
        this.#paused = false;
        this.#stepping = false;
        return;
      case "pause":
        this.#paused = this.#running;
        return;
      case "resume":
        this.#paused = false;
        return;
      case "step":
        this.#paused = false;
        this.#stepping = true;
        return;
      case "watch":
        this.#watched = command.names;
        this.#tellVariables(command.names, command.moment);
        return;
      case "pool":
        this.#tellPool(command.address, command.moment);
        return;
      case "input":
      case "load":
      case "run":
      case "goOn":
        return;
    }
  }

  async #run(code: string, start?: () => pyrena.Runtime): Promise<void> {
    const startedAt = performance.now();
    const write =
      (to: "stdout" | "stderr") =>
      (...values: unknown[]): void =>
        this.#say({ type: "output", to, text: `${values.map(textOf).join(" ")}\n` });
    const log = write("stdout");
    const warn = write("stderr");
    let outcome: Outcome = { kind: "finished", exitCode: 0 };
    this.#running = true;
    this.#stopped = false;
    try {
      const AsyncFunction = RuntimeSession.prototype.run.constructor as new (
        ...args: string[]
      ) => Module;
      const module = { exports: {} };
      const restored = start?.();
      const names = ["module", "exports", "require", "console"];
      // Only then: a program that makes its own may call it so.
      if (restored !== undefined) names.push("runtime");
      const body = new AsyncFunction(...names, code);
      const console = { log, info: log, debug: log, warn, error: warn };
      await body(module, module.exports, (name) => this.#require(name), console, restored);
    } catch (error) {
      const { name, message, lines } = describe(error);
      if (!this.#stopped) warn(`${name}: ${message}`);
      outcome = { kind: "raised", raised: { name, lines } };
    }
    this.#takeCommands();
    this.#running = false;
    this.#paused = false;
    this.#record("end");
    this.#say({ type: "ended", outcome, milliseconds: performance.now() - startedAt });
  }

  /** What the program's `import`s find. */
  #require(name: string): object {
    const packages: Readonly<Record<string, object>> = {
      "@pyrena/abi": abi,
      "@pyrena/gc": gc,
      "@pyrena/objects": objects,
      "@pyrena/pymalloc": pymalloc,
      "@pyrena/raw": raw,
      "@pyrena/stats": stats,
      pyrena: {
        ...pyrena,
        createRuntime: (options: pyrena.RuntimeOptions = {}) =>
          this.#seen(pyrena.createRuntime(options), options as Options),
        restore: (bytes: Uint8Array, options: pyrena.RestoreOptions = {}) =>
          this.#seen(pyrena.restore(bytes, options), options as Options),
      },
      playground: {
        settings: this.#settings.runtime ?? {},
        moment: (text: unknown) => this.#record("line", String(text)),
      },
    };
    const found = packages[name];
    if (found !== undefined) return found;
    throw new Error(
      `the program imports ${name}, but finds here only ${Object.keys(packages).join(", ")}`,
    );
  }

  /** A runtime that is made or restored is seen from then on, in place of the one before. */
  #seen(runtime: pyrena.Runtime, options: Options): pyrena.Runtime {
    const world = new World(runtime, options, this.#link, () => this.#allocated(world));
    this.#world = world;
    world.observer.start(0);
    this.#say({ type: "label", text: world.label });
    return runtime;
  }

  #allocated(world: World): void {
    if (world !== this.#world || !this.#running || this.#looking) return;
    if (!this.#stepping) {
      if (++this.#allocations % LOOK_EVERY !== 0) return;
      this.#takeCommands();
    }
    const holds = this.#stepping || this.#paused;
    if (holds) this.#hold(world);
    if (this.#stopped) throw new Stopped("the program was stopped");
    if (holds) return;
    const time = performance.now();
    if (time >= this.#momentDue) this.#record("allocation");
    if (time < this.#frameDue) return;
    this.#frameDue = time + FRAME_EVERY;
    this.#link.publish(() => world.observer.fill(false));
  }

  #hold(world: World): void {
    this.#paused = true;
    this.#stepping = false;
    this.#record("allocation");
    const since = performance.now();
    this.#say({ type: "paused", line: 0, at: "allocation" });
    while (this.#paused) {
      this.#link.wait(LONG);
      this.#takeCommands();
    }
    world.observer.skip(performance.now() - since);
    if (!this.#stepping) this.#say({ type: "resumed" });
  }

  #takeCommands(): void {
    for (let command = this.#link.next(); command !== undefined; command = this.#link.next()) {
      this.obey(command);
    }
  }

  /** Keep this moment, and tell the page of it. */
  #record(at: MomentAt, name?: string): void {
    const world = this.#world;
    if (world === undefined) return;
    const since = performance.now();
    this.#looking = true;
    try {
      const { image, digest } = world.take();
      // In the middle of an allocation objects are half made: what was seen last is what there is.
      if (at !== "allocation") this.#graph = world.graph(this.#watched);
      const saved = at === "allocation" ? undefined : this.#save(world);
      const id = ++this.#last;
      this.#moments.push({ id, world, image, saved });
      world.observer.skip(performance.now() - since);
      this.#link.publish(() => world.observer.fill(at === "allocation"));
      const { frame, frameAt } = this.#link;
      const bytes = frameBytes(new Float64Array(frame, frameAt, FIELDS));
      this.#say({
        type: "moment",
        moment: {
          id,
          at,
          name,
          canGoOn: saved !== undefined,
          line: 0,
          clock: { lines: 0, allocations: world.observer.allocations },
          frame: new Uint8Array(frame, frameAt, bytes).slice().buffer,
          graph: this.#graph,
          kept: true,
          digest,
          tape: emptyTape(),
          taped: false,
        },
      });
      this.#makeRoom();
    } finally {
      this.#looking = false;
    }
    const time = performance.now();
    this.#momentDue = time + Math.max(MOMENT_EVERY, 8 * (time - since));
  }

  /** The heap for `restore`; undefined where it cannot be saved, or for want of room. */
  #save(world: World): Uint8Array | undefined {
    if (this.#savedBytes > MOST_SAVED) return undefined;
    try {
      const saved = world.save();
      this.#savedBytes += saved.length;
      return saved;
    } catch {
      return undefined;
    }
  }

  #makeRoom(): void {
    if (this.#moments.length <= MOST_MOMENTS) return;
    const gone = this.#moments.filter(({ saved }, n) => n % 2 === 1 && saved === undefined);
    for (const { world, image } of gone) world.release(image);
    this.#moments = this.#moments.filter((moment) => !gone.includes(moment));
    this.#say({ type: "forgotten", moments: gone.map(({ id }) => id), bytesOf: [] });
  }

  #tellVariables(names: readonly string[], id: number | undefined): void {
    const graph = this.#at(id, (world) => world.graph(names));
    if (graph !== undefined) this.#say({ type: "graph", graph, moment: id });
  }

  #tellPool(address: number, id: number | undefined): void {
    this.#say({ type: "blocks", pool: this.#at(id, (world) => world.blocksOf(address)) });
  }

  /** Look at the heap, now or at a moment. */
  #at<Result>(id: number | undefined, look: (world: World) => Result): Result | undefined {
    if (id === undefined) return this.#world === undefined ? undefined : look(this.#world);
    const moment = this.#moments.find((one) => one.id === id);
    if (moment === undefined) return undefined;
    const { world, image } = moment;
    this.#looking = true;
    try {
      return world.back(image, () => look(world));
    } finally {
      this.#looking = false;
    }
  }
}

function omit(options: Options, names: readonly string[]): Options {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)));
}

function describe(error: unknown): { name: string; message: string; lines: number[] } {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), lines: [] };
  // Two lines stand before the program in the function that it becomes.
  const lines = [...(error.stack ?? "").matchAll(/<anonymous>:(\d+):\d+/g)].map(
    ([, line]) => Number(line) - 2,
  );
  return { name: error.name, message: error.message, lines };
}

function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
