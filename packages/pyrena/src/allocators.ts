/**
 * The allocators of the three domains.
 *
 *     RAW     MEM     OBJ       domains: what installed structs see
 *      │       │       │
 *      └──── hooks ────┘        debug hooks, if wanted: around everything
 *      │       │       │
 *      │      pymalloc          or what the user puts in place of it or around it
 *      │       │
 *      └── raw ┘                malloc
 */
import {
  type Domain,
  Domains,
  domainNames,
  type Heap,
  type HeapWalker,
  type PyMemAllocatorEx,
  type PyObjectArenaAllocator,
  PyrenaError,
  requireAllocator,
  resolvePythonMalloc,
  type StatSource,
} from "@pyrena/abi";
import { createDebugHooks } from "@pyrena/debug";
import { attachPymalloc, createPymalloc, type Pymalloc } from "@pyrena/pymalloc";
import type { AllocatorChoice, AllocatorStep, RuntimeAllocatorHost } from "./options.ts";

/** What was installed in each domain when the runtime was made. */
export interface Allocators {
  readonly domains: Domains;
  /** The structs, by domain; `setAllocator` may have replaced them since. */
  readonly installed: readonly [PyMemAllocatorEx, PyMemAllocatorEx, PyMemAllocatorEx];
  /** Their names, by domain, without hooks: `malloc`, `pymalloc`, or a user's with `user:` before it. */
  readonly names: readonly [string, string, string];
  /** Whether all three are in debug hooks. */
  readonly hooks: boolean;
  readonly pymalloc: Pymalloc | undefined;
  /** Of all memory that the domains hand out; undefined if one of the allocators has none. */
  readonly walkers: readonly HeapWalker[] | undefined;
  readonly stats: readonly StatSource[];
}

/** What allocators are made over. */
export interface Below {
  readonly heap: Heap;
  readonly fresh: boolean;
  readonly raw: PyMemAllocatorEx;
  readonly arenas: PyObjectArenaAllocator;
}

/** What a choice comes to. */
export interface AllocatorPlan {
  /** By domain: `malloc`, `pymalloc`. */
  readonly bases: readonly [Base, Base, Base];
  /** By domain: what the user puts there. */
  readonly steps: readonly (AllocatorStep | undefined)[];
  readonly hooks: boolean;
}

type Base = "malloc" | "pymalloc";

/**
 * What a choice comes to.
 * @throws PyrenaError `unknown-allocator`, `not-built-in`, `bad-argument`
 */
export function planAllocators(
  heap: Pick<Heap, "profile">,
  choice: AllocatorChoice | undefined,
  debug: boolean,
): AllocatorPlan {
  if (typeof choice === "string" || choice === undefined) {
    const plan = resolvePythonMalloc(choice ?? (debug ? "debug" : "default"), heap.profile);
    if (plan.mem === "mimalloc") {
      throw new PyrenaError(
        "not-built-in",
        `allocator: ${plan.name} is not built in; built in: pymalloc, malloc, with or without _debug. ` +
          "Pass a factory or a struct of your own",
      );
    }
    const base: Base = plan.mem;
    return { bases: ["malloc", base, base], steps: [], hooks: plan.debug };
  }
  return { bases: ["malloc", "pymalloc", "pymalloc"], steps: stepsOf(choice), hooks: debug };
}

function stepsOf(choice: Exclude<AllocatorChoice, string>): (AllocatorStep | undefined)[] {
  if (typeof choice === "function") return [choice, choice, choice];
  if (choice === null || typeof choice !== "object") {
    throw new PyrenaError(
      "bad-argument",
      `allocator: a value of PYTHONMALLOC, a factory, a struct, or a record of these by domain, not ${String(choice)}`,
    );
  }
  if ("malloc" in choice || "free" in choice) {
    requireAllocator(choice, "allocator");
    return [undefined, choice, choice];
  }
  const record = choice as { readonly [name: string]: AllocatorStep | undefined };
  for (const [name, step] of Object.entries(record)) {
    if (!(domainNames as readonly string[]).includes(name)) {
      throw new PyrenaError(
        "bad-argument",
        `allocator: no domain '${name}': there are ${domainNames.join(", ")}`,
      );
    }
    if (step !== undefined && typeof step !== "function")
      requireAllocator(step, `allocator.${name}`);
  }
  return domainNames.map((name) => record[name]);
}

/** Make the allocators, or open those that the heap has. */
export function makeAllocators(below: Below, plan: AllocatorPlan): Allocators {
  const { heap, raw, arenas, fresh } = below;
  const { memory, abi } = heap;
  let pymalloc: Pymalloc | undefined;
  const baseOf = (base: Base): PyMemAllocatorEx => {
    if (base === "malloc") return raw;
    pymalloc ??= (fresh ? createPymalloc : attachPymalloc)(heap, { raw, arenas });
    return pymalloc;
  };
  const names: string[] = [];
  const bare = domainNames.map((name, domain): PyMemAllocatorEx => {
    const step = plan.steps[domain];
    if (step === undefined) {
      names.push(plan.bases[domain]);
      return baseOf(plan.bases[domain]);
    }
    const struct =
      typeof step === "function" ? step(baseOf(plan.bases[domain]), host(domain)) : step;
    requireAllocator(struct, `the allocator of domain ${name}`);
    names.push(nameOf(step, struct));
    return struct;
  });
  function host(domain: number): RuntimeAllocatorHost {
    return { memory, domain: domain as Domain, heap, fresh, raw, arenas };
  }
  const hooked = (struct: PyMemAllocatorEx, domain: number): PyMemAllocatorEx =>
    plan.hooks ? createDebugHooks(struct, { memory, abi, domain: domain as Domain }) : struct;
  const installed = bare.map(hooked);
  const [inRaw, inMem, inObj] = installed;
  return {
    domains: new Domains(abi, { raw: inRaw, mem: inMem, obj: inObj }),
    installed: [inRaw, inMem, inObj],
    names: names as [string, string, string],
    hooks: plan.hooks,
    pymalloc,
    walkers: walkersOf([raw, ...bare], (struct) => hooked(struct, 0)),
    stats: pymalloc === undefined ? [] : [pymalloc.stats],
  };
}

/** One walker for each allocator, in its hooks if there are any; undefined if one cannot be walked. */
function walkersOf(
  structs: readonly PyMemAllocatorEx[],
  hooked: (struct: PyMemAllocatorEx) => PyMemAllocatorEx,
): HeapWalker[] | undefined {
  const found = new Map<HeapWalker, HeapWalker>();
  for (const struct of structs) {
    const { walker } = struct;
    if (walker === undefined) return undefined;
    if (!found.has(walker)) found.set(walker, hooked(struct).walker ?? walker);
  }
  return [...found.values()];
}

function nameOf(step: AllocatorStep, struct: PyMemAllocatorEx): string {
  const given = typeof step === "function" ? step.name : undefined;
  return `user:${given || struct.walker?.name || "allocator"}`;
}
