/**
 * What the parts of one heap's objects share. Each part is a record of plain functions over captured constants, made
 * by a factory that takes the core; parts made earlier may be captured at once, later ones are read from the core when
 * they are needed.
 */
import type { DomainApi, Heap, LinearMemory, Profile } from "@pyrena/abi";
import type { AllocationApi } from "../api/allocation.ts";
import type { ClassesApi } from "../api/classes.ts";
import type { CollectionApi } from "../api/collection.ts";
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
  readonly options!: ObjectsOptions;
  readonly heap!: Heap;
  readonly memory!: LinearMemory;
  readonly profile!: Profile;
  readonly facts!: ObjectFacts;
  /** Whether pointers are 8 bytes wide (lp64); their upper halves are 0 and must be written as such. */
  readonly wide!: boolean;
  /** Bytes of a pointer: 4 or 8. */
  readonly word!: 4 | 8;
  /** log2 of `word`. */
  readonly wordShift!: 2 | 3;
  readonly raw!: DomainApi;
  readonly mem!: DomainApi;
  readonly obj!: DomainApi;
  /** Address of the objects' state, and offsets of its fields in bytes (all u32 unless drawn otherwise). */
  readonly state!: number;
  readonly at!: StateFields;
  /** Whether the heap is being made; false when objects that exist are opened again. */
  readonly fresh!: boolean;
  /** High 32 bits (signed) that go with the last result of a hash function; lp64 only. */
  hashHigh!: number;
  /** Where unraisable exceptions are reported. */
  onUnraisable!: (report: Unraisable) => void;
  /** Whether addresses and types are checked at every low-level call. */
  readonly debug!: boolean;

  readonly alloc!: AllocationApi;
  readonly gc!: CollectionApi;
  readonly refs!: RefsApi;
  readonly errors!: ErrorsApi;
  readonly types!: TypesApi;
  readonly protocol!: ProtocolApi;
  readonly constants!: ConstantsApi;
  readonly int!: IntApi;
  readonly float!: FloatApi;
  readonly complex!: ComplexApi;
  readonly str!: StrApi;
  readonly bytes!: BytesApi;
  readonly bytearray!: ByteArrayApi;
  readonly tuple!: TupleApi;
  readonly list!: ListApi;
  readonly slice!: SliceApi;
  readonly range!: RangeApi;
  readonly dict!: DictApi;
  readonly set!: SetApi;
  readonly weakrefs!: WeakrefsApi;
  readonly jsValues!: JsValuesApi;
  readonly functions!: FunctionsApi;
  readonly cells!: CellsApi;
  readonly modules!: ModulesApi;
  readonly capsules!: CapsulesApi;
  readonly classes!: ClassesApi;
  readonly exceptions!: ExceptionsApi;
  readonly frames!: FramesApi;
  readonly copying!: CopyingApi;
  readonly inspect!: InspectApi;

  constructor(base: Partial<Core>) {
    Object.assign(this, base);
  }

  /** Enter a part. */
  add<Name extends keyof Core>(name: Name, part: Core[Name]): Core[Name] {
    (this as { -readonly [name in keyof Core]: Core[name] })[name] = part;
    return part;
  }
}
