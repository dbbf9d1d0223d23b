/**
 * Every structure that has a drawing: where the packages define it, and what is to be said of it. The offsets are the
 * packages' own: the very definitions that the code takes its constants from.
 */
import {
  type Abi,
  defineStruct,
  type FieldSpec,
  layoutOf,
  type Profile,
  type StructDefinition,
  type StructLayout,
} from "@pyrena/abi";
import { counterState, fenceLayout } from "@pyrena/debug";
import { arenaObject, blockRecord, poolHeader, stateLayout } from "@pyrena/pymalloc";
import { createRuntime } from "pyrena";
import { builtModule } from "../shared/built.ts";
import { objectProfiles } from "./profiles.ts";

/** A structure to draw. */
export interface Drawn {
  /** By which pages name it. */
  readonly id: string;
  /** The Python type whose instances these are, if there is one. */
  readonly type?: string;
  /** What follows the last field, if anything does: `ob_item[ob_size], 8 bytes each`. */
  readonly tail?: (profile: Profile) => string;
  /** Undefined where the version has no such thing. */
  readonly layout: (profile: Profile) => StructLayout;
}

/** Facts of a version's objects, as far as they are handed on. */
type Facts = Readonly<Record<string, unknown>>;
type Make = (facts: Facts) => StructDefinition;

const objects = (path: string): Promise<Record<string, unknown>> =>
  builtModule("@pyrena/objects", path);

const { objectFacts } = (await objects("facts")) as { objectFacts: (profile: Profile) => Facts };
const frames = (await objects("frames/layout")) as {
  frameHeaderStruct: (shape: unknown) => StructDefinition;
  frameObjectStruct: (locals: unknown) => StructDefinition;
  chunkStruct: StructDefinition;
};
const typeObject = (await objects("core/type-object")) as {
  typeStruct: Make;
  heapTypeStruct: Make;
};
const { stateStruct: objectsState } = (await objects("core/state")) as {
  stateStruct: StructDefinition;
};
const { stateLayout: collectorLayout } = (await builtModule("@pyrena/gc", "state")) as {
  stateLayout: (abi: Abi, extra?: Readonly<Record<string, FieldSpec>>) => StructLayout;
};
const { incrementalFields } = (await builtModule("@pyrena/gc", "incremental-state")) as {
  incrementalFields: Readonly<Record<string, FieldSpec>>;
};

/** A definition that a file of @pyrena/objects exports under `types/`. */
async function ofTypes<T = StructDefinition>(file: string, name: string): Promise<T> {
  const found = (await objects(`types/${file}`))[name];
  if (found === undefined) throw new Error(`types/${file} of @pyrena/objects has no ${name}`);
  return found as T;
}

/** The same for all versions. */
const same =
  (definition: StructDefinition) =>
  ({ abi }: Profile): StructLayout =>
    layoutOf(definition, abi);

/** As the facts of a version say. */
const byFacts =
  (make: Make) =>
  (profile: Profile): StructLayout =>
    layoutOf(make(objectFacts(profile)), profile.abi);

/** The fields before one of them. */
function before(definition: StructDefinition, field: string): StructDefinition {
  const fields = Object.entries(definition.fields);
  const end = fields.findIndex(([name]) => name === field);
  return defineStruct(definition.name, Object.fromEntries(fields.slice(0, end)));
}

const word = ({ abi }: Profile): number => abi.pointerBytes;

const strStruct = await ofTypes("str-layout", "strStruct");
const strStruct311 = await ofTypes("str-layout", "strStruct311");
const strOf = (profile: Profile): StructDefinition =>
  objectFacts(profile)["hasWstr"] === true ? strStruct311 : strStruct;

const tuple = await ofTypes("tuple", "tupleStruct");
const hashedTuple = await ofTypes("tuple", "hashedTupleStruct");
const bytearray = await ofTypes("bytearray", "bytearrayStruct");
const bytearray315 = await ofTypes("bytearray", "bytearrayStruct315");
const capsule = await ofTypes<Make>("capsule", "capsuleStruct");
const moduleOf = await ofTypes<Make>("module", "moduleStruct");
const functionOf = await ofTypes<Make>("function", "functionStruct");
const code = await ofTypes("code", "codeStruct");

