/** The class statements that a program begins with. */
import { ATTRIBUTES, type ClassDefinition, type Collecting, type Finalizer } from "../program.ts";
import type { Random } from "../random.ts";
import { int } from "./literals.ts";

const FINALIZERS: readonly Finalizer[] = [
  "none",
  "log",
  "log",
  "log",
  "count",
  "resurrect",
  "raise",
  "drop",
];

/** One to three classes, some derived from others, some with slots. */
export function classDefinitions(random: Random, collecting: Collecting): ClassDefinition[] {
  // What is raised where nobody can be given it is told by code that makes objects of its own.
  const possible =
    collecting === "automatic" ? FINALIZERS.filter((one) => one !== "raise") : FINALIZERS;
  const classes: ClassDefinition[] = [];
  const count = random.between(1, 3);
  for (let index = 0; index < count; index++) {
    const base = index > 0 && random.oneIn(2) ? random.below(index) : -1;
    const slots = random.oneIn(3) ? makeSlots(random, classes, base) : null;
    const finalizer = random.pick(possible);
    classes.push({
      base,
      slots,
      // It drops `u`, for which there may be no slot.
      finalizer: finalizer === "drop" && slots !== null ? "log" : finalizer,
      attributes: [],
    });
  }
  // A class attribute with the name of a slot would be an error, or hide the slot of a base.
  const taken = new Set(classes.flatMap(({ slots }) => slots ?? []));
  const free = ATTRIBUTES.filter((name) => !taken.has(name));
  return classes.map((one) =>
    random.oneIn(3) && free.length > 0
      ? { ...one, attributes: [[random.pick(free), int(random.between(0, 400))] as const] }
      : one,
  );
}

function makeSlots(random: Random, classes: readonly ClassDefinition[], base: number): string[] {
  const inherited: string[] = [];
  let weak = false;
  for (let at = base; at >= 0; at = classes[at]!.base) {
    inherited.push(...(classes[at]!.slots ?? []));
    if (classes[at]!.slots === null) weak = true;
  }
  const slots = ATTRIBUTES.filter((name) => !inherited.includes(name) && random.oneIn(2));
  if (!inherited.includes("t")) slots.unshift("t");
  if (!weak && !inherited.includes("__weakref__") && random.below(3) > 0) slots.push("__weakref__");
  return slots;
}
