/**
 * The objects' state in linear memory: everything that the layer must remember between calls. One block of the RAW
 * domain, entered in the heap's directory under `OBJS`.
 */
import {
  type Abi,
  defineStruct,
  type FieldSpec,
  layoutOf,
  type StructDefinition,
  type StructLayout,
} from "@pyrena/abi";

/** Tag of the state in the heap's directory. */
export const OBJECTS_TAG = "OBJS";
/** Version of the state's layout. */
export const OBJECTS_VERSION = 1;

/** Objects kept for reuse: one list each, by name; tuples one a length. */
export const freeListNames: readonly string[] = [
  "float",
  "int",
  "list",
  "dict",
  "dictKeys",
  "slice",
  "range",
  "method",
  "complex",
  "set",
  "weakref",
  ...Array.from({ length: 20 }, (_, n) => `tuple${n + 1}`),
];

type StateField =
  | "current_exception"
  | "type_table"
  | "type_count"
  | "type_capacity"
  | "static_chunk"
  | "static_next"
  | "static_end"
  | "hash_seed"
  | "none"
  | "ellipsis"
  | "not_implemented"
  | "true"
  | "false"
  | "small_ints"
  | "str_empty"
  | "latin1"
  | "interned"
  | "bytes_empty"
  | "bytes_characters"
  | "tuple_empty"
  | "keys_empty"
  | "probe_str"
  | "memory_error"
  | "memory_errors"
  | "memory_error_count"
  | "main_module"
  | "chunk"
  | "stack_top"
  | "stack_limit"
  | "frame"
  | "depth"
  | "recursion_limit"
  | "handled"
  | "handlers"
  | "handles"
  | "handle_capacity"
  | "handle_free"
  | "handle_count"
  | "js_values"
  | "class_count"
  | "class_descriptors"
  | "tracked"
  | "gc_garbage"
  | "gc_callbacks"
  | "free_lists";

const fields: { readonly [name in StateField]: FieldSpec } = {
  current_exception: { type: "u32", help: "pending exception, owned; or 0" },
  type_table: {
    type: "u32",
    help: "RAW block: (name address, type address) of each registered slots number",
  },
  type_count: { type: "u32", help: "entries in use" },
  type_capacity: { type: "u32", help: "entries that fit" },
  static_chunk: {
    type: "u32",
    help: "newest chunk of static data; its first word is the one before it, its second its bytes",
  },
  static_next: { type: "u32", help: "first free byte in it" },
  static_end: { type: "u32", help: "its end" },
  hash_seed: { type: "u32", help: "as PYTHONHASHSEED" },
  none: { type: "u32", help: "None" },
  ellipsis: "u32",
  not_implemented: "u32",
  true: "u32",
  false: "u32",
  small_ints: { type: "u32", help: "first of the cached ints, contiguous" },
  str_empty: "u32",
  latin1: { type: "u32", help: "static table of 256 one-character strs" },
  interned: { type: "u32", help: "dict of interned strs" },
  bytes_empty: "u32",
  bytes_characters: { type: "u32", help: "static table of 256 one-byte bytes" },
  tuple_empty: "u32",
  probe_str: { type: "u32", help: "static str that takes on any short text" },
  keys_empty: { type: "u32", help: "shared keys object of empty dicts" },
  memory_error: { type: "u32", help: "static MemoryError for when there are no others left" },
  memory_errors: {
    type: "u32",
    help: "MemoryErrors kept for reuse, linked through their dict word",
  },
  memory_error_count: "u32",
  main_module: { type: "u32", help: "module __main__" },
  chunk: { type: "u32", help: "data stack: newest chunk" },
  stack_top: { type: "u32", help: "data stack: first free byte" },
  stack_limit: { type: "u32", help: "data stack: end of the chunk" },
  frame: { type: "u32", help: "running frame, or 0" },
  depth: { type: "u32", help: "frames on the stack" },
  recursion_limit: "u32",
  handled: { type: "u32", help: "exception that is being handled, owned; or 0" },
  handlers: { type: "u32", help: "newest record of a try or with block on the data stack" },
  handles: { type: "u32", help: "RAW block: table of handles" },
  handle_capacity: "u32",
  handle_free: { type: "u32", help: "first free entry" },
  handle_count: "u32",
  js_values: { type: "u32", help: "slots handed out for JavaScript values, ever" },
  class_count: { type: "u32", help: "classes made, ever: version tags" },
  class_descriptors: {
    type: "u32",
    count: 2,
    help: "descriptors of __dict__ and __weakref__ that all classes share (3.15); static",
  },
  tracked: {
    type: "ptr",
    count: 2,
    help: "PyGC_Head: list of tracked objects of the collector that never collects",
  },
  gc_garbage: { type: "u32", help: "list gc.garbage" },
  gc_callbacks: { type: "u32", help: "list gc.callbacks" },
  free_lists: {
    type: "u32",
    count: 2 * freeListNames.length,
    help: "head and count of each free list",
  },
};

/** The state, drawn. */
export const stateStruct: StructDefinition<StateField> = defineStruct("ObjectsState", fields);

/** Offsets of the state's fields, in bytes. */
export type StateFields = StructLayout<StateField>["at"];

/** The state placed for a data model. */
export function stateLayout(abi: Abi): StructLayout<StateField> {
  return layoutOf(stateStruct, abi);
}
