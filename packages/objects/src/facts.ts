/**
 * What distinguishes the objects of one CPython version from another's, as data. Code that behaves by version asks
 * these facts, never the version number. Sources: CPython 3.11 to 3.15, asked (see `test/fixtures`).
 */
import { type Profile, PyrenaError } from "@pyrena/abi";

/** How reference counts tell immortal objects from others. All values are of the low 32 bits. */
export interface RefcountFacts {
  /** Incref does nothing for counts from here on. */
  readonly increfLimit: number;
  /** Decref does nothing for counts from here on: the object is immortal. */
  readonly decrefLimit: number;
  /** Count of an immortal object made at run time. */
  readonly immortal: number;
  /** Count of an immortal object that is part of the interpreter. */
  readonly staticImmortal: number;
}

/** Object facts of one profile. */
export interface ObjectFacts {
  readonly refcount: RefcountFacts;
  /** Whether there are immortal objects at all (PEP 683: 3.12 and later). */
  readonly hasImmortals: boolean;
  /** Whether interning makes a string immortal: only 3.12.0 to 3.12.4, which lp64's profile describes, not ilp32's (3.12.7). */
  readonly internsForever: boolean;
  /** Whether `hash(None)` is a constant (3.12 and later), not made of its address. */
  readonly noneHashesConstant: boolean;
  /** How str and bytes are hashed: SipHash-1-3, or FNV as the 32-bit builds of Pyodide do. */
  readonly bytesHash: "siphash13" | "fnv";
  /** Unicode version of the interpreter's tables: what `repr` takes for printable. */
  readonly unicode: number;
  /** Whether a bytearray's buffer is a bytes object (3.15). */
  readonly bytearrayHoldsBytes: boolean;
  /** Dead complex numbers kept for reuse (3.15: 100). */
  readonly keptComplexes: number;
  /** Where an int keeps its sign: in `ob_size` (3.11), or in the low bits of `lv_tag`. */
  readonly intSign: "size" | "tag";
  /** Bit of `lv_tag` that marks the cached small ints; 0 where there is none. */
  readonly smallIntBit: number;
  /** Whether str headers have the `wstr` pointer (3.11). */
  readonly hasWstr: boolean;
  /** Whether tuples of the greatest length that is kept are ever taken back: 3.11 (and 3.12.1) only keeps them. */
  readonly reusesLongestTuples: boolean;
  /** Whether a copy that begins as an empty dict is a new object rather than one that was kept (3.15). */
  readonly copiesDictsAnew: boolean;
  /** Whether a tuple caches its hash (3.14 and later). */
  readonly tupleCachesHash: boolean;
  /** Where instances keep attributes: a values pointer (3.11), a tagged pointer (3.12), inline (3.13 and later). */
  readonly attributes: "values" | "tagged" | "inline";
  /** Whether classes keep the weak reference list before the object (3.12 and later) or after its fields. */
  readonly managedWeakrefs: boolean;
  /** Whether `sys._debugmallocstats()` has a line on kept keys objects (3.13 and later). */
  readonly printsKeptKeys: boolean;
  /** Whether its lines count PyGC_Head into the size of an object (3.15). */
  readonly printsSizesWithHead: boolean;
  /** Order in which a frame releases its locals. */
  readonly localsReleased: "first-to-last" | "last-to-first";
  /** Whether loading a local lends its reference instead of making one (3.14 and later). */
  readonly lendsLocals: boolean;
  /** Shape of `_PyInterpreterFrame`'s header (frames/layout.ts): 3.11; 3.12 and 3.13; 3.14 and later. */
  readonly frameHeader: "function-first" | "code-first" | "stack-pointer";
  /** Whether a frame keeps the dict that `locals()` gives, and brings it up to date (up to 3.12), or makes a new one. */
  readonly keepsLocalsDict: boolean;
  /** Pointers that frame objects have for `f_locals`: none, extra locals and cache (3.13), overwritten ones too (3.14). */
  readonly frameObjectLocals: 0 | 2 | 3;
  /** Whether `with` binds `__enter__` and `__exit__` to the manager (up to 3.13) or calls the functions with it. */
  readonly withBindsMethods: boolean;
  /** When `copy.deepcopy` makes the int of the id: after the memo (3.11, 3.12), before (3.13), only for non-atoms (3.14). */
  readonly deepcopyId: "after-memo" | "before-memo" | "not-of-atoms";
  /** Whether calls of C functions that make objects count towards the recursion limit as well (3.11). */
  readonly countsCalls: boolean;
  /** Whether a list comprehension has a frame of its own (3.11). */
  readonly comprehensionsHaveFrames: boolean;
  /** Whether `copy` hands reduced arguments on as a generator, which has a frame (up to 3.14), or as a list. */
  readonly copyUsesGenerator: boolean;
  /** Whether even a single weakref callback is held in a tuple while it runs (3.13 and later). */
  readonly weakrefCallbacksAlwaysInTuple: boolean;
  /** Whether a proxy's repr is worded as a ref's (3.13 and later). */
  readonly proxyReprAsRef: boolean;
  /** Whether ImportError has `name_from` (3.12 and later). */
  readonly importErrorHasNameFrom: boolean;
  /** Whether SyntaxError has `_metadata` (3.14 and later). */
  readonly syntaxErrorHasMetadata: boolean;
  /** Whether there is PythonFinalizationError (3.13 and later). */
  readonly hasFinalizationError: boolean;
  /**
   * How deep deallocations nest before containers are put aside, and down to which depth before they are taken up
   * again. 3.13 on lp64 counts down from 10 000; elsewhere from 3.13 on it is the C stack that decides, and Pyrena needs
   * none: nothing is put aside.
   */
  readonly trashcan: { readonly depth: number; readonly resumeDepth: number };
  /** Whether a dict's new size is rounded up too far for small counts (3.11 to 3.13). */
  readonly overRoundsDicts: boolean;
  /** Which `__slots__` subclasses of types with items may have: none (up to 3.14), or `__dict__` and `__weakref__`. */
  readonly varSizedSlots: "none" | "special";
  /** Domain that a bytearray's buffer comes from, where it is a plain block (up to 3.14). */
  readonly bytearrayDomain: "obj" | "mem";
  /** Domain that keys objects of dicts come from. */
  readonly dictKeysDomain: "obj" | "mem";
  /** Whether dicts are tracked from creation (3.14 and later) or by what they hold. */
  readonly tracksDictsAtOnce: boolean;
  /** Whether a full collection gives back the dead slice that is kept for reuse, as it does with all else (3.14). */
  readonly clearsSlices: boolean;
  /** Whether `frozenset(items)` of untrackable items is not tracked (3.15). */
  readonly tracksFrozensetsByContent: boolean;
  /** Whether a tuple made from an array of items is tracked only if one is of a collectable type (3.14 and later). */
  readonly tracksTuplesByContent: boolean;
  /** Whether slices can be hashed (3.12 and later). */
  readonly hashesSlices: boolean;
  /** Whether a range's length is computed with ints in between (3.11). */
  readonly rangeLengthInSteps: boolean;
  /** How many dead range objects are kept for reuse: 6 in 3.14 and later. */
  readonly keptRanges: number;
  /** Whether a list that `pop` makes empty keeps its items array by the rule for shrinking (3.11). */
  readonly popKeepsRoom: boolean;
  /** Whether `del l[i]` leaves a list's room as it is (3.13 and later), or follows the rule for shrinking. */
  readonly deleteKeepsRoom: boolean;
  /** Whether an empty list that is filled from a dict or set gets room as if appended to (3.13 and later). */
  readonly listsGrowForTables: boolean;
  /** Which classes keep attributes inline: none, those of plain objects (3.13), all of fixed size (3.14 and later). */
  readonly inlineValues: "none" | "plain" | "fixed-size";
  /** Whether a collector sees inline values through the dict made of them (3.15), or through their instance (3.13). */
  readonly dictsVisitInlineValues: boolean;
  /** Which AttributeErrors of setattr and delattr name the object: none, those that no values answer (3.13), all (3.15). */
  readonly storeErrors: "none" | "not-of-values" | "all";
  /** Whether a class body sets `__firstlineno__` and `__static_attributes__` (3.13 and later). */
  readonly classBodyLines: boolean;
  /** Whether callbacks and statistics of collections tell what was looked at, and how long it took (3.15). */
  readonly timesCollections: boolean;
  /** Whether `gc.set_threshold` has set the values before one that it refuses (up to 3.12). */
  readonly setsThresholdsAsRead: boolean;
  /** Whether all classes share the descriptors of `__dict__` and `__weakref__` (3.15). */
  readonly sharesClassDescriptors: boolean;
  /** Whether getsizeof counts a PyGC_Head for built-in types, which have none (3.11 and 3.12). */
  readonly countsHeadsOfStaticTypes: boolean;
  /** What PyTypeObject has beyond 3.11's: `tp_watched` (3.12), and one word more (3.15). */
  readonly typeExtraWords: 0 | 1 | 2;
  /** Words of PyHeapTypeObject after `_ht_tpname`: what the interpreter caches for classes. */
  readonly heapTypeCacheWords: number;
  /** Whether functions have type parameters (3.12 and later). */
  readonly functionTypeParams: boolean;
  /** Whether functions compute annotations on demand (3.14 and later). */
  readonly functionAnnotate: boolean;
  /** `tp_basicsize` of code objects, in bytes. */
  readonly codeBytes: number;
  /** Whether capsules are collectable (3.13 and later). */
  readonly capsulesCollectable: boolean;
  /** Whether modules have grown by six words (3.15). */
  readonly moduleExtraWords: 0 | 6;
}

