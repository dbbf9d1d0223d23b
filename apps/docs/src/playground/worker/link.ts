/** The worker's end of the line to the page: how commands are found while Python runs. */
import { frameBytes } from "../frame.ts";
import {
  BOX_AT,
  type Command,
  FRAME_AT,
  FRAMES,
  LENGTH,
  MAIL,
  type Reach,
  type Report,
  WAKE,
} from "../protocol.ts";

/** See `Reach`. */
export interface Link {
  readonly reach: Reach;
  /** Where frames are made. */
  readonly frame: ArrayBufferLike;
  readonly frameAt: number;
  /** The next command that has arrived. */
  next(): Command | undefined;
  /** Sleep until there may be a command, or the time is over. Only with shared memory. */
  wait(milliseconds: number): void;
  /** Make a frame with `fill`, and let the page have it. */
  publish(fill: () => void): void;
}

/** Through shared memory. */
export class SharedLink implements Link {
  readonly reach = "shared";
  readonly frame: SharedArrayBuffer;
  readonly frameAt: number = FRAME_AT;
  readonly #words: Int32Array;
  readonly #box: Uint8Array;
  readonly #say: (report: Report) => void;

  constructor(shared: SharedArrayBuffer, say: (report: Report) => void) {
    this.frame = shared;
    this.#words = new Int32Array(shared, 0, 16);
    this.#box = new Uint8Array(shared, BOX_AT, FRAME_AT - BOX_AT);
    this.#say = say;
  }

  next(): Command | undefined {
    if (Atomics.load(this.#words, MAIL) === 0) return undefined;
    const bytes = this.#box.slice(0, Atomics.load(this.#words, LENGTH));
    Atomics.store(this.#words, MAIL, 0);
    this.#say({ type: "taken" });
    return JSON.parse(new TextDecoder().decode(bytes)) as Command;
  }

  wait(milliseconds: number): void {
    // Read before the box is, so that no letter can fall between the two.
    const wake = Atomics.load(this.#words, WAKE);
    if (Atomics.load(this.#words, MAIL) !== 0) return;
    Atomics.wait(this.#words, WAKE, wake, milliseconds);
  }

  publish(fill: () => void): void {
    Atomics.add(this.#words, FRAMES, 1);
    try {
      fill();
    } finally {
      Atomics.add(this.#words, FRAMES, 1);
    }
  }
}

/** Through messages, which arrive when the event loop runs. */
export class MessageLink implements Link {
  readonly reach: Reach;
  readonly frame: ArrayBuffer;
  readonly frameAt: number = 0;
  readonly #commands: Command[] = [];
  readonly #say: (report: Report, transfer?: Transferable[]) => void;

  constructor(
    reach: "suspending" | "none",
    frame: ArrayBuffer,
    say: (report: Report, transfer?: Transferable[]) => void,
  ) {
    this.reach = reach;
    this.frame = frame;
    this.#say = say;
  }

  /** A message that is to be found by {@link next}. */
  arrived(command: Command): void {
    this.#commands.push(command);
  }

  next(): Command | undefined {
    return this.#commands.shift();
  }

  wait(): void {}

  publish(fill: () => void): void {
    fill();
    const bytes = frameBytes(new Float64Array(this.frame, 0, 32));
    const frame = this.frame.slice(0, bytes);
    this.#say({ type: "frame", frame }, [frame]);
  }
}

/** Let the event loop take its turn. */
export function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
