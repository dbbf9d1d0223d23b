/** What the exit status of `pyrena` tells a shell. `pyrena run` otherwise ends with the program's own. */
export const exitCodes = {
  /** All well. */
  ok: 0,
  /** It worked, and what it looked for was found: addresses that differ. */
  findings: 1,
  /** Wrong usage, or input that cannot be read. */
  usage: 2,
  /** A mistake in pyrena itself (sysexits.h: EX_SOFTWARE). */
  internal: 70,
  /** Interrupted: 128 + SIGINT. */
  interrupted: 130,
} as const;
