/** What an image says about the runtime that it was made from. */

/** A JavaScript value that objects in the heap hold. */
export interface SavedValue {
  /** Number of its slot. */
  readonly slot: number;
  /** Its key in `values`, or `#` and the number. */
  readonly name: string;
  /** What it was: the name of its class, or its type. */
  readonly what: string;
}

/** How a runtime was made, and what JavaScript its heap needs besides what it names itself. */
export interface Description {
  /** `cpython-3.13-lp64`. */
  readonly profile: string;
  readonly python: string;
  readonly abi: string;
  /** Bytes of the memory when it was saved, and the most that it could grow to. */
  readonly memory: { readonly bytes: number; readonly maxBytes: number };
  /** Whether raw allocator and arena source were the user's own. */
  readonly raw: string;
  readonly arenas: string;
  /** Allocators of RAW, MEM and OBJ. */
  readonly allocators: readonly [string, string, string];
  /** Whether they are in debug hooks. */
  readonly hooks: boolean;
  readonly collector: string;
  /** Whether collections ran by themselves. */
  readonly collecting: boolean;
  readonly values: readonly SavedValue[];
}

/**
 * Check that a value has a description's shape.
 * @param refuse throws
 */
export function readDescription(json: unknown, refuse: (what: string) => never): Description {
  const fail = (field: string): never => refuse(`its description has no valid '${field}'`);
  const record = (value: unknown, field: string): Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : fail(field);
  const found = record(json, "description");
  const text = (field: string, of = found): string => {
    const value = of[field];
    return typeof value === "string" ? value : fail(field);
  };
  const count = (field: string, of: Record<string, unknown>): number => {
    const value = of[field];
    return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 2 ** 32
      ? value
      : fail(field);
  };
  const memory = record(found.memory, "memory");
  const { allocators, values, hooks, collecting } = found;
  const isNamed = (name: unknown, known: readonly string[]): boolean =>
    typeof name === "string" && (known.includes(name) || name.startsWith("user:"));
  if (
    !Array.isArray(allocators) ||
    allocators.length !== 3 ||
    !allocators.every((name) => isNamed(name, ["malloc", "pymalloc"]))
  ) {
    fail("allocators");
  }
  if (!isNamed(found.raw, ["pyrena"])) fail("raw");
  if (!isNamed(found.arenas, ["pyrena"])) fail("arenas");
  if (typeof hooks !== "boolean") fail("hooks");
  if (typeof collecting !== "boolean") fail("collecting");
  if (!Array.isArray(values)) fail("values");
  return {
    profile: text("profile"),
    python: text("python"),
    abi: text("abi"),
    memory: { bytes: count("bytes", memory), maxBytes: count("maxBytes", memory) },
    raw: text("raw"),
    arenas: text("arenas"),
    allocators: allocators as unknown as [string, string, string],
    hooks: hooks as boolean,
    collector: text("collector"),
    collecting: collecting as boolean,
    values: (values as unknown[]).map((entry) => {
      const value = record(entry, "values");
      return { slot: count("slot", value), name: text("name", value), what: text("what", value) };
    }),
  };
}
