/** What `oracle/record.py` asks a CPython, and the same asked of these hooks. */
import {
  type Abi,
  type Address,
  type Domain,
  domainApiIds,
  LinearMemory,
  NULL,
  type PyMemAllocatorEx,
} from "@pyrena/abi";
import { plainAllocator } from "@pyrena/conformance";
import { createDebugHooks, DebugHookError, type DebugHooks } from "@pyrena/debug";

type ApiLetter = "r" | "m" | "o";

/** See the docstring of `oracle/record.py`. */
export interface Scenario {
  readonly n: number;
  readonly d: ApiLetter;
  readonly calloc?: boolean;
  readonly fill?: boolean;
  readonly realloc?: number;
  readonly poke?: readonly (readonly [offset: number, byte: number])[];
  readonly by?: ApiLetter;
  readonly op?: "realloc";
}

/** What was answered: the block with its fences before the last call, in hexadecimal, and what that call said. */
export interface Answer {
  readonly scenario: Scenario;
  readonly bytes: string;
  readonly text: string;
}

/** One recording. */
export interface Recording {
  readonly python: string;
  readonly full: string;
  readonly answers: readonly Answer[];
}

/** Run a scenario on hooks for all three domains over one plain allocator. */
export function ask(scenario: Scenario, abi: Abi): Answer {
  const memory = LinearMemory.create({ backing: "fixed", bytes: 1 << 16 });
  const next: PyMemAllocatorEx = plainAllocator(memory, abi);
  const hooks = new Map<ApiLetter, DebugHooks>(
    (["r", "m", "o"] as const).map((letter) => {
      const domain = domainApiIds.indexOf(letter.charCodeAt(0)) as Domain;
      // Without a walker: what it knows about block sizes goes beyond CPython's checks.
      return [letter, createDebugHooks({ ...next, walker: undefined }, { memory, abi, domain })];
    }),
  );
  const { ctx, malloc, calloc, realloc } = hooks.get(scenario.d) as DebugHooks;
  let n = scenario.n;
  let p: Address = scenario.calloc === true ? calloc(ctx, 1, n) : malloc(ctx, n);
  if (scenario.fill === true)
    for (let at = 0; at < n; at++) memory.u8[p + at] = (at * 7 + 1) & 0xff;
  if (scenario.realloc !== undefined) {
    n = scenario.realloc;
    p = realloc(ctx, p, n);
  }
  if (p === NULL) throw new Error("the plain allocator had no room");
  for (const [offset, byte] of scenario.poke ?? []) memory.u8[p + offset] = byte;
  const word = abi.pointerBytes;
  const bytes = Buffer.from(memory.u8.slice(p - 2 * word, p + n + word)).toString("hex");
  const by = hooks.get(scenario.by ?? scenario.d) as DebugHooks;
  let text = "";
  try {
    if (scenario.op === "realloc") by.realloc(by.ctx, p, 5);
    else by.free(by.ctx, p);
  } catch (error) {
    if (!(error instanceof DebugHookError)) throw error;
    text = error.text.replaceAll(/(?<=[=])0x[0-9a-f]+/g, (address) => {
      const offset = Number(address) - p;
      return offset === 0 ? "P" : `P${offset > 0 ? "+" : ""}${offset}`;
    });
  }
  return { scenario, bytes, text };
}

/** An answer of a CPython without what is the interpreter's and not the hooks': a hint, and 3.8 names no function. */
export function hooksPart(answer: Answer): Answer {
  const worker =
    answer.scenario.op === "realloc" ? "_PyMem_DebugRawRealloc" : "_PyMem_DebugRawFree";
  const text = answer.text
    .replace("Enable tracemalloc to get the memory block allocation traceback\n\n", "")
    .replace("Fatal Python error: bad ", `Fatal Python error: ${worker}: bad `)
    .trimEnd();
  return { ...answer, text };
}
