/**
 * What the parts of one heap's objects share. Each part is a record of plain functions over captured constants, made
 * by a factory that takes the core; parts made earlier may be captured at once, later ones are read from the core when
 * they are needed.
 */
import type { DomainApi, Heap, LinearMemory, Profile } from "@pyrena/abi";
import type { AllocationApi } from "../api/allocation.ts";
import type { ClassesApi } from "../api/classes.ts";
import type { CopyingApi } from "../api/copying.ts";
import type { ErrorsApi, Unraisable } from "../api/errors.ts";
import type { ExceptionsApi } from "../api/exceptions.ts";
import type { FramesApi } from "../api/frames.ts";
import type {
  CapsulesApi,
  CellsApi,
  FunctionsApi,
  JsValuesApi,
  ModulesApi,
} from "../api/functions.ts";
import type { InspectApi } from "../api/inspect.ts";
import type { ComplexApi, ConstantsApi, FloatApi, IntApi } from "../api/numbers.ts";
import type { ProtocolApi } from "../api/protocol.ts";
import type { RefsApi } from "../api/refs.ts";
import type { ListApi, RangeApi, SliceApi, TupleApi } from "../api/sequences.ts";
import type { DictApi, SetApi } from "../api/tables.ts";
import type { ByteArrayApi, BytesApi, StrApi } from "../api/text.ts";
import type { TypesApi } from "../api/types.ts";
import type { WeakrefsApi } from "../api/weakrefs.ts";
import type { ObjectFacts } from "../facts.ts";
import type { ObjectsOptions } from "./options.ts";
import type { StateFields } from "./state.ts";

/** The parts of one heap's objects, and what they stand on. */
export class Core {
  declare readonly options: ObjectsOptions;
  declare readonly heap: Heap;
  declare readonly memory: LinearMemory;
  declare readonly profile: Profile;
  declare readonly facts: ObjectFacts;
  /** Whether pointers are 8 bytes wide (lp64); their upper halves are 0 and must be written as such. */
  declare readonly wide: boolean;
  /** Bytes of a pointer: 4 or 8. */
  declare readonly word: 4 | 8;
  /** log2 of `word`. */
  declare readonly wordShift: 2 | 3;
  declare readonly raw: DomainApi;
  declare readonly mem: DomainApi;
  declare readonly obj: DomainApi;
  /** Address of the objects' state, and offsets of its fields in bytes (all u32 unless drawn otherwise). */
  declare readonly state: number;
  declare readonly at: StateFields;
  /** Whether the heap is being made; false when objects that exist are opened again. */
  declare readonly fresh: boolean;
  /** High 32 bits (signed) that go with the last result of a hash function; lp64 only. */
  declare hashHigh: number;
  /** Where unraisable exceptions are reported. */
  declare onUnraisable: (report: Unraisable) => void;
  /** Whether addresses and types are checked at every low-level call. */
  declare readonly debug: boolean;

  declare readonly alloc: AllocationApi;
  declare readonly refs: RefsApi;
  declare readonly errors: ErrorsApi;
  declare readonly types: TypesApi;
  declare readonly protocol: ProtocolApi;
  declare readonly constants: ConstantsApi;
  declare readonly int: IntApi;
  declare readonly float: FloatApi;
  declare readonly complex: ComplexApi;
  declare readonly str: StrApi;
  declare readonly bytes: BytesApi;
  declare readonly bytearray: ByteArrayApi;
  declare readonly tuple: TupleApi;
  declare readonly list: ListApi;
  declare readonly slice: SliceApi;
  declare readonly range: RangeApi;
  declare readonly dict: DictApi;
  declare readonly set: SetApi;
  declare readonly weakrefs: WeakrefsApi;
  declare readonly jsValues: JsValuesApi;
  declare readonly functions: FunctionsApi;
  declare readonly cells: CellsApi;
  declare readonly modules: ModulesApi;
  declare readonly capsules: CapsulesApi;
  declare readonly classes: ClassesApi;
  declare readonly exceptions: ExceptionsApi;
  declare readonly frames: FramesApi;
  declare readonly copying: CopyingApi;
  declare readonly inspect: InspectApi;

  constructor(base: Partial<Core>) {
    Object.assign(this, base);
  }

  /** Enter a part. */
  add<Name extends keyof Core>(name: Name, part: Core[Name]): Core[Name] {
    (this as { -readonly [name in keyof Core]: Core[name] })[name] = part;
    return part;
  }
}
