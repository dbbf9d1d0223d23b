/** What is known of the program that runs, and of the one that has run: everything that the page shows of it. */
import { type Phase, Playground } from "../client.ts";
import type { Frame } from "../frame.ts";
import type { Clock, Graph, PoolBlocks, Reach, Settings } from "../protocol.ts";
import { FrameHistory } from "./history.ts";
import { Moments, type SeenMoment } from "./moments.ts";
import { appended, type OutputPart } from "./output.tsx";
import { outcomeText } from "./states.ts";
import type { Texts } from "./texts.ts";

/** What the store needs of the page. */
export interface RunHost {
  readonly texts: Texts;
  /** Address of the folder of the interpreters, ends in a slash. */
  readonly files: string;
  readonly reach: Reach | undefined;
  createWorker(): Worker;
  /** Something has changed that is to be shown. */
  changed(): void;
  /** A program has ended. @param label what it was run with */
  ended(label: string, frames: readonly Frame[], milliseconds: number): void;
}

/** The state of one playground. */
export class RunStore {
  readonly playground: Playground;
  readonly history: FrameHistory = new FrameHistory();
  readonly moments: Moments = new Moments();
  phase: Phase = "idle";
  reach: Reach | undefined;
  status = "";
  /** Lines that an exception came through. */
  raised: readonly number[] = [];
  /** How often the program stood still. */
  stops = 0;
  /** How many programs have ended. */
  ends = 0;
  problems: readonly string[] = [];
  /** null: the pool has no live block, or is not known any more. */
  pool: PoolBlocks | null | undefined;
  poolAddress = 0;
  /** The moment that is shown; undefined: what is now. */
  rewound: number | undefined;
  #output: readonly OutputPart[] = [];
  #graph: Graph | undefined;
  #line = 0;
  #label = "";
  #watched: readonly string[] = [];
  /** The moment to which the program runs again, and what its heap's bytes were. */
  #target: { id: number; digest: number | undefined } | undefined;
  readonly #host: RunHost;

