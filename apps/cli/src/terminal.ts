/** What the terminal at the other end of a stream can show. */
import pico from "picocolors";

/** Functions that colour a text, or leave it alone. */
export type Colors = ReturnType<typeof pico.createColors>;

/** A stream as far as this matters. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether to colour what goes to a stream: on a terminal, or where FORCE_COLOR asks for it; never where NO_COLOR is
 * set to anything (no-color.org), which wins over FORCE_COLOR.
 */
export function wantsColor(stream: OutputStream, env: Environment): boolean {
  if (env["NO_COLOR"]) return false;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/** The colours for a stream. */
export function colorsFor(stream: OutputStream, env: Environment): Colors {
  return pico.createColors(wantsColor(stream, env));
}

/** Whether something may move on this stream: a terminal with a person before it, not the log of a build. */
export function isInteractive(stream: OutputStream, env: Environment): boolean {
  return stream.isTTY === true && env["TERM"] !== "dumb" && !env["CI"];
}
