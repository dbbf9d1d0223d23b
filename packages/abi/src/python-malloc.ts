/**
 * The values of `PYTHONMALLOC` and what each installs where (CPython 3.8 to 3.15; the mimalloc names from 3.13 on).
 *
 * | name             | RAW     | MEM, OBJ | debug hooks |
 * |------------------|---------|----------|-------------|
 * | default          | malloc  | pymalloc | no          |
 * | debug            | malloc  | pymalloc | yes         |
 * | malloc           | malloc  | malloc   | no          |
 * | malloc_debug     | malloc  | malloc   | yes         |
 * | pymalloc         | malloc  | pymalloc | no          |
 * | pymalloc_debug   | malloc  | pymalloc | yes         |
 * | mimalloc         | malloc  | mimalloc | no          |
 * | mimalloc_debug   | malloc  | mimalloc | yes         |
 */
import { type Domain, MEM, OBJ, type PyMemAllocatorEx, RAW } from "./allocator.ts";
import type { Domains } from "./domains.ts";
import { PyrenaError } from "./errors.ts";
import type { Profile } from "./profile.ts";

/** A value of `PYTHONMALLOC`. */
export type PythonMallocName =
  | "default"
  | "debug"
  | "malloc"
  | "malloc_debug"
  | "pymalloc"
  | "pymalloc_debug"
  | "mimalloc"
  | "mimalloc_debug";

/** The eight names, in the order of CPython's enum. */
export const pythonMallocNames: readonly PythonMallocName[] = [
  "default",
  "debug",
  "malloc",
  "malloc_debug",
  "pymalloc",
  "pymalloc_debug",
  "mimalloc",
  "mimalloc_debug",
];

/** An allocator that a name can stand for. */
export type BaseAllocatorName = "malloc" | "pymalloc" | "mimalloc";

/** What a name installs. */
export interface PythonMallocPlan {
  readonly name: PythonMallocName;
  readonly raw: BaseAllocatorName;
  readonly mem: BaseAllocatorName;
  readonly obj: BaseAllocatorName;
  /** Whether each of the three is wrapped in the debug hooks. */
  readonly debug: boolean;
}

/** The implementations that a heap has to offer. */
export interface AllocatorParts {
  readonly malloc: PyMemAllocatorEx;
  readonly pymalloc: PyMemAllocatorEx;
  readonly mimalloc?: PyMemAllocatorEx | undefined;
  /** The debug hooks: wrap an allocator for a domain. */
  readonly debug?: ((next: PyMemAllocatorEx, domain: Domain) => PyMemAllocatorEx) | undefined;
}

/**
 * What a value of `PYTHONMALLOC` installs where.
 * @param name the value; empty means `default`, as in CPython
 * @throws PyrenaError `unknown-allocator`, listing the names that this Python version knows
 */
export function resolvePythonMalloc(name: string, profile: Profile): PythonMallocPlan {
  const valid = pythonMallocNames.filter(
    (known) => profile.hasMimalloc || !known.startsWith("mimalloc"),
  );
  const chosen = name === "" ? "default" : valid.find((known) => known === name);
  if (chosen === undefined) {
    throw new PyrenaError(
      "unknown-allocator",
      `PYTHONMALLOC: unknown allocator '${name}' for Python ${profile.python}: use one of ${valid.join(", ")}`,
    );
  }
  const debug = chosen.endsWith("debug");
  const base = chosen.replace(/_?debug$/, "");
  const inner: BaseAllocatorName = base === "malloc" || base === "mimalloc" ? base : "pymalloc";
  return { name: chosen, raw: "malloc", mem: inner, obj: inner, debug };
}

/**
 * Install what a value of `PYTHONMALLOC` stands for into all three domains. Nothing is installed unless all can be.
 * @throws PyrenaError `unknown-allocator`; `not-built-in` where the parts lack what the name needs
 */
export function installPythonMalloc(
  domains: Domains,
  name: string,
  profile: Profile,
  parts: AllocatorParts,
): PythonMallocPlan {
  const plan = resolvePythonMalloc(name, profile);
  const build = (domain: Domain, base: BaseAllocatorName): PyMemAllocatorEx => {
    const inner = parts[base];
    if (inner === undefined) {
      throw new PyrenaError(
        "not-built-in",
        `PYTHONMALLOC=${plan.name}: ${base} is not built in here; built in: ${builtIn(parts).join(", ")}`,
      );
    }
    if (!plan.debug) return inner;
    if (parts.debug === undefined) {
      throw new PyrenaError(
        "not-built-in",
        `PYTHONMALLOC=${plan.name}: the debug hooks are not built in here`,
      );
    }
    return parts.debug(inner, domain);
  };
  const raw = build(RAW, plan.raw);
  const mem = build(MEM, plan.mem);
  const obj = build(OBJ, plan.obj);
  domains.setAllocator(RAW, raw);
  domains.setAllocator(MEM, mem);
  domains.setAllocator(OBJ, obj);
  return plan;
}

function builtIn(parts: AllocatorParts): string[] {
  return (["malloc", "pymalloc", "mimalloc"] as const).filter((name) => parts[name] !== undefined);
}
