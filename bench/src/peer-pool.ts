/** The processes of the peers of a suite. */
import { PeerProcess, type StartablePeer } from "./peer-process.ts";

/**
 * Hands out processes that are ready for a workload. Each is a fresh one, so that none inherits a heap or compiled code;
 * in a smoke test, whose figures mean nothing, a peer has one process for all.
 */
export class PeerPool {
  /** Whether processes are kept for the next workload. */
  readonly #keeps: boolean;
  readonly #idle = new Map<string, PeerProcess>();

  constructor(keeps: boolean) {
    this.#keeps = keeps;
  }

  /**
   * A process that nobody else uses: give it back.
   * @throws PeerUnavailable, PeerFailure
   */
  async take(peer: StartablePeer): Promise<PeerProcess> {
    const idle = this.#idle.get(peer.id);
    this.#idle.delete(peer.id);
    return idle ?? PeerProcess.start(peer);
  }

  /** Takes a process back, `sound` unless it failed. */
  giveBack(process: PeerProcess, sound: boolean): void {
    if (sound && this.#keeps) this.#idle.set(process.peer.id, process);
    else process.stop();
  }

  /** Ends those that were kept. */
  [Symbol.dispose](): void {
    for (const process of this.#idle.values()) process.stop();
    this.#idle.clear();
  }
}
