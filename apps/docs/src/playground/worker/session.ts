/** One interpreter and one program: start, run, what is seen of it, and what the page says meanwhile. */
import { type AllocatorFactory, MEM, OBJ } from "@pyrena/abi";
import { attach, type Installation, type LivePython } from "@pyrena/pyodide";
import type { Command, Graph, GraphNode, Outcome, Raised, Report, Settings } from "../protocol.ts";
import { pythonVersion } from "../versions.ts";
import { callWithText, textFor } from "./builtin-functions.ts";
import { allocatorFactory } from "./custom-allocator.ts";
import { type Harness, type HarnessHost, prepare } from "./harness.ts";
import { pythonSource } from "./heap-source.ts";
import { type Imports, startInterpreter } from "./interpreter.ts";
import { type Link, turn } from "./link.ts";
import { Observer } from "./observer.ts";
import type { PythonModule } from "./python-module.ts";
import { Streams } from "./streams.ts";
import { Suspender } from "./suspender.ts";

/** What CPython calls to ask for a signal, at every 50th look for interruptions. */
const TAKE_SIGNAL = "_Py_CheckEmscriptenSignals_Helper";
const SIGINT = 2;
/** Milliseconds from one frame to the next, and the least that they may be of what making one takes. */
const FRAME_EVERY = 30;
const FRAME_SHARE = 10;
/** Milliseconds between two looks at the chosen variables. */
const GRAPH_EVERY = 250;
/** How long to sleep at most before looking whether there is anything to do. */
const LONG = 10_000;

/** Why a program stands still. */
type Reason = "line" | "allocation" | "pause";

/** One interpreter. */
export class Session implements HarnessHost {
  readonly #link: Link;
  readonly #say: (report: Report) => void;
  readonly #settings: Settings;
  readonly #streams: Streams;
  readonly #suspender: Suspender | undefined;
  #module!: PythonModule;
  #live!: LivePython;
  #installation: Installation | undefined;
  #observer!: Observer;
  #harness!: Harness;
  /** Whether Python is up. */
  #initialized = false;
  #running = false;
  /** While Python is called from here: what it calls then is not the program's. */
  #busy = false;
  #signal = 0;
  #frameDue = 0;
  #graphDue = 0;
  #paused = false;
  #pauseAt: Reason | undefined;
  /** On top of the allocator while allocations are stepped through. */
  #stepping: Installation | undefined;
  /** Called when a suspended program shall look around. */
  #wake: (() => void) | undefined;
  readonly #input: (string | null)[] = [];
  #watched: readonly string[] = [];
  #raised: Raised | undefined;
  #graph: { roots: { name: string; id: number }[]; nodes: GraphNode[]; cut: boolean } | undefined;
  #edges = new Map<number, number[]>();

