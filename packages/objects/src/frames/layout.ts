/**
 * Frames in memory (`Include/internal/pycore_frame.h`): the header of `_PyInterpreterFrame` as the version has it,
 * then `localsplus`: locals, cells and free variables, evaluation stack. A word of localsplus owns its object; with
 * bit 0 set (3.14 and later) the object is lent by the caller and not owned.
 *
 *     data stack                             frame object (owns a copy once its frame has been left)
 *     ├ header                               ├ fields
 *     ├ locals, cells, free variables        ├ header
 *     └ evaluation stack                     └ localsplus
 */
import {
  type Abi,
  defineStruct,
  type FieldSpec,
  layoutOf,
  type StructDefinition,
  type StructLayout,
} from "@pyrena/abi";
import type { ObjectFacts } from "../facts.ts";

/** Header fields that all versions have, under whatever name. */
type HeaderField =
  | "f_executable"
  | "previous"
  | "f_funcobj"
  | "f_globals"
  | "f_builtins"
  | "f_locals"
  | "frame_obj"
  | "instr_ptr"
  | "stack"
  | "owner";

const field: { readonly [name in HeaderField]: FieldSpec } = {
  f_executable: { type: "ptr", help: "code object, owned" },
  previous: { type: "ptr", help: "the caller's frame, or NULL" },
  f_funcobj: { type: "ptr", help: "function, owned; NULL in a frame without one" },
  f_globals: { type: "ptr", help: "the function's, borrowed" },
  f_builtins: { type: "ptr", help: "the function's, borrowed" },
  f_locals: { type: "ptr", help: "dict that locals() gave, owned; or NULL" },
  frame_obj: { type: "ptr", help: "frame object, owned; or NULL" },
  instr_ptr: { type: "ptr", help: "NULL: bodies are JavaScript" },
  stack: { type: "u32", help: "words of localsplus in use" },
  owner: "u8",
};

/** `_PyInterpreterFrame` up to `localsplus`. */
export function frameHeaderStruct(
  shape: ObjectFacts["frameHeader"],
): StructDefinition<HeaderField> {
  const { f_executable, previous, f_funcobj, f_globals, f_builtins, f_locals } = field;
  const { frame_obj, instr_ptr, stack, owner } = field;
  const globals = { f_globals, f_builtins, f_locals } as const;
  const fields =
    shape === "function-first"
      ? {
          f_funcobj,
          ...globals,
          f_executable,
          frame_obj,
          previous,
          instr_ptr,
          stack,
          is_entry: "u8",
          owner,
        }
      : shape === "code-first"
        ? {
            f_executable,
            previous,
            f_funcobj,
            ...globals,
            frame_obj,
            instr_ptr,
            stack,
            return_offset: "u16",
            owner,
          }
        : {
            f_executable,
            previous,
            f_funcobj,
            ...globals,
            frame_obj,
            instr_ptr,
            stack: { type: "ptr", help: "words of localsplus in use" },
            return_offset: "u16",
            owner,
            visited: "u8",
          };
  return defineStruct("_PyInterpreterFrame", fields as { [name in HeaderField]: FieldSpec });
}

/** `owner`: the data stack, or a frame object. */
export const OWNED_BY_THREAD = 0;
export const OWNED_BY_FRAME_OBJECT = 2;

type FrameObjectField = "ob_refcnt" | "ob_type" | "f_back" | "f_frame" | "f_trace" | "f_lineno";

/** `PyFrameObject` up to `_f_frame_data`. */
export function frameObjectStruct(
  locals: ObjectFacts["frameObjectLocals"],
): StructDefinition<FrameObjectField> {
  const fields = {
    ob_refcnt: "size",
    ob_type: "ptr",
    f_back: { type: "ptr", help: "frame object of the caller, owned; only once the frame is left" },
    f_frame: { type: "ptr", help: "the frame: on the data stack, or the copy in here" },
    f_trace: { type: "ptr", help: "NULL" },
    f_lineno: "i32",
    f_trace_lines: "u8",
    f_trace_opcodes: "u8",
    ...(locals === 0 ? { f_fast_as_locals: "u8" } : {}),
    ...(locals >= 2 ? { f_extra_locals: "ptr", f_locals_cache: "ptr" } : {}),
    ...(locals === 3 ? { f_overwritten_fast_locals: "ptr" } : {}),
  };
  return defineStruct("PyFrameObject", fields as { [name in FrameObjectField]: FieldSpec });
}

/** `_PyStackChunk`: header of a chunk of the data stack. */
export const chunkStruct: StructDefinition<"previous" | "size" | "top"> = defineStruct(
  "_PyStackChunk",
  {
    previous: { type: "ptr", help: "the chunk before it, or NULL" },
    size: { type: "size", help: "bytes, header included" },
    top: { type: "size", help: "words in use when the next chunk was pushed" },
  },
);

/** A frame's header placed; `bytes` is where localsplus begins. */
export function frameHeaderLayout(abi: Abi, facts: ObjectFacts): StructLayout<HeaderField> {
  return layoutOf(frameHeaderStruct(facts.frameHeader), abi);
}

/** A frame object's own fields placed; `bytes` is where the copy of the frame begins. */
export function frameObjectLayout(abi: Abi, facts: ObjectFacts): StructLayout<FrameObjectField> {
  return layoutOf(frameObjectStruct(facts.frameObjectLocals), abi);
}