/** What every object begins with, and what lies before those that the collector tracks. */
const gcHead = defineStruct("PyGC_Head", {
  _gc_next: { type: "ptr", help: "next object in its list, and flags in the lowest bits" },
  _gc_prev: { type: "ptr", help: "previous one, or gc_refs during a collection; and flags" },
});
const object = defineStruct("PyObject", { ob_refcnt: "size", ob_type: "ptr" });
const varObject = defineStruct("PyVarObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  ob_size: "size",
});

/** A block with CPython's debug hooks around it, for a request of 24 bytes. */
function debugBlock({ abi }: Profile): StructLayout {
  const { word: pad, before: head, extra } = fenceLayout(abi, true);
  const request = 24;
  const fields = [
    { name: "size", offset: 0, bytes: pad, help: "bytes asked for, highest byte first" },
    { name: "api", offset: pad, bytes: 1, help: "r, m or o: the domain that it came through" },
    { name: "pad before", offset: pad + 1, bytes: pad - 1, help: "fd, to be found intact" },
    { name: "your bytes", offset: head, bytes: request, help: "cd when new, dd once freed" },
    { name: "pad behind", offset: head + request, bytes: pad, help: "fd, to be found intact" },
    { name: "serialno", offset: head + request + pad, bytes: pad, help: "number of the call" },
  ];
  return {
    name: "debug block",
    abi,
    bytes: request + extra,
    alignment: pad,
    at: Object.fromEntries(fields.map(({ name, offset }) => [name, offset])),
    fields: fields.map((field) => ({ ...field, type: "u8", count: field.bytes })),
  };
}

