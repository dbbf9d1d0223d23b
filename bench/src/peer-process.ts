/** A peer's process, and one question and answer at a time. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { cleanEnvironment } from "./native.ts";
import type { Peer } from "./peers.ts";
import { type Answer, parseAnswer } from "./protocol.ts";

/** How long a peer may take to answer, in milliseconds. */
const PATIENCE = 180_000;

/** Thrown when a peer cannot go on; the message says why. */
export class PeerFailure extends Error {
  override readonly name = "PeerFailure";
}

/** Thrown when a peer cannot run here at all; the message says why. */
export class PeerUnavailable extends Error {
  override readonly name = "PeerUnavailable";
}

/** What a process needs to know of a peer. */
export type StartablePeer = Pick<Peer, "id" | "checked" | "command">;

/** A running peer. */
export class PeerProcess {
  readonly peer: StartablePeer;
  readonly #child: ChildProcessWithoutNullStreams;
  #waiting: ((answer: Answer) => void) | undefined;
  #early: Answer | undefined;
  #complaint = "";

  private constructor(peer: StartablePeer, [command = "", ...args]: readonly string[]) {
    this.peer = peer;
    this.#child = spawn(command, args, { env: cleanEnvironment() });
    createInterface({ input: this.#child.stdout }).on("line", (line) =>
      this.#hear(parseAnswer(line)),
    );
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint = `${this.#complaint}${text}`.slice(-2000);
    });
    this.#child.stdin.on("error", () => {});
    this.#child.on("error", (error) => this.#hear({ kind: "unavailable", reason: error.message }));
    this.#child.on("close", (code, signal) => {
      const last = this.#complaint.trim().split("\n").pop() ?? "";
      this.#hear({
        kind: "failed",
        reason: `ended with ${signal ?? `code ${code}`}${last && `: ${last}`}`,
      });
    });
  }

  /**
   * Starts the peer and waits until it is ready.
   * @throws PeerUnavailable, PeerFailure
   */
  static async start(peer: StartablePeer): Promise<PeerProcess> {
    const command = await peer.command().catch((error: Error) => {
      throw new PeerUnavailable(error.message);
    });
    const process = new PeerProcess(peer, command);
    const answer = await process.#answer();
    if (answer.kind === "ready") return process;
    process.stop();
    if (answer.kind === "unavailable") throw new PeerUnavailable(answer.reason);
    throw new PeerFailure(answer.kind === "failed" ? answer.reason : `began with '${answer.kind}'`);
  }

  /** Reads the program, prefills and ages; for objects: chooses the workload. */
  async load(path: string): Promise<void> {
    await this.#ask(`load ${path}`);
  }

  /** Nanoseconds a unit, of `units` after `lead` untimed ones. */
  async run(lead: number, units: number): Promise<number> {
    const answer = await this.#ask(`run ${lead} ${units}`);
    if (answer.kind !== "ran") throw new PeerFailure(`answered '${answer.kind}' to a run`);
    if (this.peer.checked && answer.bad > 0) {
      throw new PeerFailure(`${answer.bad} blocks did not keep what was written into them`);
    }
    return answer.nanoseconds / (answer.units ?? units);
  }

  /** Bytes taken since the load. */
  async memory(): Promise<Readonly<Record<string, number>>> {
    const answer = await this.#ask("memory");
    return answer.kind === "memory" ? answer.values : {};
  }

  /** Ends it. */
  stop(): void {
    this.#child.stdin.end("quit\n");
    this.#child.kill();
  }

  async #ask(request: string): Promise<Answer> {
    this.#child.stdin.write(`${request}\n`);
    const answer = await this.#answer();
    if (answer.kind === "failed" || answer.kind === "unavailable")
      throw new PeerFailure(answer.reason);
    return answer;
  }

  #answer(): Promise<Answer> {
    const early = this.#early;
    if (early !== undefined) {
      this.#early = undefined;
      return Promise.resolve(early);
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#hear({ kind: "failed", reason: `no answer within ${PATIENCE / 1000} s` });
        this.#child.kill("SIGKILL");
      }, PATIENCE);
      this.#waiting = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
    });
  }

  #hear(answer: Answer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#early ??= answer;
    else waiting(answer);
  }
}
