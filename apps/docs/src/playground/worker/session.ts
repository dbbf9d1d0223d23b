/** One interpreter and one program: start, run, what is seen of it, and what the page says meanwhile. */
import type { AllocatorFactory } from "@pyrena/abi";
import { attach, type Installation, type LivePython } from "@pyrena/pyodide";
import { FIELDS, frameBytes } from "../frame.ts";
import type {
  Command,
  Graph,
  GraphNode,
  MomentAt,
  Outcome,
  Raised,
  Replay,
  Report,
  Settings,
} from "../protocol.ts";
import { pythonVersion } from "../versions.ts";
import { AllocationHook } from "./allocation-hook.ts";
import { textFor } from "./builtin-functions.ts";
import { now } from "./clock.ts";
import { allocatorFactory } from "./custom-allocator.ts";
import { type Harness, type HarnessHost, prepare } from "./harness.ts";
import { pythonSource } from "./heap-source.ts";
import { Input } from "./input.ts";
import { startInterpreter } from "./interpreter.ts";
import { adaptImports } from "./interpreter-imports.ts";
import { Itinerary } from "./itinerary.ts";
import { type Link, turn } from "./link.ts";
import { Observer } from "./observer.ts";
import type { PythonModule } from "./python-module.ts";
import { Recorder } from "./recorder.ts";
import { LINE_PATIENCE, Standstill, type Stop } from "./standstill.ts";
import { Streams } from "./streams.ts";
import { Suspender } from "./suspender.ts";
import { Tape } from "./tape.ts";
import { Variables } from "./variables.ts";

