/** The compressed data is damaged: not cut off, but wrong. The reader turns this into a `bad-trace`. */
export class DecompressionError extends Error {
  constructor(compression: string, cause: unknown) {
    super(
      `the ${compression} data is damaged: ${cause instanceof Error && cause.message !== "" ? cause.message : describe(cause)}`,
      { cause },
    );
  }
}

function describe(cause: unknown): string {
  const inner = (cause as { cause?: { message?: unknown } })?.cause?.message;
  return typeof inner === "string" ? inner : String(cause);
}