/** All of them, in the order of the page. */
export const structs: readonly Drawn[] = [
  { id: "arena_object", layout: same(arenaObject) },
  {
    id: "pool_header",
    layout: same(poolHeader),
    tail: ({ abi }) => `blocks, from the next multiple of ${abi.alignment}`,
  },
  { id: "debug-block", layout: debugBlock },
  { id: "PyGC_Head", layout: same(gcHead), tail: () => "the object" },
  { id: "PyObject", type: "object", layout: same(object) },
  { id: "PyVarObject", layout: same(varObject) },
  {
    id: "PyLongObject",
    type: "int",
    layout: same(await ofTypes("int", "intStruct")),
    tail: () => "more digits, 4 bytes each",
  },
  { id: "PyFloatObject", type: "float", layout: same(await ofTypes("float", "floatStruct")) },
  {
    id: "PyComplexObject",
    type: "complex",
    layout: same(await ofTypes("complex", "complexStruct")),
  },
  {
    id: "PyASCIIObject",
    layout: (profile) => layoutOf(before(strOf(profile), "utf8_length"), profile.abi),
    tail: () => "characters, 1 byte each, and a NUL",
  },
  {
    id: "PyCompactUnicodeObject",
    layout: (profile) => layoutOf(before(strOf(profile), "data_any"), profile.abi),
    tail: () => "characters, 1, 2 or 4 bytes each, and a NUL",
  },
  {
    id: "PyUnicodeObject",
    type: "str",
    layout: (profile) => layoutOf(strOf(profile), profile.abi),
  },
  {
    id: "PyBytesObject",
    type: "bytes",
    layout: same(await ofTypes("bytes", "bytesStruct")),
    tail: () => "more bytes",
  },
  {
    id: "PyByteArrayObject",
    type: "bytearray",
    layout: byFacts((facts) => (facts["bytearrayHoldsBytes"] ? bytearray315 : bytearray)),
  },
  {
    id: "PyTupleObject",
    type: "tuple",
    layout: byFacts((facts) => (facts["tupleCachesHash"] ? hashedTuple : tuple)),
    tail: (profile) => `items, ${word(profile)} bytes each`,
  },
  { id: "PyListObject", type: "list", layout: same(await ofTypes("list", "listStruct")) },
  { id: "PyDictObject", type: "dict", layout: same(await ofTypes("dict-table", "dictStruct")) },
  {
    id: "PyDictKeysObject",
    layout: same(await ofTypes("dict-keys", "dictKeysStruct")),
    tail: () => "index table, then entries",
  },
  { id: "PySetObject", type: "set", layout: same(await ofTypes("set-table", "setStruct")) },
  { id: "rangeobject", type: "range", layout: same(await ofTypes("range", "rangeStruct")) },
  { id: "PySliceObject", type: "slice", layout: same(await ofTypes("slice", "sliceStruct")) },
  { id: "PyFunctionObject", type: "function", layout: byFacts(functionOf) },
  { id: "PyMethodObject", type: "method", layout: same(await ofTypes("method", "methodStruct")) },
  { id: "PyCellObject", type: "cell", layout: same(await ofTypes("cell", "cellStruct")) },
  { id: "PyCodeObject", layout: same(code), tail: () => "the version's own fields" },
  {
    id: "_PyInterpreterFrame",
    layout: (profile) =>
      layoutOf(frames.frameHeaderStruct(objectFacts(profile)["frameHeader"]), profile.abi),
    tail: (profile) => `localsplus, ${word(profile)} bytes each`,
  },
  {
    id: "PyFrameObject",
    layout: (profile) =>
      layoutOf(frames.frameObjectStruct(objectFacts(profile)["frameObjectLocals"]), profile.abi),
    tail: () => "a copy of the frame, once it has been left",
  },
  { id: "_PyStackChunk", layout: same(frames.chunkStruct), tail: () => "frames" },
  {
    id: "PyTracebackObject",
    type: "traceback",
    layout: same(await ofTypes("traceback", "tracebackStruct")),
  },
  {
    id: "PyBaseExceptionObject",
    type: "BaseException",
    layout: same(await ofTypes("exception-layout", "exceptionStruct")),
  },
  { id: "PyTypeObject", layout: byFacts(typeObject.typeStruct) },
  { id: "PyHeapTypeObject", layout: byFacts(typeObject.heapTypeStruct) },
  { id: "PyDescrObject", layout: same(await ofTypes("descriptor", "descriptorStruct")) },
  {
    id: "PyWeakReference",
    type: "ReferenceType",
    layout: same(await ofTypes("weakref", "weakrefStruct")),
  },
  { id: "PyModuleObject", type: "module", layout: byFacts(moduleOf) },
  { id: "PyCapsule", type: "PyCapsule", layout: byFacts(capsule) },
  {
    id: "JsValueObject",
    type: "JsValue",
    layout: same(await ofTypes("js-value", "jsValueStruct")),
  },
  { id: "pymalloc_state", layout: (profile) => stateLayout(profile, 0) },
  {
    id: "pymalloc_engine",
    layout: same((await builtModule("@pyrena/pymalloc", "engine-state"))["engineState"] as never),
  },
  { id: "block_record", layout: same(blockRecord) },
  { id: "ObjectsState", layout: same(objectsState) },
  {
    id: "CollectorState",
    layout: ({ abi, gc }) =>
      gc.policy === "incremental" ? collectorLayout(abi, incrementalFields) : collectorLayout(abi),
  },
  { id: "counterState", layout: same(counterState) },
  {
    id: "region manager",
    layout: same((await builtModule("@pyrena/raw", "region-layout"))["regionState"] as never),
  },
  {
    id: "raw allocator",
    layout: same((await builtModule("@pyrena/raw", "raw-layout"))["rawState"] as never),
  },
  {
    id: "arena source",
    layout: same((await builtModule("@pyrena/raw", "arena-layout"))["arenaState"] as never),
  },
];

/** What a heap of a profile says of one of its types. */
export interface TypeFacts {
  readonly basicsize: number;
  readonly itemsize: number;
  /** Bytes before each instance: PyGC_Head where there is one. */
  readonly preBytes: number;
}

/** The built-in types of real heaps: profile's name, then type's. */
export const builtinTypes: ReadonlyMap<string, ReadonlyMap<string, TypeFacts>> = new Map(
  objectProfiles.map((profile) => {
    const { objects: heap } = createRuntime({ python: profile.python, abi: profile.abi.name });
    const { types } = heap;
    return [
      profile.name,
      new Map(
        types.all().map((type) => [
          types.name(type),
          {
            basicsize: types.basicsize(type),
            itemsize: types.itemsize(type),
            preBytes: types.preBytes(type),
          },
        ]),
      ),
    ];
  }),
);

/** Bytes before each instance of a structure's type. */
export function preBytesOf({ type }: Drawn, profile: Profile): number {
  return (type && builtinTypes.get(profile.name)?.get(type)?.preBytes) || 0;
}