  constructor(host: RunHost) {
    this.#host = host;
    this.playground = new Playground({
      files: host.files,
      reach: host.reach,
      createWorker: () => host.createWorker(),
      listener: {
        phase: (phase) => this.#set({ phase }),
        ready: (ready) => {
          const { python, allocator } = ready;
          this.#label = python === "" ? "TypeScript" : `Python ${python}, ${allocator}`;
          this.#set({ reach: ready.reach, status: this.#label });
        },
        output: (to, text) => {
          this.#output = appended(this.#output, to, text);
          host.changed();
        },
        frame: (frame) => this.history.add(frame),
        moment: (moment) => {
          const seen = this.moments.add(moment, this.#output);
          this.history.add(seen.frame);
          this.#graph = seen.graph ?? this.#graph;
          if (moment.id === this.#target?.id) this.#arrived(seen);
          host.changed();
        },
        label: (text) => {
          this.#label = text;
          this.#set({ status: text });
        },
        forgotten: (moments, bytesOf) => {
          this.moments.forget(moments, bytesOf);
          if (this.rewound !== undefined && this.past === undefined) this.rewound = undefined;
          host.changed();
        },
        paused: (line) => {
          this.#line = line;
          this.#set({ stops: this.stops + 1 });
        },
        graph: (graph, moment) => {
          if (moment === undefined) this.#graph = graph;
          else this.moments.setGraph(moment, graph);
          host.changed();
        },
        blocks: (blocks) => this.#set({ pool: blocks ?? null }),
        problem: (where, message) =>
          this.#set({ problems: [...this.problems.slice(-4), `${where}: ${message}`] }),
        ended: (outcome, milliseconds) => {
          this.#line = 0;
          this.ends++;
          this.#target = undefined;
          if (outcome.kind === "raised") this.raised = outcome.raised.lines;
          this.#set({ status: outcomeText(host.texts, outcome, milliseconds) });
          const { frames } = this.history;
          if (frames.length > 0) host.ended(this.#label, frames, milliseconds);
        },
      },
    });
  }

  /** The moment that is shown in place of what is now. */
  get past(): SeenMoment | undefined {
    return this.rewound === undefined ? undefined : this.moments.byId(this.rewound);
  }

  /** Whether a program is under way. */
  get busy(): boolean {
    return this.phase !== "idle" && this.phase !== "ended";
  }

  get frame(): Frame | undefined {
    return this.past?.frame ?? this.history.last;
  }

  get output(): readonly OutputPart[] {
    return this.past?.output ?? this.#output;
  }

  get graph(): Graph | undefined {
    const { past } = this;
    return past === undefined ? this.#graph : past.graph;
  }

  /** The line to be marked, 0 for none. */
  get line(): number {
    return this.past?.line ?? this.#line;
  }

  /** Whether the program can be run again to a moment, and go on from there. */
  canRunAgainTo({ at, taped }: SeenMoment): boolean {
    return taped && at !== "start" && at !== "end" && this.playground.canRunAgain;
  }

  /** The step before the one at which the program stands, as far as it can be run to. */
  get lineBefore(): Clock | undefined {
    const last = this.moments.last;
    const stands = this.phase === "paused" || this.phase === "ended";
    if (last === undefined || !stands || !this.playground.canRunAgain) return undefined;
    const { lines, allocations } = last.clock;
    const before = last.at === "end" || allocations > 0 ? lines : lines - 1;
    return before < 1 ? undefined : { lines: before, allocations: 0 };
  }

  async run(program: string, settings: Settings, watched: readonly string[]): Promise<void> {
    this.clear();
    this.#watched = watched;
    this.status = "";
    this.#host.changed();
    await this.playground.run(program, settings, watched);
  }

  /** Run the program again to a step, and pause there. */
  async again(clock: Clock, at: "line" | "allocation" | "pause"): Promise<void> {
    const found = this.moments.replayTo(clock, at);
    if (found === undefined) return;
    const { replay, digest } = found;
    const { id } = replay.moments.at(-1)!;
    this.clear();
    this.#target = { id, digest };
    this.status = this.#label;
    this.#host.changed();
    await this.playground.again(replay, this.#watched);
  }

  /** The moment that another program can go on from: the one that is shown. */
  get goesOnFrom(): SeenMoment | undefined {
    const moment = this.past ?? this.moments.last;
    return this.phase === "ended" && moment?.canGoOn === true ? moment : undefined;
  }

  /** Run another program on the heap of the moment that is shown; what came after it is gone. */
  goOn(program: string): void {
    const moment = this.goesOnFrom;
    if (moment === undefined) return;
    this.moments.cutAfter(moment.id);
    this.#output = moment.output;
    this.#graph = moment.graph;
    this.raised = [];
    this.pool = undefined;
    this.rewound = undefined;
    this.playground.goOn(program, moment.id);
    this.#host.changed();
  }

  /** Nothing is shown any more. */
  clear(): void {
    this.history.clear();
    this.moments.clear();
    this.#output = [];
    this.#graph = undefined;
    this.#line = 0;
    this.#target = undefined;
    this.raised = [];
    this.pool = undefined;
    this.problems = [];
    this.rewound = undefined;
  }

  /** End the interpreter. */
  reset(): void {
    this.playground.reset();
    this.clear();
    this.#set({ status: "" });
  }

  resume(): void {
    this.#line = 0;
    this.rewound = undefined;
    this.playground.resume();
    this.#host.changed();
  }

  step(by: "line" | "allocation"): void {
    this.rewound = undefined;
    this.playground.step(by);
  }

  /** Show a moment; undefined: what is now. */
  rewind(id: number | undefined): void {
    this.#set({ rewound: id, pool: undefined });
  }

  /** A line for the program, null for the end of its input. */
  input(text: string | null): void {
    this.playground.input(text);
    if (text !== null) this.#output = appended(this.#output, "note", `${text}\n`);
    this.#host.changed();
  }

  watch(names: readonly string[]): void {
    this.#watched = names;
    this.playground.watch(names, this.rewound);
  }

  /** Ask for the blocks of a pool of what is shown. */
  askPool(address: number): void {
    this.poolAddress = address;
    this.playground.pool(address, this.rewound);
  }

  /** Show one picture, of no run of ours. */
  show(frame: Frame, status: string): void {
    this.playground.reset();
    this.clear();
    this.history.add(frame);
    this.#set({ status });
  }

  say(status: string): void {
    this.#set({ status });
  }

  #arrived(seen: SeenMoment): void {
    const { texts } = this.#host;
    const digest = this.#target?.digest;
    this.#target = undefined;
    if (digest === undefined || seen.digest === undefined) return;
    this.status = digest === seen.digest ? texts.sameBytes : texts.otherBytes;
  }

  #set(change: Partial<RunStore>): void {
    Object.assign(this, change);
    this.#host.changed();
  }
}
