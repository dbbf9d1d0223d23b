/** What the objects are put to. The same in C (`driver.c`), Python (`loops.py`) and JavaScript (`peers/*.ts`). */

/** One workload: what is counted, and how much of it makes a round. */
export interface ObjectWorkload {
  readonly id: string;
  readonly title: string;
  /** What one unit is. */
  readonly description: string;
  /** Units of a round. */
  readonly units: number;
  /** What the aims say of it: `create` within 1.0 × of C, `handle` reads under 100 ns. */
  readonly aim?: "create" | "handle";
}

/** Objects that are alive at once in the small workloads: more than any free list holds. */
export const BATCH = 200;
/** Lists that are alive at once: each has ten items. */
export const LISTS = 20;
/** Levels of the tree of instances: 2^14 - 1 nodes. */
export const TREE_LEVELS = 14;
/** Items of the containers that are read and updated. */
export const ITEMS = 1000;

/** All workloads. */
export const objectWorkloads: readonly ObjectWorkload[] = [
  {
    id: "ints",
    title: "ints",
    description: `an int over 1 000 is made and dropped; ${BATCH} are alive at once`,
    units: 200_000,
    aim: "create",
  },
  {
    id: "floats",
    title: "floats",
    description: `a float is made and dropped; ${BATCH} are alive at once`,
    units: 200_000,
    aim: "create",
  },
  {
    id: "tuples",
    title: "tuples of 3",
    description: `a tuple of three existing objects is made and dropped; ${BATCH} are alive at once`,
    units: 200_000,
    aim: "create",
  },
  {
    id: "lists",
    title: "lists, 10 appends",
    description: `an empty list, ten appends of an existing object, dropped; ${LISTS} are alive at once`,
    units: 20_000,
    aim: "create",
  },
  {
    id: "strs",
    title: "strs of 16",
    description: `a str is made of 16 ASCII characters in memory and dropped; ${BATCH} are alive at once`,
    units: 200_000,
    aim: "create",
  },
  {
    id: "strs-js",
    title: "strs of JS strings",
    description: `the same of a JavaScript string, beside C's of memory; ${BATCH} are alive at once`,
    units: 200_000,
  },
  {
    id: "dict",
    title: "dict, 1 M keys",
    description: "an int key is made and inserted with None; after 1 000 000 the dict is dropped",
    units: 1_000_000,
    aim: "create",
  },
  {
    id: "tree",
    title: "tree of instances",
    description: `an instance with attributes left and right; a tree of ${2 ** TREE_LEVELS - 1} is made and dropped`,
    units: 2 ** TREE_LEVELS - 1,
    aim: "create",
  },
  {
    id: "list-read",
    title: "list element read",
    description: `an int element of a list of ${ITEMS} is read and its value added up`,
    units: 500_000,
    aim: "handle",
  },
  {
    id: "dict-read",
    title: "dict key read",
    description: `the int value of a str key of a dict of ${ITEMS} is read and added up`,
    units: 500_000,
    aim: "handle",
  },
  {
    id: "list-update",
    title: "list element stored",
    description: `an existing object is stored into a list of ${ITEMS}, in place`,
    units: 500_000,
  },
  {
    id: "dict-update",
    title: "dict key stored",
    description: `an existing object is stored under a str key of a dict of ${ITEMS}, in place`,
    units: 500_000,
  },
];

/** The workloads that make and drop objects; the others read and update in place. */
export const makingWorkloads: readonly ObjectWorkload[] = objectWorkloads.slice(
  0,
  objectWorkloads.findIndex(({ id }) => id === "list-read"),
);

/** Kinds of objects whose bytes are compared, each made so many times. */
export const MEMORY_COUNT = 10_000;
/** The workloads that make objects which can be counted in bytes. */
export const memoryWorkloads: readonly string[] = [
  "ints",
  "floats",
  "tuples",
  "lists",
  "strs",
  "dict",
  "tree",
];

/** What a peer answers that has no such objects at all: it sits the workload out. */
export const NO_SUCH_OBJECTS = "has no such objects";
