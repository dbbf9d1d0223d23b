/**
 * Suspending Python: JavaScript Promise Integration. A function that WebAssembly imports may return a promise, and the
 * WebAssembly that called it stands still until that is kept, while the event loop runs.
 *
 * That is an error wherever WebAssembly was not called in the way that allows it, or where JavaScript stands in between:
 * while the interpreter starts, or when it is asked something while it stands still. So each such function exists twice,
 * and a function in WebAssembly chooses:
 *
 *     f(…) = may_suspend ? suspending(…) : plain(…)
 */

/** JavaScript Promise Integration, which TypeScript's library does not declare yet. */
interface PromiseIntegration {
  readonly Suspending: new (fn: (...args: number[]) => unknown) => WebAssembly.ImportValue;
  promising(fn: unknown): (...args: number[]) => Promise<number>;
}

/** Present where the browser has it. */
export const promiseIntegration: PromiseIntegration | undefined =
  "Suspending" in WebAssembly && "promising" in WebAssembly
    ? (WebAssembly as unknown as PromiseIntegration)
    : undefined;

/** Makes functions that suspend, and calls what they may suspend. */
export class Suspender {
  readonly #integration: PromiseIntegration = promiseIntegration!;
  readonly #maySuspend: WebAssembly.Global = new WebAssembly.Global(
    { value: "i32", mutable: true },
    0,
  );

  /**
   * A WebAssembly function of i32 arguments with an i32 result.
   * @param plain called where nothing can be suspended
   * @param suspending called where it can; may return a promise, which must not be rejected
   */
  function(
    parameters: number,
    plain: (...args: number[]) => number,
    suspending: (...args: number[]) => number | Promise<number>,
  ): (...args: number[]) => number {
    const { Suspending } = this.#integration;
    const module = new WebAssembly.Module(choice(parameters));
    const imports = { s: new Suspending(suspending), p: plain, g: this.#maySuspend };
    return new WebAssembly.Instance(module, { e: imports }).exports["f"] as never;
  }

  /** Call a function that WebAssembly exports; what it calls may suspend it. */
  async call(fn: unknown, ...args: number[]): Promise<number> {
    this.#maySuspend.value = 1;
    try {
      return await this.#integration.promising(fn)(...args);
    } finally {
      this.#maySuspend.value = 0;
    }
  }

  /** Call WebAssembly in the ordinary way, while another call stands still or not. */
  without<Result>(call: () => Result): Result {
    const before = this.#maySuspend.value as number;
    this.#maySuspend.value = 0;
    try {
      return call();
    } finally {
      this.#maySuspend.value = before;
    }
  }
}

/** The module of one function that chooses: its imports are e.p, e.s and the global e.g; its export is f. */
function choice(parameters: number): Uint8Array<ArrayBuffer> {
  const I32 = 0x7f;
  const LOCAL_GET = 0x20;
  const CALL = 0x10;
  const section = (id: number, ...body: number[]): number[] => [id, body.length, ...body];
  const text = (name: string): number[] => [1, name.charCodeAt(0)];
  const call = (index: number): number[] => [
    ...Array.from({ length: parameters }, (_, n) => [LOCAL_GET, n]).flat(),
    ...[CALL, index],
  ];
  const body = [
    0, // no locals
    ...[0x23, 0], // global.get 0
    ...[0x04, I32, ...call(0), 0x05, ...call(1), 0x0b], // if … else … end
    0x0b, // end
  ];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, parameters, ...Array<number>(parameters).fill(I32), 1, I32),
    ...section(
      2,
      3,
      ...[...text("e"), ...text("s"), 0, 0],
      ...[...text("e"), ...text("p"), 0, 0],
      ...[...text("e"), ...text("g"), 3, I32, 1],
    ),
    ...section(3, 1, 0),
    ...section(7, 1, ...text("f"), 0, 2),
    ...section(10, 1, body.length, ...body),
  ]);
}