const version = (profile: Profile): number => Number(profile.python.split(".")[1]);

/**
 * The facts of a profile.
 * @throws PyrenaError `unknown-profile` for versions before 3.11, whose objects are laid out differently
 */
export function objectFacts(profile: Profile): ObjectFacts {
  const minor = version(profile);
  if (!(minor >= 11 && minor <= 15)) {
    throw new PyrenaError(
      "unknown-profile",
      `objects are built for CPython 3.11 to 3.15, not for ${profile.name}: choose one of these profiles`,
    );
  }
  const wide = profile.abi.pointerBytes === 8;
  return Object.freeze({
    refcount: refcountFacts(minor, wide),
    hasImmortals: minor >= 12,
    internsForever: minor === 12 && wide,
    noneHashesConstant: minor >= 12,
    printsKeptKeys: minor >= 13,
    printsSizesWithHead: minor >= 15,
    bytesHash: wide ? "siphash13" : "fnv",
    unicode: [14, 15, 15.1, 16, 17][minor - 11],
    bytearrayHoldsBytes: minor >= 15,
    keptComplexes: minor >= 15 ? 100 : 0,
    intSign: minor === 11 ? "size" : "tag",
    smallIntBit: minor >= 14 ? 4 : 0,
    hasWstr: minor === 11,
    reusesLongestTuples: minor >= 12,
    copiesDictsAnew: minor >= 15,
    tupleCachesHash: minor >= 14,
    attributes: minor === 11 ? "values" : minor === 12 ? "tagged" : "inline",
    managedWeakrefs: minor >= 12,
    localsReleased: minor >= 14 ? "last-to-first" : "first-to-last",
    lendsLocals: minor >= 14,
    frameHeader: minor === 11 ? "function-first" : minor <= 13 ? "code-first" : "stack-pointer",
    keepsLocalsDict: minor <= 12,
    frameObjectLocals: minor <= 12 ? 0 : minor === 13 ? 2 : 3,
    withBindsMethods: minor <= 13,
    deepcopyId: minor <= 12 ? "after-memo" : minor === 13 ? "before-memo" : "not-of-atoms",
    countsCalls: minor === 11,
    comprehensionsHaveFrames: minor === 11,
    copyUsesGenerator: minor <= 14,
    weakrefCallbacksAlwaysInTuple: minor >= 13,
    proxyReprAsRef: minor >= 13,
    importErrorHasNameFrom: minor >= 12,
    syntaxErrorHasMetadata: minor >= 14,
    hasFinalizationError: minor >= 13,
    trashcan: trashcanFacts(minor, wide),
    overRoundsDicts: minor <= 13,
    varSizedSlots: minor >= 15 ? "special" : "none",
    bytearrayDomain: minor >= 13 ? "mem" : "obj",
    dictKeysDomain: minor >= 13 ? "mem" : "obj",
    tracksDictsAtOnce: minor >= 14,
    clearsSlices: minor >= 14,
    tracksFrozensetsByContent: minor >= 15,
    tracksTuplesByContent: minor >= 14,
    hashesSlices: minor >= 12,
    rangeLengthInSteps: minor === 11,
    keptRanges: minor >= 14 ? 6 : 0,
    popKeepsRoom: minor === 11,
    deleteKeepsRoom: minor >= 13,
    listsGrowForTables: minor >= 13,
    inlineValues: minor <= 12 ? "none" : minor === 13 ? "plain" : "fixed-size",
    dictsVisitInlineValues: minor >= 15,
    storeErrors: minor <= 12 ? "none" : minor <= 14 ? "not-of-values" : "all",
    classBodyLines: minor >= 13,
    timesCollections: minor >= 15,
    setsThresholdsAsRead: minor <= 12,
    sharesClassDescriptors: minor >= 15,
    countsHeadsOfStaticTypes: minor <= 12,
    typeExtraWords: minor === 11 ? 0 : minor <= 14 ? 1 : 2,
    heapTypeCacheWords: minor <= 14 ? minor - 10 : 4,
    functionTypeParams: minor >= 12,
    functionAnnotate: minor >= 14,
    codeBytes: codeBytes(minor, wide),
    capsulesCollectable: minor >= 13,
    moduleExtraWords: minor >= 15 ? 6 : 0,
  });
}

