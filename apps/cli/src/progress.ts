/** A progress bar on stderr, for people only, and only for what takes long. */
import { type Options, SingleBar } from "cli-progress";
import { type Environment, isInteractive, type OutputStream } from "./terminal.ts";

/** What takes less than this is over before anyone wonders. */
const PATIENCE_MS = 1000;

/** Shows how far something is. */
export interface Progress {
  /** So many of `total` are done. */
  update(done: number): void;
  /** Remove the bar. */
  stop(): void;
}

const silent: Progress = { update: () => {}, stop: () => {} };

/**
 * A bar that appears after a second, if the stream is a terminal.
 * @param label stands before the bar
 * @param total what `update` counts up to; undefined: not known, no bar
 * @param now milliseconds of a clock
 */
export function createProgress(
  stream: NodeJS.WriteStream & OutputStream,
  env: Environment,
  label: string,
  total: number | undefined,
  now: () => number = () => performance.now(),
): Progress {
  if (!isInteractive(stream, env) || total === undefined || total === 0) return silent;
  const options: Options = {
    stream,
    format: `${label} {bar} {percentage} % · {eta_formatted} left`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 30,
    fps: 10,
    etaBuffer: 50,
    // The work holds the thread for long stretches: redraw when something has been done, not by a timer.
    noTTYOutput: false,
    synchronousUpdate: true,
    // The cursor stays, so that Ctrl-C leaves the terminal as it was.
    hideCursor: false,
    clearOnComplete: true,
    linewrap: true,
    gracefulExit: false,
  };
  const startedAt = now();
  let bar: SingleBar | undefined;
  return {
    update(done) {
      if (bar === undefined) {
        if (now() - startedAt < PATIENCE_MS) return;
        bar = new SingleBar(options);
        bar.start(total, done);
      } else {
        bar.update(Math.min(done, total));
      }
    },
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}