const SIGINT = 2;
/** Milliseconds from one frame to the next, and the least that they may be of what making one takes. */
const FRAME_EVERY = 30;
const FRAME_SHARE = 10;
/** Milliseconds that may go into keeping moments: at first, and then the share of the time that the program takes. */
const MOMENTS_FIRST = 120;
const MOMENTS_SHARE = 1 / 8;
/** Lines after which the clock is looked at. */
const LOOK_EVERY = 16;

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
  #running = false;
  /** While Python is called from here: what it calls then is not the program's. */
  #busy = false;
  #signal = 0;
  /** Whether the page has asked it to stop. */
  #interrupted = false;
  /** Whether the program itself has ended, and the milliseconds that it took. */
  #ended = false;
  #took = 0;
  #frameDue = 0;
  #momentDue = 0;
  #momentsTook = 0;
  readonly #standstill: Standstill;
  readonly #input: Input;
  #hook!: AllocationHook;
  #recorder!: Recorder;
  readonly #tape: Tape;
  readonly #variables = new Variables();
  /** Lines that the program has come to, and allocations before it came to the last one. */
  #lines = 0;
  #allocationsBefore = 0;
  readonly #itinerary = new Itinerary();
  #watched: readonly string[] = [];
  #raised: Raised | undefined;
  #graph: Graph | undefined;

  /** @param epoch what the interpreter's clocks show while it starts */
  constructor(link: Link, settings: Settings, epoch: number, say: (report: Report) => void) {
    this.#link = link;
    this.#settings = settings;
    this.#say = say;
    this.#tape = new Tape(epoch);
    this.#suspender = link.reach === "suspending" ? new Suspender() : undefined;
    this.#standstill = new Standstill(link, () => this.takeCommands());
    this.#input = this.#createInput();
    this.#streams = new Streams({
      output: (to, text) => say({ type: "output", to, text }),
      line: () => this.#input.take(),
    });
  }

  /**
   * Start the interpreter.
   * @param files address of the folder of the interpreters
   * @param compiled its binary, if another worker has compiled it
   */
  async start(files: string, compiled: WebAssembly.Module | undefined): Promise<void> {
    const startedAt = now();
    this.#tape.install();
    const { python, allocator, gcThreshold, lines } = this.#settings;
    const version = pythonVersion(python);
    const custom = allocator.kind === "custom" ? allocatorFactory(allocator.code) : undefined;
    this.#module = await startInterpreter({
      version,
      folder: `${files}${version.python}/`,
      compiled,
      onCompiled: (module) => this.#say({ type: "compiled", python: version.python, module }),
      adaptImports: (imports) =>
        adaptImports(imports, {
          memoryLimit: this.#settings.memoryLimit,
          suspender: this.#suspender,
          checkpoint: () => this.#checkpoint(),
          suspendingCheckpoint: () => this.#suspendingCheckpoint(),
          beforeRead: () => this.#beforeRead(),
        }),
      beforeMain: (module) => {
        this.#module = module;
        this.#streams.connect(module);
        this.#live = attach(module);
        this.#install(custom);
        this.#observer = new Observer(
          pythonSource(this.#module, this.#live, this.#installation),
          this.#link.frame,
          this.#link.frameAt,
        );
      },
    });
    this.#busy = true;
    this.#harness = prepare(this.#module, this, {
      lines,
      suspender: this.#suspender,
      gcThreshold: gcThreshold ?? -1,
    });
    this.#busy = false;
    this.#hook = new AllocationHook(this.#module, () => this.#allocated());
    this.#recorder = this.#createRecorder();
    this.#publish();
    this.#say({
      type: "ready",
      python: this.#live.python,
      allocator: allocator.kind === "name" ? allocator.name : "custom",
      engine: this.#installation?.engine,
      reach: this.#link.reach,
      milliseconds: now() - startedAt,
    });
  }

  /** Run a program to its end. @param replay up to where it is run again, if it is */
  async run(program: string, watched: readonly string[], replay?: Replay): Promise<void> {
    const module = this.#module;
    this.#watched = watched;
    this.#raised = undefined;
    this.#interrupted = false;
    this.#ended = false;
    this.#took = 0;
    // Where tracebacks find its lines.
    module.FS.chdir(module.ENV["HOME"]!);
    module.FS.writeFile("main.py", program);
    module.HEAPU8[module._Py_EMSCRIPTEN_SIGNAL_HANDLING] = 1;
    this.#frameDue = 0;
    this.#lines = 0;
    this.#graph = undefined;
    this.#observer.start(program.split("\n").length);
    this.#itinerary.start(replay?.moments ?? []);
    this.#tape.start(replay?.tape);
    this.#input.push(...(replay?.tape.input ?? []));
    this.#allocationsBefore = this.#observer.allocations;
    this.#record("start");
    this.#running = true;
    this.#momentDue = 0;
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
    if (outcome.kind !== "crashed") this.#programEnded();
    this.#running = false;
    this.#standstill.paused = false;
    this.#streams.flush();
    if (outcome.kind !== "crashed") module.HEAPU8[module._Py_EMSCRIPTEN_SIGNAL_HANDLING] = 0;
    this.#say({ type: "ended", outcome, milliseconds: this.#took || this.#observer.elapsed });
    this.takeCommands();
  }

  /** Do what has been said meanwhile. */
  takeCommands(): void {
    for (let command = this.#link.next(); command !== undefined; command = this.#link.next()) {
      this.obey(command);
    }
    this.#standstill.wake();
  }

  lineReached(line: number): void | Promise<void> {
    this.#observer.lineReached(line);
    if (!this.#running || this.#busy) return;
    const lines = ++this.#lines;
    this.#allocationsBefore = this.#observer.measured;
    if (this.#itinerary.isUnderWay) {
      return lines < this.#itinerary.lines ? undefined : this.#cameAgain();
    }
    const stop = this.#standstill.at;
    if (stop !== undefined) return stop === "line" ? this.#hold("line") : undefined;
    if (this.#settings.moments === "lines") this.#record("line");
    else if ((lines % LOOK_EVERY === 0 || lines < LOOK_EVERY) && now() >= this.#momentDue) {
      this.#record("line");
    }
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

  raised(name: string, lines: readonly number[]): boolean {
    this.#raised = { name, lines };
    this.#programEnded();
    // Who has stopped it knows where it was; to print a traceback, Python would import a dozen modules first.
    if (name !== "KeyboardInterrupt" || !this.#interrupted) return true;
    this.#say({ type: "output", to: "stderr", text: "KeyboardInterrupt\n" });
    return false;
  }

  /** The picture stays as it is now: what comes after, such as printing a traceback, is not the program's. */
  #programEnded(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#took = this.#observer.elapsed;
    this.#observer.end();
    this.#hook.off();
    this.#record("end");
  }

  root(name: string, id: number): void {
    this.#variables.root(name, id);
  }

  node(node: Omit<GraphNode, "refers">): void {
    this.#variables.node(node);
  }

  edge(from: number, to: number): void {
    this.#variables.edge(from, to);
  }

  sleep(milliseconds: number): boolean | Promise<boolean> {
    if (this.#busy) return false;
    // The clocks will show what they showed after it.
    if (this.#tape.playing || this.#itinerary.isUnderWay) return true;
    const until = now() + milliseconds;
    this.#publish();
    if (this.#link.reach === "shared") {
      for (let left = milliseconds; left > 0; left = until - now()) {
        this.#link.wait(left);
        this.takeCommands();
        // A pause is heeded, and an interruption taken, between two bytecodes: right after this.
        if (this.#signal !== 0 || this.#standstill.isAsked) break;
      }
      return true;
    }
    if (this.#link.reach === "suspending") return this.#sleepSuspended(until);
    return false;
  }

  async #sleepSuspended(until: number): Promise<boolean> {
    for (;;) {
      this.takeCommands();
      const left = until - now();
      if (left <= 0 || this.#signal !== 0 || this.#standstill.isAsked) return true;
      await this.#standstill.woken(left);
    }
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
    if (this.#standstill.isDue) this.#hold("pause");
    return this.#takeSignal();
  }

  #suspendingCheckpoint(): number | Promise<number> {
    if (this.#busy || !this.#running || (now() < this.#frameDue && !this.#standstill.paused))
      return 0;
    this.#telemetry();
    return this.#suspended();
  }

  async #suspended(): Promise<number> {
    await turn();
    this.takeCommands();
    if (this.#standstill.isDue) await this.#hold("pause");
    return this.#takeSignal();
  }

  #takeSignal(): number {
    const signal = this.#signal;
    this.#signal = 0;
    return signal;
  }

  #telemetry(): void {
    const time = now();
    if (time < this.#frameDue) return;
    if (this.#ended) {
      this.#streams.flush();
      this.#frameDue = time + FRAME_EVERY;
      return;
    }
    this.#publish();
    // A long line, or lines that are not followed.
    const { lines, moments } = this.#settings;
    const wait = lines ? (moments === "lines" ? Number.POSITIVE_INFINITY : LINE_PATIENCE) : 0;
    const isFree = this.#standstill.at === undefined && !this.#itinerary.isUnderWay;
    if (time >= this.#momentDue + wait && isFree) {
      this.#record("pause");
    }
    const took = now() - time;
    this.#frameDue = time + Math.max(FRAME_EVERY, FRAME_SHARE * took);
  }

  #publish(): void {
    this.#streams.flush();
    this.#link.publish(() => this.#observer.fill(this.#standstill.paused));
  }

  /** Keep this moment, and tell the page of it. @param id of a moment that is come to again */
  #record(at: MomentAt, id?: number): void {
    const since = now();
    const allocations = this.#observer.allocations - this.#allocationsBefore;
    // In the middle of an allocation Python cannot be asked: what was seen last is what there is.
    const look =
      at === "allocation" || this.#watched.length === 0
        ? undefined
        : () => this.#lookAtVariables(this.#watched);
    const { seen = this.#graph, ...recorded } = this.#quietly(() =>
      this.#recorder.record(at, look, id),
    );
    this.#graph = seen;
    const took = now() - since;
    this.#observer.skip(took);
    this.#publish();
    const { frame, frameAt } = this.#link;
    const bytes = frameBytes(new Float64Array(frame, frameAt, FIELDS));
    this.#say({
      type: "moment",
      moment: {
        ...recorded,
        at,
        line: this.#observer.line,
        clock: { lines: this.#lines, allocations },
        frame: new Uint8Array(frame, frameAt, bytes).slice().buffer,
        graph: seen,
        tape: this.#tape.take(),
        taped: this.#tape.complete,
      },
    });
    // The first one is a copy of everything: the others cost less.
    if (at !== "start") this.#momentsTook += took;
    const due = (this.#momentsTook - MOMENTS_FIRST) / MOMENTS_SHARE - this.#observer.elapsed;
    this.#momentDue = now() + Math.max(took, due);
  }

  /** The program has come to the line of a moment that it is to come to again. */
  #cameAgain(): void | Promise<void> {
    const itinerary = this.#itinerary;
    for (let next = itinerary.next; next !== undefined; next = itinerary.next) {
      if (next.clock.lines > this.#lines) break;
      if (next.clock.lines === this.#lines && next.at === "allocation") {
        this.#hook.on();
        break;
      }
      if (itinerary.pass()) return this.#arrive("line", next.id);
      this.#record(next.at, next.id);
    }
  }

  /** Called after each allocation, while the hook is on. */
  #allocated(): void {
    if (this.#busy || !this.#running || !this.#hook.isOn) return;
    const { next } = this.#itinerary;
    if (next === undefined) {
      if (this.#standstill.at === "allocation") this.#hold("allocation");
      return;
    }
    if (this.#observer.allocations - this.#allocationsBefore < next.clock.allocations) return;
    if (this.#itinerary.pass()) {
      this.#arrive("allocation", next.id);
      return;
    }
    this.#record("allocation", next.id);
    if (this.#itinerary.lines !== this.#lines) this.#hook.off();
  }

  /** The program is where it was to come to again. What comes from outside is new from here on. */
  #arrive(at: "line" | "allocation", id: number): void | Promise<void> {
    this.#tape.stop();
    this.#input.clear();
    return this.#hold(at, id);
  }

  /** Stand still until the page says otherwise. */
  #hold(at: Stop, id?: number): void | Promise<void> {
    this.#standstill.begin();
    this.#record(at, id);
    this.#say({ type: "paused", line: this.#observer.line, at });
    const since = now();
    const over = this.#standstill.over();
    return over === undefined ? this.#resumed(since) : over.then(() => this.#resumed(since));
  }

  #resumed(heldSince: number): void {
    this.#observer.skip(now() - heldSince);
    if (this.#standstill.at === undefined) this.#say({ type: "resumed" });
    this.#frameDue = 0;
  }

  /** Do what the page says. */
  obey(command: Command): void {
    switch (command.type) {
      case "interrupt":
        if (!this.#running) return;
        this.#signal = SIGINT;
        this.#interrupted = true;
        this.#input.clear();
        this.#goOn(undefined);
        return;
      case "pause":
        if (this.#running) this.#standstill.ask(this.#settings.lines);
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
        this.#tellVariables(command.names, command.moment);
        return;
      case "pool":
        this.#tellPool(command.address, command.moment);
        return;
      case "load":
      case "run":
      case "goOn":
        return;
    }
  }

  #goOn(to: "line" | "allocation" | undefined): void {
    this.#standstill.goOn(to);
    if (to === "allocation") this.#hook.on();
    else this.#hook.off();
  }

  #createInput(): Input {
    const session = this;
    return new Input(
      {
        get canWait() {
          return session.#link.reach === "shared" && session.#running;
        },
        get isInterrupted() {
          return session.#signal !== 0;
        },
        ask: () => {
          this.#publish();
          this.#say({ type: "asks" });
        },
        given: (text) => this.#tape.inputGiven(text),
      },
      this.#standstill,
    );
  }

  /** Python is about to read, and can be suspended. */
  #beforeRead(): void | Promise<void> {
    if (this.#streams.hasInput) return;
    this.takeCommands();
    return this.#input.wait();
  }

  #createRecorder(): Recorder {
    const module = this.#module;
    return new Recorder(
      {
        words: () => module.HEAPU32,
        stackSave: () => module.stackSave(),
        stackRestore: (pointer) => module.stackRestore(pointer),
        stack: {
          from: module._emscripten_stack_get_end(),
          to: module._emscripten_stack_get_base(),
        },
        // Nobody knows what an allocator of the user's remembers.
        isWhole: this.#settings.allocator.kind !== "custom",
      },
      (moments, bytesOf) => this.#say({ type: "forgotten", moments, bytesOf }),
    );
  }

  /** What is done meanwhile is ours, and not counted for the program. */
  #quietly<Result>(call: () => Result): Result {
    const busy = this.#busy;
    this.#busy = true;
    try {
      return this.#observer.without(() => this.#tape.aside(call));
    } finally {
      this.#busy = busy;
    }
  }

  /** Called quietly, by the recorder. */
  #lookAtVariables(names: readonly string[]): Graph | undefined {
    if (names.length === 0 || this.#harness === undefined) return undefined;
    return this.#unsuspended(() => this.#variables.look(this.#module, this.#harness, names));
  }

  #tellVariables(names: readonly string[], moment: number | undefined): void {
    this.#watched = names;
    if (this.#busy || this.#recorder === undefined) return;
    const look = (): Graph | undefined => this.#lookAtVariables(names);
    const graph = this.#quietly(() =>
      moment === undefined ? this.#recorder.aside(look) : this.#recorder.back(moment, true, look),
    );
    if (graph !== undefined) this.#say({ type: "graph", graph, moment });
  }

  #tellPool(address: number, moment: number | undefined): void {
    const look = (): Report => ({ type: "blocks", pool: this.#observer.blocksOf(address) });
    const report =
      moment === undefined ? look() : this.#quietly(() => this.#recorder.back(moment, false, look));
    this.#say(report ?? { type: "blocks", pool: undefined });
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
}

/** What an error says, or whatever else was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
