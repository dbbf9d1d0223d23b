/**
 * `@pyrena/objects`: CPython's objects on one linear memory.
 */

export type { AllocationApi, FreeList } from "./api/allocation.ts";
export type { ClassesApi, ClassSpec } from "./api/classes.ts";
export type { CollectionApi, GcModule } from "./api/collection.ts";
export type { CopyingApi } from "./api/copying.ts";
export type { ErrorKind, ErrorsApi, Unraisable } from "./api/errors.ts";
export type { ExceptionName, ExceptionsApi } from "./api/exceptions.ts";
export type { ExceptClause, FramesApi, WithOptions } from "./api/frames.ts";
export type {
  Body,
  CapsulesApi,
  CellsApi,
  FunctionSpec,
  FunctionsApi,
  JsValuesApi,
  ModulesApi,
} from "./api/functions.ts";
export type { FreeListLine, InspectApi, Leak, Region, VerifyOptions } from "./api/inspect.ts";
export type { ComplexApi, ConstantsApi, FloatApi, IntApi } from "./api/numbers.ts";
export type { ProtocolApi } from "./api/protocol.ts";
export type { RefsApi } from "./api/refs.ts";
export type { ListApi, RangeApi, SliceApi, TupleApi } from "./api/sequences.ts";
export type { DictApi, SetApi, TableCursor, ValuesApi } from "./api/tables.ts";
export type { ByteArrayApi, BytesApi, StrApi } from "./api/text.ts";
export {
  type BufferVisit,
  type Ownership,
  type TypeSlots,
  type TypeSpec,
  type TypesApi,
  typeFlags,
  type UnwindSteps,
  type Visit,
} from "./api/types.ts";
export type { WeakrefsApi } from "./api/weakrefs.ts";
export type { ObjectsOptions } from "./core/options.ts";
export { trackingOnly } from "./core/tracking.ts";
export { PyException } from "./exception.ts";
export { attachPython, createPython, type PythonOptions } from "./handles/create.ts";
export type { ClassOptions, FunctionBody, FunctionOptions } from "./handles/definitions.ts";
export { Frame } from "./handles/frame.ts";
export {
  type Atom,
  Handle,
  type HandleOptions,
  type LostHandle,
  type PyValue,
} from "./handles/handle.ts";
export { Local } from "./handles/local.ts";
export {
  ByteArrayHandle,
  BytesHandle,
  CellHandle,
  ClassHandle,
  ExceptionHandle,
  FunctionHandle,
  InstanceHandle,
  JsValueHandle,
  ModuleHandle,
  WeakrefHandle,
} from "./handles/others.ts";
export { Python } from "./handles/python.ts";
export { ListHandle, RangeHandle, TupleHandle } from "./handles/sequences.ts";
export { DictHandle, SetHandle } from "./handles/tables.ts";
export { attachObjects, createObjects, type Objects } from "./objects.ts";
export {
  defineType,
  type UserField,
  type UserType,
  type UserTypeSpec,
} from "./types/define-type.ts";