function codeBytes(minor: number, wide: boolean): number {
  if (minor === 11) return wide ? 184 : 116;
  if (minor === 12) return wide ? 192 : 124;
  if (minor === 13) return wide ? 200 : 124;
  return wide ? 208 : 128;
}

function refcountFacts(minor: number, wide: boolean): RefcountFacts {
  if (minor === 11) {
    return {
      increfLimit: 0xffffffff,
      decrefLimit: 0xffffffff,
      immortal: 1,
      staticImmortal: 999999999,
    };
  }
  if (minor <= 13) {
    return wide
      ? {
          increfLimit: 0xffffffff,
          decrefLimit: 0x80000000,
          immortal: 0xffffffff,
          staticImmortal: 0xffffffff,
        }
      : {
          increfLimit: 0x3fffffff,
          decrefLimit: 0x3fffffff,
          immortal: 0x3fffffff,
          staticImmortal: 0x3fffffff,
        };
  }
  return wide
    ? {
        increfLimit: 0xc0000000,
        decrefLimit: 0x80000000,
        immortal: 0xc0000000,
        staticImmortal: 0xc0000000,
      }
    : {
        increfLimit: 0x40000000,
        decrefLimit: 0x40000000,
        immortal: 0x50000000,
        staticImmortal: 0x70000000,
      };
}

function trashcanFacts(minor: number, wide: boolean): ObjectFacts["trashcan"] {
  if (minor <= 12) return { depth: 50, resumeDepth: 0 };
  if (minor === 13 && wide) return { depth: 9948, resumeDepth: 9897 };
  return { depth: Number.POSITIVE_INFINITY, resumeDepth: Number.POSITIVE_INFINITY };
}
