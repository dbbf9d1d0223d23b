/**
 * How exceptions lie in memory (`Include/cpython/pyerrors.h`).
 *
 *     0   count, type
 *     2W  dict                 made when an attribute is set
 *     3W  args                 tuple
 *     4W  notes                not used by CPython either: notes lie in the dict
 *     5W  traceback
 *     6W  context
 *     7W  cause
 *     8W  suppress_context     u8
 *     9W  fields of the type   exceptionFields (exception-tree.ts)
 */
import { type Address, defineStruct, type StructDefinition, type StructLayout } from "@pyrena/abi";

type BaseField =
  | "ob_refcnt"
  | "ob_type"
  | "dict"
  | "args"
  | "notes"
  | "traceback"
  | "context"
  | "cause"
  | "suppress_context";

/** `PyBaseExceptionObject`. */
export const exceptionStruct: StructDefinition<BaseField> = defineStruct("PyBaseExceptionObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  dict: { type: "ptr", help: "__dict__, owned; or NULL" },
  args: { type: "ptr", help: "tuple, owned" },
  notes: { type: "ptr", help: "owned, or NULL" },
  traceback: { type: "ptr", help: "owned, or NULL" },
  context: { type: "ptr", help: "owned, or NULL" },
  cause: { type: "ptr", help: "owned, or NULL" },
  suppress_context: "u8",
});

/** A field that a type adds. */
export interface ExceptionField {
  readonly name: string;
  /** Offset in bytes. */
  readonly offset: number;
  /** Whether it holds a reference; else a size. */
  readonly owned: boolean;
}

/** Access to fields, for the parts of `core.exceptions`. */
export interface ExceptionFields {
  readonly at: StructLayout<BaseField>["at"];
  /** What a field holds: borrowed, or NULL. */
  get(this: void, exception: Address, offset: number): Address;
  /** Steals the value, releases what was there. */
  set(this: void, exception: Address, offset: number, value: Address): void;
  /** Fields that a type, or the built-in type that it derives from, adds to BaseException's. */
  of(this: void, type: Address): readonly ExceptionField[];
  find(this: void, exception: Address, name: string): ExceptionField | undefined;
}