  constructor(link: Link, settings: Settings, say: (report: Report) => void) {
    this.#link = link;
    this.#settings = settings;
    this.#say = say;
    this.#suspender = link.reach === "suspending" ? new Suspender() : undefined;
    this.#streams = new Streams({
      output: (to, text) => say({ type: "output", to, text }),
      line: () => this.#line(),
    });
  }

  /** Start the interpreter. @param files address of the folder of the interpreters */
  async start(files: string): Promise<void> {
    const startedAt = performance.now();
    const { python, allocator, gcThreshold, lines } = this.#settings;
    const version = pythonVersion(python);
    const custom = allocator.kind === "custom" ? allocatorFactory(allocator.code) : undefined;
    this.#module = await startInterpreter({
      version,
      folder: `${files}${version.python}/`,
      adaptImports: (imports) => this.#adaptImports(imports),
      beforeMain: (module) => {
        this.#module = module;
        this.#streams.connect(module);
        this.#live = attach(this.#attachable(module));
        this.#install(custom);
        this.#observer = new Observer(
          pythonSource(this.#live, this.#installation),
          this.#link.frame,
          this.#link.frameAt,
        );
      },
    });
    this.#initialized = true;
    this.#busy = true;
    this.#harness = prepare(this.#module, this, {
      lines,
      suspender: this.#suspender,
      gcThreshold: gcThreshold ?? -1,
    });
    this.#busy = false;
    this.#publish();
    this.#say({
      type: "ready",
      python: this.#live.python,
      allocator: allocator.kind === "name" ? allocator.name : "custom",
      engine: this.#installation?.engine,
      reach: this.#link.reach,
      milliseconds: performance.now() - startedAt,
    });
  }

  /** Run a program to its end. */
  async run(program: string, watched: readonly string[]): Promise<void> {
    const module = this.#module;
    this.#watched = watched;
    this.#raised = undefined;
    module.FS.writeFile("/home/pyodide/main.py", program);
    module.FS.chdir("/home/pyodide");
    module.HEAPU8[module._Py_EMSCRIPTEN_SIGNAL_HANDLING] = 1;
    this.#frameDue = this.#graphDue = 0;
    this.#observer.start(program.split("\n").length);
    this.#running = true;
    const startedAt = performance.now();
    let outcome: Outcome;
    try {
      const source = textFor(module, program);
      const result =
        this.#suspender === undefined
          ? module._PyObject_CallOneArg(this.#harness.run, source)
          : await this.#suspender.call(module._PyObject_CallOneArg, this.#harness.run, source);
      outcome = this.#outcome(result);
      module._Py_DecRef(source);
    } catch (error) {
      outcome = { kind: "crashed", message: messageOf(error) };
    }
    const milliseconds = performance.now() - startedAt;
    this.#observer.end();
    this.#running = false;
    this.#paused = false;
    this.#streams.flush();
    if (outcome.kind !== "crashed") {
      module.HEAPU8[module._Py_EMSCRIPTEN_SIGNAL_HANDLING] = 0;
      this.#publish();
      this.#tellGraph();
    }
    this.#say({ type: "ended", outcome, milliseconds });
    this.takeCommands();
  }

  /** Do what has been said meanwhile. */
  takeCommands(): void {
    for (let command = this.#link.next(); command !== undefined; command = this.#link.next()) {
      this.obey(command);
    }
    this.#wake?.();
  }

  lineReached(line: number): void | Promise<void> {
    this.#observer.lineReached(line);
    if (this.#pauseAt === "line" && this.#running && !this.#busy) return this.#hold("line");
  }

  entered(): void {
    this.#observer.entered();
  }

  left(): void {
    this.#observer.left();
  }

  collecting(starts: boolean): void {
    this.#observer.collecting(starts);
  }

  raised(name: string, lines: readonly number[]): void {
    this.#raised = { name, lines };
  }

  root(name: string, id: number): void {
    this.#graph?.roots.push({ name, id });
  }

  node(node: Omit<GraphNode, "refers">): void {
    const refers: number[] = [];
    this.#edges.set(node.id, refers);
    this.#graph?.nodes.push({ ...node, refers });
  }

  edge(from: number, to: number): void {
    this.#edges.get(from)?.push(to);
  }

  sleep(milliseconds: number): boolean | Promise<boolean> {
    if (this.#busy) return false;
    const until = performance.now() + milliseconds;
    this.#publish();
    if (this.#link.reach === "shared") {
      for (let left = milliseconds; left > 0; left = until - performance.now()) {
        this.#link.wait(left);
        this.takeCommands();
        // A pause is heeded, and an interruption taken, between two bytecodes: right after this.
        if (this.#signal !== 0 || this.#paused) break;
      }
      return true;
    }
    if (this.#link.reach === "suspending") return this.#sleepSuspended(until);
    return false;
  }

  async #sleepSuspended(until: number): Promise<boolean> {
    for (;;) {
      this.takeCommands();
      const left = until - performance.now();
      if (left <= 0 || this.#signal !== 0 || this.#paused) return true;
      await this.#woken(left);
    }
  }

  /** Until the page has said something, or the time is over. */
  #woken(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #adaptImports(imports: Record<string, Imports>): void {
    const { env } = imports;
    const { memoryLimit } = this.#settings;
    const resize = env!["emscripten_resize_heap"] as (bytes: number) => number;
    // To refuse is what a full machine does: malloc answers NULL, and Python raises MemoryError.
    env!["emscripten_resize_heap"] = (bytes: number): number =>
      bytes >>> 0 > memoryLimit ? 0 : resize(bytes);
    const take = (): number => this.#checkpoint();
    const suspender = this.#suspender;
    if (suspender === undefined) {
      env![TAKE_SIGNAL] = take;
      return;
    }
    env![TAKE_SIGNAL] = suspender.function(0, take, () => this.#suspendingCheckpoint());
    const wasi = imports["wasi_snapshot_preview1"]!;
    const read = wasi["fd_read"] as (...args: number[]) => number;
    wasi["fd_read"] = suspender.function(4, read, (fd, ...others) => {
      if (fd !== 0 || this.#streams.hasInput) return read(fd!, ...others);
      return this.#askSuspended().then(() => read(fd, ...others));
    });
  }

  /**
   * The module, in which tracemalloc can be asked once Python is up. Before, it cannot be tracing, and that of 3.13 would
   * look for a thread that is not there yet.
   */
  #attachable(module: PythonModule): object {
    return Object.create(module, {
      _PyTraceMalloc_Untrack: {
        get: () => (this.#initialized ? module._PyTraceMalloc_Untrack : undefined),
      },
    }) as object;
  }

  #install(custom: AllocatorFactory | undefined): void {
    const { allocator } = this.#settings;
    this.#installation = this.#live.install({
      allocator: custom ?? (allocator.kind === "name" ? allocator.name : "pymalloc"),
      ...(custom === undefined ? {} : { name: "custom" }),
      onError: ({ where, message }) => this.#say({ type: "problem", where, message }),
    });
  }

  /** CPython looks here between two bytecodes. @returns a signal's number, 0 for none */
  #checkpoint(): number {
    if (this.#busy || !this.#running) return 0;
    this.takeCommands();
    this.#telemetry();
    if (this.#paused) this.#hold("pause");
    return this.#takeSignal();
  }

  #suspendingCheckpoint(): number | Promise<number> {
    if (this.#busy || !this.#running || (performance.now() < this.#frameDue && !this.#paused)) {
      return 0;
    }
    this.#telemetry();
    return this.#suspended();
  }

  async #suspended(): Promise<number> {
    await turn();
    this.takeCommands();
    if (this.#paused) await this.#hold("pause");
    return this.#takeSignal();
  }

  #takeSignal(): number {
    const signal = this.#signal;
    this.#signal = 0;
    return signal;
  }

  #telemetry(): void {
    const now = performance.now();
    if (now < this.#frameDue) return;
    this.#publish();
    // Not in the middle of a step: what it takes to look would be taken for the program's.
    if (now >= this.#graphDue && this.#pauseAt === undefined) {
      this.#tellGraph();
      this.#graphDue = performance.now() + GRAPH_EVERY;
    }
    const took = performance.now() - now;
    this.#frameDue = now + Math.max(FRAME_EVERY, FRAME_SHARE * took);
  }

  #publish(): void {
    this.#streams.flush();
    this.#link.publish(() => this.#observer.fill(this.#paused));
  }

  /** Stand still until the page says otherwise. */
  #hold(at: Reason): void | Promise<void> {
    this.#paused = true;
    this.#pauseAt = undefined;
    this.#publish();
    // In the middle of an allocation Python cannot be asked.
    if (at !== "allocation") this.#tellGraph();
    this.#say({ type: "paused", line: this.#observer.line, at });
    if (this.#link.reach === "suspending") return this.#held();
    while (this.#paused) {
      this.#link.wait(LONG);
      this.takeCommands();
    }
    this.#resumed();
  }

  async #held(): Promise<void> {
    while (this.#paused) {
      await this.#woken(LONG);
      this.takeCommands();
    }
    this.#resumed();
  }

  #resumed(): void {
    if (this.#pauseAt === undefined) this.#say({ type: "resumed" });
    this.#frameDue = 0;
  }

  /** Do what the page says. */
  obey(command: Command): void {
    switch (command.type) {
      case "interrupt":
        if (!this.#running) return;
        this.#signal = SIGINT;
        this.#input.length = 0;
        this.#goOn(undefined);
        return;
      case "pause":
        this.#paused = this.#running;
        return;
      case "resume":
        this.#goOn(undefined);
        return;
      case "step":
        this.#goOn(command.by);
        return;
      case "input":
        this.#input.push(command.text);
        return;
      case "watch":
        this.#watched = command.names;
        this.#tellGraph();
        return;
      case "pool":
        this.#say({ type: "blocks", pool: this.#observer.blocksOf(command.address) });
        return;
      case "load":
      case "run":
        return;
    }
  }

  #goOn(to: "line" | "allocation" | undefined): void {
    this.#paused = false;
    this.#pauseAt = to;
    if (to === "allocation") {
      this.#stepping ??= this.#watchAllocations();
    } else {
      this.#stepping?.uninstall();
      this.#stepping = undefined;
    }
  }

  #watchAllocations(): Installation | undefined {
    try {
      return this.#live.install({
        name: "step",
        domains: [MEM, OBJ],
        allocator: (next) => {
          const allocated = (address: number): number => {
            if (this.#pauseAt === "allocation" && !this.#busy) this.#hold("allocation");
            return address;
          };
          return {
            ...next,
            malloc: (ctx, size) => allocated(next.malloc(ctx, size)),
            calloc: (ctx, nelem, elsize) => allocated(next.calloc(ctx, nelem, elsize)),
          };
        },
      });
    } catch (error) {
      this.#say({ type: "problem", where: "step", message: messageOf(error) });
      return undefined;
    }
  }

  /** Tell of the chosen variables, as far as there are any. */
  #tellGraph(): void {
    if (this.#watched.length === 0 || this.#busy || this.#harness === undefined) return;
    const module = this.#module;
    this.#graph = { roots: [], nodes: [], cut: false };
    this.#edges = new Map();
    this.#busy = true;
    try {
      const result = this.#unsuspended(() =>
        callWithText(module, this.#harness.describe, this.#watched.join(" ")),
      );
      if (result === 0) {
        // No room for it. The program must not notice.
        module._PyErr_Clear();
        return;
      }
      this.#graph.cut = module._PyObject_IsTrue(result) === 1;
      module._Py_DecRef(result);
      this.#say({ type: "graph", graph: this.#graph satisfies Graph });
    } finally {
      this.#busy = false;
      this.#graph = undefined;
    }
  }

  #unsuspended<Result>(call: () => Result): Result {
    return this.#suspender === undefined ? call() : this.#suspender.without(call);
  }

  #outcome(result: number): Outcome {
    const module = this.#module;
    if (result === 0) {
      // Not even the report of it found room.
      module._PyErr_Print();
      return { kind: "raised", raised: this.#raised ?? { name: "MemoryError", lines: [] } };
    }
    const exitCode = module._PyLong_AsLong(result);
    module._Py_DecRef(result);
    return this.#raised === undefined
      ? { kind: "finished", exitCode }
      : { kind: "raised", raised: this.#raised };
  }

  /** A line of input for Python, which waits for it. */
  #line(): Uint8Array | null | undefined {
    if (this.#input.length === 0 && this.#link.reach === "shared" && this.#running) {
      this.#publish();
      this.#say({ type: "asks" });
      while (this.#input.length === 0) {
        this.#link.wait(LONG);
        this.takeCommands();
        if (this.#signal !== 0) return undefined;
      }
    }
    const text = this.#input.shift();
    if (this.#signal !== 0) return undefined;
    return text === undefined || text === null ? null : new TextEncoder().encode(`${text}\n`);
  }

  async #askSuspended(): Promise<void> {
    this.takeCommands();
    if (this.#input.length > 0) return;
    this.#publish();
    this.#say({ type: "asks" });
    while (this.#input.length === 0 && this.#signal === 0) {
      await this.#woken(LONG);
      this.takeCommands();
    }
  }
}

/** What an error says, or whatever else was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
