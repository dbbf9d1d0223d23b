/**
 * The worker of the second tab: TypeScript on a Python heap of Pyrena's. What it makes with `createRuntime` is seen, as
 * CPython's heap is in the first.
 */
import * as abi from "@pyrena/abi";
import * as gc from "@pyrena/gc";
import * as objects from "@pyrena/objects";
import * as pymalloc from "@pyrena/pymalloc";
import * as raw from "@pyrena/raw";
import * as stats from "@pyrena/stats";
import * as pyrena from "pyrena";
import { FRAME_BYTES } from "../frame.ts";
import type { Command, Outcome, Report } from "../protocol.ts";
import { runtimeSource } from "./heap-source.ts";
import { MessageLink } from "./link.ts";
import { Observer } from "./observer.ts";

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Command>) => void) | null;
  postMessage(report: Report, transfer?: Transferable[]): void;
};
const say = (report: Report, transfer: Transferable[] = []): void =>
  scope.postMessage(report, transfer);
const link = new MessageLink("none", new ArrayBuffer(FRAME_BYTES), say);

/** Milliseconds between two frames, and how many allocations pass between two looks at the clock. */
const FRAME_EVERY = 30;
const LOOK_EVERY = 64;

let observer: Observer | undefined;
let frameDue = 0;
let allocations = 0;

/** A runtime that is made or restored is seen from then on, in place of the one before. */
function seen(runtime: pyrena.Runtime): pyrena.Runtime {
  const source = runtimeSource(runtime, () => {
    if (++allocations % LOOK_EVERY !== 0) return;
    const now = performance.now();
    if (now < frameDue) return;
    frameDue = now + FRAME_EVERY;
    link.publish(() => made.fill(false));
  });
  const made = new Observer(source, link.frame, link.frameAt);
  observer = made;
  made.start(0);
  return runtime;
}

/** What the program's `import`s find. */
const packages: Readonly<Record<string, object>> = {
  "@pyrena/abi": abi,
  "@pyrena/gc": gc,
  "@pyrena/objects": objects,
  "@pyrena/pymalloc": pymalloc,
  "@pyrena/raw": raw,
  "@pyrena/stats": stats,
  pyrena: {
    ...pyrena,
    createRuntime: (...args: Parameters<typeof pyrena.createRuntime>) =>
      seen(pyrena.createRuntime(...args)),
    restore: (...args: Parameters<typeof pyrena.restore>) => seen(pyrena.restore(...args)),
  },
};

scope.onmessage = ({ data }) => {
  if (data.type === "load") {
    say({ type: "ready", python: "", allocator: "Pyrena", reach: "none", milliseconds: 0 });
  } else if (data.type === "run") {
    void run(data.program);
  } else if (data.type === "pool") {
    say({ type: "blocks", pool: observer?.blocksOf(data.address) });
  }
};

type Module = (
  module: { exports: object },
  exports: object,
  require: (name: string) => object,
  console: object,
) => Promise<void>;

/** @param code JavaScript in CommonJS form, in which `await` may be used */
async function run(code: string): Promise<void> {
  const startedAt = performance.now();
  const write =
    (to: "stdout" | "stderr") =>
    (...values: unknown[]): void =>
      say({ type: "output", to, text: `${values.map(textOf).join(" ")}\n` });
  const log = write("stdout");
  const warn = write("stderr");
  let outcome: Outcome = { kind: "finished", exitCode: 0 };
  try {
    const AsyncFunction = run.constructor as new (...args: string[]) => Module;
    const module = { exports: {} };
    const body = new AsyncFunction("module", "exports", "require", "console", code);
    await body(module, module.exports, requirePackage, {
      log,
      info: log,
      debug: log,
      warn,
      error: warn,
    });
  } catch (error) {
    const { name, message, lines } = describe(error);
    warn(`${name}: ${message}`);
    outcome = { kind: "raised", raised: { name, lines } };
  }
  const last = observer;
  if (last !== undefined) link.publish(() => last.fill(false));
  say({ type: "ended", outcome, milliseconds: performance.now() - startedAt });
}

function requirePackage(name: string): object {
  const found = packages[name];
  if (found !== undefined) return found;
  throw new Error(
    `the program imports ${name}, but finds here only ${Object.keys(packages).join(", ")}`,
  );
}

function describe(error: unknown): { name: string; message: string; lines: number[] } {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), lines: [] };
  // Two lines stand before the program in the function that it becomes.
  const lines = [...(error.stack ?? "").matchAll(/<anonymous>:(\d+):\d+/g)].map(
    ([, line]) => Number(line) - 2,
  );
  return { name: error.name, message: error.message, lines };
}

function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
