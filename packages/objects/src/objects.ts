/**
 * The objects of one heap, assembled from the bottom: reading this function is reading the layers.
 *
 *     state, static data          core/state.ts  core/allocation.ts
 *     counts, types, errors       core/refcount.ts  core/types.ts  core/errors.ts
 *     values                      types/constants.ts  int.ts  float.ts  complex.ts  str.ts  bytes.ts  bytearray.ts
 *     containers                  types/tuple.ts  list.ts  dict.ts  set.ts  slice.ts  range.ts
 *     weak references, functions  types/weakref.ts  function.ts  cell.ts  method.ts  module.ts  capsule.ts  js-value.ts
 *     classes, exceptions, frames types/class.ts …  frames/…
 *     copy, inspection            copying/copying.ts  inspect/…
 */
import { type DomainApi, type Heap, PyrenaError } from "@pyrena/abi";
import { makeCollection } from "./collection/collection.ts";
import { makeCopying } from "./copying/copying.ts";
import { makeAllocation } from "./core/allocation.ts";
import { addChecks } from "./core/checks.ts";
import { Core } from "./core/core.ts";
import { makeErrors } from "./core/errors.ts";
import { makeGraph } from "./core/graph.ts";
import type { ObjectsOptions } from "./core/options.ts";
import { makeProtocol } from "./core/protocol.ts";
import { makeRefs } from "./core/refcount.ts";
import { OBJECTS_TAG, OBJECTS_VERSION, stateLayout } from "./core/state.ts";
import { checkState } from "./core/state-check.ts";
import { trackingOnly } from "./core/tracking.ts";
import { makeTypes } from "./core/types.ts";
import { objectFacts } from "./facts.ts";
import { makeFrames } from "./frames/frames.ts";
import { makeInspect } from "./inspect/inspect.ts";
import { makeByteArray } from "./types/bytearray.ts";
import { makeBytes } from "./types/bytes.ts";
import { makeCapsules } from "./types/capsule.ts";
import { makeCells } from "./types/cell.ts";
import { makeClasses } from "./types/class.ts";
import { makeComplex } from "./types/complex.ts";
import { makeConstants } from "./types/constants.ts";
import { makeDict } from "./types/dict.ts";
import { makeExceptions } from "./types/exception.ts";
import { makeFloat } from "./types/float.ts";
import { makeFunctions } from "./types/function.ts";
import { makeInt } from "./types/int.ts";
import { makeJsValues } from "./types/js-value.ts";
import { makeList } from "./types/list.ts";
import { makeModules } from "./types/module.ts";
import { makeObjectType } from "./types/object.ts";
import { makeRange } from "./types/range.ts";
import { makeSet } from "./types/set.ts";
import { makeSlice } from "./types/slice.ts";
import { makeStr } from "./types/str.ts";
import { makeTuple } from "./types/tuple.ts";
import { makeWeakrefs } from "./types/weakref.ts";

/** The objects of one heap: the low-level API, on addresses. */
export type Objects = Core;

/**
 * Make the objects layer of a heap: static types, singletons, caches.
 * @throws PyrenaError `memory-limit` if there is no room (the heap then has no objects), `unknown-profile` before 3.11,
 *   `bad-argument` if the heap has objects already
 */
export function createObjects(heap: Heap, options: ObjectsOptions): Objects {
  if (heap.layers().some((layer) => layer.tag === OBJECTS_TAG)) {
    throw new PyrenaError(
      "bad-argument",
      "the heap has objects already: open them with attachObjects",
    );
  }
  const { at, bytes } = stateLayout(heap.abi);
  objectFacts(heap.profile);
  const { raw } = options.domains;
  const state = raw.calloc(1, bytes);
  if (state === 0) {
    throw new PyrenaError("memory-limit", `no room for the objects' state (${bytes} bytes)`, {
      size: bytes,
    });
  }
  heap.memory.u32[(state + at.hash_seed) >>> 2] = options.hashSeed ?? 0;
  try {
    heap.register(OBJECTS_TAG, state, bytes, OBJECTS_VERSION);
    return assemble(heap, options, state, true);
  } catch (error) {
    abandon(heap, raw, state);
    throw error;
  }
}

