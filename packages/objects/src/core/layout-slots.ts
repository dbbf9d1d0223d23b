/**
 * Slots that follow from a layout program: a type that says where its references lie need not say how to visit and to
 * release them. And a guard around what users write: their exceptions are reported, the heap goes on.
 */
import { type Address, hex, layoutCodes, PyrenaError } from "@pyrena/abi";
import { type TypeSlots, type TypeSpec, typeFlags, type Visit } from "../api/types.ts";
import type { Core } from "./core.ts";

/** A pointer to a buffer of references, and what counts them. */
interface Buffer {
  readonly pointer: number;
  readonly count: number;
}

/** One operation of a layout program, decoded. */
type Step =
  | { readonly kind: "words"; readonly offset: number; readonly count: number }
  | { readonly kind: "inlineVar"; readonly offset: number; readonly count: number }
  | { readonly kind: "buffer"; readonly buffer: Buffer };

function decode(program: readonly number[]): Step[] {
  const steps: Step[] = [];
  for (let n = 0; n < program.length; n += 3) {
    const [code, first, second] = program.slice(n, n + 3);
    if (code === layoutCodes.end) break;
    if (second === undefined || code === layoutCodes.custom) {
      throw new PyrenaError(
        "bad-argument",
        "a layout program of words, inlineVar and buffer operations is needed where traverse and dealloc are left out",
      );
    }
    if (code === layoutCodes.buffer) {
      steps.push({ kind: "buffer", buffer: { pointer: first, count: second } });
    } else {
      const kind = code === layoutCodes.words ? "words" : "inlineVar";
      steps.push({ kind, offset: first, count: second });
    }
  }
  return steps;
}

/**
 * Complete the slots of a type: what is left out of `dealloc`, `traverse` and `clear` follows from its layout program;
 * what is given is guarded. Buffers are blocks of the MEM domain.
 * @throws PyrenaError `bad-argument` if it cannot be done
 */
export function completeSlots(core: Core, spec: TypeSpec, typeOf: () => Address): TypeSlots {
  const { slots } = spec;
  const program = spec.layout ?? [];
  const byLayout =
    slots.dealloc === undefined || slots.traverse === undefined
      ? layoutSlots(core, spec, decode(program), typeOf)
      : undefined;
  const given = slots.dealloc;
  const { clear, finalize, legacyFinalize } = slots;
  const describe = (object: Address): string => `${spec.name} at ${hex(object)}`;
  /** Run a user's function for an object: an exception pending before is pending after it. */
  const guarded = (what: string, run: (object: Address) => void, object: Address): void => {
    const pending = core.errors.fetch();
    try {
      run(object);
    } catch (thrown) {
      core.errors.fromJs(thrown);
    }
    if (core.errors.occurred() !== 0) core.errors.writeUnraisable(`${what} of ${describe(object)}`);
    core.errors.restore(pending);
  };
  const completed: TypeSlots = {
    ...byLayout,
    ...slots,
    dealloc:
      given === undefined
        ? (byLayout as TypeSlots).dealloc
        : (object) => guarded("dealloc", given, object),
    ...(clear === undefined ? {} : { clear: (object: Address) => guarded("clear", clear, object) }),
    ...(finalize === undefined
      ? {}
      : { finalize: (object: Address) => guarded("finalizer", finalize, object) }),
    ...(legacyFinalize === undefined
      ? {}
      : { legacyFinalize: (object: Address) => guarded("finalizer", legacyFinalize, object) }),
  };
  return completed;
}

function layoutSlots(
  core: Core,
  spec: TypeSpec,
  steps: readonly Step[],
  typeOf: () => Address,
): Omit<TypeSlots, "name"> {
  const { memory, alloc, refs, word } = core;
  const collectable = (spec.flags & typeFlags.hasGc) !== 0;
  const weaklist = spec.weaklistoffset ?? 0;
  const dict = spec.dictoffset ?? 0;
  /** Whether the program names the dict's word, too. */
  const dictInProgram = steps.some(
    (step) =>
      step.kind === "words" && dict >= step.offset && dict < step.offset + step.count * word,
  );
  const hasFinalizer = spec.slots.finalize !== undefined;
  const u = (address: Address): number => memory.u32[address >>> 2];

  function eachWord(object: Address, visit: (word: Address) => void): void {
    for (const step of steps) {
      const isBuffer = step.kind === "buffer";
      const first = isBuffer ? u(object + step.buffer.pointer) : object + step.offset;
      const count =
        step.kind === "words"
          ? step.count
          : u(object + (isBuffer ? step.buffer.count : step.count));
      if (first === 0) continue;
      if (step.kind === "words") for (let n = 0; n < count; n++) visit(first + n * word);
      else for (let n = count - 1; n >= 0; n--) visit(first + n * word);
    }
    if (dict !== 0 && !dictInProgram) visit(object + dict);
  }

  const traverse = (object: Address, visit: Visit): void =>
    eachWord(object, (at) => {
      if (u(at) !== 0) visit(u(at));
    });

  const clear = (object: Address): void =>
    eachWord(object, (at) => {
      const referent = u(at);
      if (referent === 0) return;
      memory.u32[at >>> 2] = 0;
      refs.decref(referent);
    });

  return {
    traverse,
    clear,
    dealloc: (object) => {
      // Instances of classes that derive from this type have been through trashcan, finalizer and weak references.
      const exact = core.types.typeOf(object) === typeOf();
      if (collectable) {
        alloc.untrack(object);
        if (exact && refs.trashcanBegin(object)) return;
      }
      if ((!exact || !hasFinalizer || !revived(object)) && !revivedByLegacy(object)) {
        if (weaklist !== 0 && u(object + weaklist) !== 0) core.weakrefs.clearAll(object);
        clear(object);
        for (const step of steps) {
          if (step.kind === "buffer" && u(object + step.buffer.pointer) !== 0) {
            core.mem.free(u(object + step.buffer.pointer));
          }
        }
        alloc.free(object);
      }
      if (collectable && exact) refs.trashcanEnd();
    },
    ownership: {
      buffers: (object, visit) => {
        for (const step of steps) {
          if (step.kind !== "buffer") continue;
          if (u(object + step.buffer.pointer) !== 0) visit(u(object + step.buffer.pointer));
        }
      },
    },
  };

  /** Whether the finalizer of the old kind has made the object live on. It is called each time, unlike the other. */
  function revivedByLegacy(object: Address): boolean {
    const { legacyFinalize } = core.types.slotsOf(object);
    if (legacyFinalize === undefined) return false;
    if (collectable) alloc.track(object);
    memory.u32[object >>> 2] = 1;
    legacyFinalize(object);
    const count = u(object) - 1;
    memory.u32[object >>> 2] = count;
    if (collectable && count === 0) alloc.untrack(object);
    return count !== 0;
  }

  /** Whether the finalizer has made the object live on; it is tracked while the finalizer runs. */
  function revived(object: Address): boolean {
    if (collectable) alloc.track(object);
    if (core.classes.finalizeFromDealloc(object)) return true;
    if (collectable) alloc.untrack(object);
    return false;
  }
}
