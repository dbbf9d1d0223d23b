/**
 * The page's end: owns the worker in which Python runs, ends it and starts another, and never waits for it.
 *
 *     idle ── run() ──→ starting ── ready ──→ running ⇄ paused, asking ── ended ──→ ended ── run(): a fresh interpreter
 *     paused, ended ── again() ──→ starting ── ready ──→ replaying ── the chosen step ──→ paused
 *
 * Every run has a fresh interpreter, so that nothing of the last run is in the picture; its memory stays open to
 * questions until the next run.
 */
import { FIELDS, FRAME_BYTES, Frame, frameBytes } from "./frame.ts";
import {
  BOX_AT,
  type Command,
  FRAME_AT,
  FRAMES,
  type Graph,
  LENGTH,
  MAIL,
  type Moment,
  type Outcome,
  type PoolBlocks,
  type Reach,
  type Replay,
  type Report,
  type Settings,
  SHARED_BYTES,
  WAKE,
} from "./protocol.ts";

/** What the interpreter is doing. */
export type Phase =
  /** There is none, or one that waits for a program. */
  | "idle"
  | "starting"
  | "running"
  /** It runs again, up to a step where it was before. */
  | "replaying"
  /** The program waits for a line of input. */
  | "asking"
  | "paused"
  /** It has been told to stop. */
  | "stopping"
  | "ended";

/** Told of what happens. All of it comes on the page's own time, between two events. */
export interface PlaygroundListener {
  phase?(phase: Phase): void;
  ready?(ready: Extract<Report, { type: "ready" }>): void;
  output?(to: "stdout" | "stderr" | "note", text: string): void;
  frame?(frame: Frame): void;
  paused?(line: number, at: "line" | "allocation" | "pause"): void;
  /** The answer to `watch`. */
  graph?(graph: Graph, moment: number | undefined): void;
  moment?(moment: Moment): void;
  /** What the heap is, where only the program decides. */
  label?(text: string): void;
  /** Moments were let go, or the bytes of their heaps. */
  forgotten?(moments: readonly number[], bytesOf: readonly number[]): void;
  blocks?(pool: PoolBlocks | undefined): void;
  problem?(where: string, message: string): void;
  ended?(outcome: Outcome | { readonly kind: "stopped" }, milliseconds: number): void;
}

/** How a playground is set up. */
export interface PlaygroundOptions {
  /** Address of the folder of the interpreters, ends in a slash. */
  readonly files: string;
  readonly createWorker: () => Worker;
  readonly listener: PlaygroundListener;
  /** Tests choose; else the best that the browser gives. */
  readonly reach?: Reach | undefined;
}

/** How long a program has to heed KeyboardInterrupt before its worker is ended, in milliseconds. */
const GRACE = 1_000;

/** One interpreter at a time. */
export class Playground {
  readonly #options: PlaygroundOptions;
  #worker: Worker | undefined;
  #shared: SharedArrayBuffer | undefined;
  #words: Int32Array | undefined;
  #commands: Command[] = [];
  #phase: Phase = "idle";
  #reach: Reach | undefined;
  #settings: string | undefined;
  #ready: Promise<boolean> | undefined;
  /** What the clocks of the interpreter show at its start. */
  #epoch = 0;
  /** Binaries of interpreters that have been started, by version. */
  readonly #compiled: Map<string, WebAssembly.Module> = new Map();
  /** What the last run was given. */
  #last: { program: string; settings: Settings } | undefined;
  #seen = 0;
  #startedAt = 0;
  #grace: ReturnType<typeof setTimeout> | undefined;
  /** Whether the worker has run a program, and must not run another. */
  #used = false;