/**
 * Give back the state and all static data of objects that could not be made. Not the few small blocks of the other
 * domains that parts had taken by then: to know those, the domains would have to be wrapped while objects are made,
 * and a domain whose struct was ever replaced is slower for good (an int costs twice as much): engines no longer take
 * its functions for constants.
 */
function abandon(heap: Heap, raw: DomainApi, state: number): void {
  heap.unregister(OBJECTS_TAG, state);
  const { at } = stateLayout(heap.abi);
  const field = (offset: number): number => heap.memory.u32[(state + offset) >>> 2];
  let chunk = field(at.static_chunk);
  while (chunk !== 0) {
    const before = heap.memory.u32[chunk >>> 2];
    raw.free(chunk);
    chunk = before;
  }
  raw.free(field(at.type_table));
  raw.free(state);
}

/**
 * Open the objects of a heap that has them: after a restore, or where another part of the program made them.
 * @throws PyrenaError `not-a-heap`, `heap-version`
 */
export function attachObjects(heap: Heap, options: ObjectsOptions): Objects {
  return assemble(heap, options, heap.layer(OBJECTS_TAG, OBJECTS_VERSION).address, false);
}

function assemble(heap: Heap, options: ObjectsOptions, state: number, fresh: boolean): Objects {
  const word = heap.abi.pointerBytes;
  const { raw, mem, obj } = options.domains;
  const core = new Core({
    options,
    heap,
    memory: heap.memory,
    profile: heap.profile,
    facts: objectFacts(heap.profile),
    wide: word === 8,
    word,
    wordShift: word === 8 ? 3 : 2,
    raw,
    mem,
    obj,
    state,
    at: stateLayout(heap.abi).at,
    fresh,
    hashHigh: 0,
    onUnraisable: options.onUnraisable ?? reportToConsole,
    debug: options.debug ?? false,
  });
  if (!fresh) checkState(core);
  const allocation = makeAllocation(core);
  core.add("alloc", allocation);
  const refs = makeRefs(core);
  core.add("refs", refs);
  core.add("errors", makeErrors(core));
  core.add("types", makeTypes(core, refs));
  core.add("protocol", makeProtocol(core));
  const graph = makeGraph(core);
  const collector = options.collector ?? trackingOnly(state + core.at.tracked);
  const collection = makeCollection(core, allocation, graph, collector);
  core.add("gc", collection.api);
  makeObjectType(core);
  core.add("constants", makeConstants(core));
  core.add("int", makeInt(core));
  core.add("float", makeFloat(core));
  core.add("complex", makeComplex(core));
  core.add("tuple", makeTuple(core));
  core.add("bytes", makeBytes(core));
  core.add("str", makeStr(core));
  core.add("bytearray", makeByteArray(core));
  core.add("list", makeList(core));
  core.add("slice", makeSlice(core));
  core.add("range", makeRange(core));
  core.add("dict", makeDict(core));
  core.add("set", makeSet(core));
  core.add("jsValues", makeJsValues(core));
  core.add("weakrefs", makeWeakrefs(core));
  core.add("cells", makeCells(core));
  core.add("functions", makeFunctions(core));
  core.add("modules", makeModules(core));
  core.add("capsules", makeCapsules(core));
  core.add("classes", makeClasses(core));
  core.add("exceptions", makeExceptions(core));
  core.add("frames", makeFrames(core));
  core.add("copying", makeCopying(core));
  core.add("inspect", makeInspect(core));
  collection.complete();
  if (core.debug) addChecks(core);
  return core;
}

function reportToConsole({ error, where }: { error: string; where: string }): void {
  console.error(`Exception ignored in ${where}: ${error}`);
}