  constructor(options: PlaygroundOptions) {
    this.#options = options;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** How commands reach a running program; known once an interpreter is up. */
  get reach(): Reach | undefined {
    return this.#reach;
  }

  /** Start an interpreter ahead of time, so that `run` finds it ready. */
  prepare(settings: Settings): void {
    if (this.#isBusy) return;
    const key = JSON.stringify(settings);
    if (this.#worker !== undefined && !this.#used && this.#settings === key) return;
    this.#start(settings, Date.now());
  }

  /**
   * Run a program in a fresh interpreter. A program that runs is stopped first.
   * @param watch names of variables to be told of
   */
  async run(program: string, settings: Settings, watch: readonly string[] = []): Promise<void> {
    if (this.#isBusy) this.#end();
    this.prepare(settings);
    this.#last = { program, settings };
    await this.#begin(watch);
  }

  /** Whether the last program can be run again up to a step: that needs lines, and a way to stop there. */
  get canRunAgain(): boolean {
    return this.#last?.settings.lines === true && this.#reach !== "none";
  }

  /**
   * Run the last program again, in a fresh interpreter, to where it has been before, and pause there. It is given what
   * it was given the first time: clocks, random bytes, input.
   */
  async again(replay: Replay, watch: readonly string[] = []): Promise<void> {
    if (this.#last === undefined) return;
    this.#start(this.#last.settings, this.#epoch);
    await this.#begin(watch, replay);
  }

  async #begin(watch: readonly string[], replay?: Replay): Promise<void> {
    const worker = this.#worker!;
    this.#setPhase("starting");
    const up = await this.#ready;
    // Stopped, or started anew, while it came up.
    if (!up || worker !== this.#worker || this.#phase !== "starting") return;
    this.#used = true;
    this.#startedAt = performance.now();
    this.#setPhase(replay === undefined ? "running" : "replaying");
    const { program } = this.#last!;
    worker.postMessage({ type: "run", program, watch, replay } satisfies Command);
  }

  /** Run another program on the heap as it was at a moment, in the worker that has that heap. */
  goOn(program: string, moment: number): void {
    if (this.#worker === undefined || this.#phase !== "ended") return;
    this.#startedAt = performance.now();
    this.#setPhase("running");
    this.#worker.postMessage({ type: "goOn", program, moment } satisfies Command);
  }

  /** Stop the program: by KeyboardInterrupt if that reaches it, else by ending its worker. */
  stop(): void {
    if (!this.#isBusy) return;
    if (this.#phase === "starting" || this.#reach === "none" || this.#phase === "stopping") {
      this.#kill();
      return;
    }
    this.#setPhase("stopping");
    this.#send({ type: "interrupt" });
    this.#grace = setTimeout(() => this.#kill(), GRACE);
  }

  /** End the interpreter with all its memory. */
  reset(): void {
    this.#end();
    this.#setPhase("idle");
  }

  pause(): void {
    if (this.#phase === "running") this.#send({ type: "pause" });
  }

  resume(): void {
    if (this.#phase === "paused") this.#send({ type: "resume" });
  }

  step(by: "line" | "allocation"): void {
    if (this.#phase === "paused") this.#send({ type: "step", by });
  }

  /** A line for `input()`; null: the end of the input. Lines may be given before they are asked for. */
  input(text: string | null): void {
    this.#send({ type: "input", text });
    if (this.#phase === "asking") this.#setPhase("running");
  }

  /** Names of variables to be told of; with a moment, as they were then. */
  watch(names: readonly string[], moment?: number): void {
    this.#send({ type: "watch", names, moment });
  }

  /** Ask for the blocks of a pool, now or at a moment. */
  pool(address: number, moment?: number): void {
    this.#send({ type: "pool", address, moment });
  }

  /** The newest frame, if there is one that was not given yet: for each picture that the page draws. */
  poll(): Frame | undefined {
    const words = this.#words;
    if (words === undefined) return undefined;
    const before = Atomics.load(words, FRAMES);
    if (before === this.#seen || before % 2 === 1) return undefined;
    const shared = this.#shared!;
    const length = frameBytes(new Float64Array(shared, FRAME_AT, FIELDS));
    // A length that was read while it was written may be anything.
    if (!(length <= FRAME_BYTES)) return undefined;
    const copy = new Uint8Array(shared, FRAME_AT, length).slice();
    // Overwritten while it was copied: the next one is on its way.
    if (Atomics.load(words, FRAMES) !== before) return undefined;
    this.#seen = before;
    return new Frame(copy.buffer);
  }

  /** A program that stands, or has ended: what was seen last is what is there now. */
  #showNewest(): void {
    const frame = this.poll();
    if (frame !== undefined) this.#options.listener.frame?.(frame);
  }

  get #isBusy(): boolean {
    return this.#phase !== "idle" && this.#phase !== "ended";
  }

  #start(settings: Settings, epoch: number): void {
    this.#end();
    const worker = this.#options.createWorker();
    this.#worker = worker;
    this.#used = false;
    this.#settings = JSON.stringify(settings);
    this.#epoch = epoch;
    const { reach } = this.#options;
    const isolated = globalThis.crossOriginIsolated === true;
    if (isolated && (reach === undefined || reach === "shared")) {
      this.#shared = new SharedArrayBuffer(SHARED_BYTES);
      this.#words = new Int32Array(this.#shared, 0, 16);
      this.#seen = 0;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#ready = promise;
    worker.onmessage = ({ data }: MessageEvent<Report>) => {
      if (worker !== this.#worker) return;
      if (data.type === "ready") {
        this.#reach = data.reach;
        resolve(true);
      } else if (data.type === "refused") {
        resolve(false);
      }
      this.#heard(data);
    };
    worker.onerror = (event) => {
      if (worker !== this.#worker) return;
      resolve(false);
      this.#heard({ type: "refused", message: event.message ?? "the worker cannot be started" });
    };
    worker.postMessage({
      type: "load",
      settings,
      files: this.#options.files,
      shared: this.#shared,
      suspend: reach !== "none",
      epoch,
      compiled: this.#compiled.get(settings.python),
    } satisfies Command);
  }

  #send(command: Command): void {
    if (this.#worker === undefined) return;
    if (this.#words === undefined || !this.#isBusy || this.#phase === "starting") {
      this.#worker.postMessage(command);
      return;
    }
    this.#commands.push(command);
    this.#post();
  }

  /** Put the next command into the box, if that is empty. */
  #post(): void {
    const words = this.#words;
    if (words === undefined || Atomics.load(words, MAIL) !== 0) return;
    const command = this.#commands.shift();
    if (command === undefined) return;
    let bytes = new TextEncoder().encode(JSON.stringify(command));
    if (bytes.length > FRAME_AT - BOX_AT) {
      // Nobody types a line of input as long as that.
      bytes = new TextEncoder().encode(JSON.stringify({ type: "input", text: "" }));
    }
    new Uint8Array(this.#shared!, BOX_AT, bytes.length).set(bytes);
    Atomics.store(words, LENGTH, bytes.length);
    Atomics.store(words, MAIL, 1);
    Atomics.add(words, WAKE, 1);
    Atomics.notify(words, WAKE);
  }

  #heard(report: Report): void {
    const { listener } = this.#options;
    switch (report.type) {
      case "ready":
        listener.ready?.(report);
        return;
      case "refused":
        this.#end();
        listener.output?.("note", `${report.message}\n`);
        listener.ended?.({ kind: "crashed", message: report.message }, 0);
        this.#setPhase("ended");
        return;
      case "output":
        listener.output?.(report.to, report.text);
        return;
      case "frame":
        listener.frame?.(new Frame(report.frame));
        return;
      case "asks":
        if (this.#phase === "running" || this.#phase === "replaying") this.#setPhase("asking");
        return;
      case "paused":
        this.#showNewest();
        if (this.#phase !== "stopping") this.#setPhase("paused");
        listener.paused?.(report.line, report.at);
        return;
      case "resumed":
        if (this.#phase === "paused") this.#setPhase("running");
        return;
      case "graph":
        listener.graph?.(report.graph, report.moment);
        return;
      case "compiled":
        this.#compiled.set(report.python, report.module);
        return;
      case "label":
        listener.label?.(report.text);
        return;
      case "moment":
        listener.moment?.(report.moment);
        return;
      case "forgotten":
        listener.forgotten?.(report.moments, report.bytesOf);
        return;
      case "blocks":
        listener.blocks?.(report.pool);
        return;
      case "problem":
        listener.problem?.(report.where, report.message);
        return;
      case "taken":
        this.#post();
        return;
      case "ended": {
        clearTimeout(this.#grace);
        this.#showNewest();
        const stopped = this.#phase === "stopping" && report.outcome.kind === "raised";
        if (report.outcome.kind === "crashed") this.#end();
        this.#setPhase("ended");
        listener.ended?.(stopped ? { kind: "stopped" } : report.outcome, report.milliseconds);
        return;
      }
    }
  }

  #kill(): void {
    const milliseconds = performance.now() - this.#startedAt;
    this.#end();
    this.#setPhase("ended");
    this.#options.listener.ended?.({ kind: "stopped" }, milliseconds);
  }

  #end(): void {
    clearTimeout(this.#grace);
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#shared = undefined;
    this.#words = undefined;
    this.#ready = undefined;
    this.#settings = undefined;
    this.#commands = [];
  }

  #setPhase(phase: Phase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#options.listener.phase?.(phase);
  }
}
