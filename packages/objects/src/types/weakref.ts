/**
 * Weak references (`Objects/weakrefobject.c`): ref, proxy and callable proxy, one structure.
 *
 *     0   count, type
 *     2W  wr_object     the referent, not owned; None once it is dead
 *     3W  wr_callback   owned, or NULL
 *     4W  hash          of the referent, -1 until asked for
 *     5W  wr_prev       neighbours in the referent's list
 *     6W  wr_next
 *     7W  vectorcall
 *
 * The list's head lies in the referent. Its order (W1): first the ref without callback, then the proxy without
 * callback, at most one of each, because they are shared; then all others, newest first.
 */
import {
  type Address,
  defineStruct,
  hex,
  layoutCodes,
  layoutOf,
  type StructDefinition,
} from "@pyrena/abi";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { WeakrefsApi } from "../api/weakrefs.ts";
import type { Core } from "../core/core.ts";
import { NOT_IMPLEMENTED } from "../core/protocol.ts";

/** `PyWeakReference`. */
export const weakrefStruct: StructDefinition<
  | "ob_refcnt"
  | "ob_type"
  | "wr_object"
  | "wr_callback"
  | "hash"
  | "wr_prev"
  | "wr_next"
  | "vectorcall"
> = defineStruct("PyWeakReference", {
  ob_refcnt: "size",
  ob_type: "ptr",
  wr_object: { type: "ptr", help: "referent, borrowed; None once dead" },
  wr_callback: { type: "ptr", help: "owned, or NULL" },
  hash: { type: "size", help: "of the referent; -1: not asked for yet" },
  wr_prev: { type: "ptr", help: "before it in the referent's list" },
  wr_next: { type: "ptr", help: "after it" },
  vectorcall: "ptr",
});

const GONE = "the weakly referenced object is dead";

export function makeWeakrefs(core: Core): WeakrefsApi {
  const { memory, alloc, types, refs, errors, protocol, profile, facts, word, wide } = core;
  const { bytes: BYTES, at } = layoutOf(weakrefStruct, profile.abi);
  const GC_HEAD = profile.headers.gcHead;
  const OBJECT = at.wr_object;
  const CALLBACK = at.wr_callback;
  const HASH = at.hash;
  const PREV = at.wr_prev;
  const NEXT = at.wr_next;
  const TYPE = word;
  // Made with the heap: asking for it needs no memory later.
  const CALL = core.str.name("__call__");

  /** Address of the word that holds the head of an object's list; NULL if its type cannot be weakly referenced. */
  function headOf(object: Address): Address {
    const offset = types.weaklistOffset(memory.u32[(object + TYPE) >>> 2]);
    return offset === 0 ? 0 : object + offset;
  }

  /** Borrowed; NULL if it is dead, or dying: its count is 0 then. */
  function referent(ref: Address): Address {
    const u32 = memory.u32;
    const object = u32[(ref + OBJECT) >>> 2];
    return object === core.constants.none || u32[object >>> 2] === 0 ? 0 : object;
  }

  /** Take it out of its referent's list, if it is in one. The callback stays. */
  function unlink(ref: Address): void {
    const u32 = memory.u32;
    const object = u32[(ref + OBJECT) >>> 2];
    if (object === core.constants.none) return;
    const prev = u32[(ref + PREV) >>> 2];
    const next = u32[(ref + NEXT) >>> 2];
    if (prev !== 0) u32[(prev + NEXT) >>> 2] = next;
    else u32[headOf(object) >>> 2] = next;
    if (next !== 0) u32[(next + PREV) >>> 2] = prev;
    u32[(ref + PREV) >>> 2] = 0;
    u32[(ref + NEXT) >>> 2] = 0;
    u32[(ref + OBJECT) >>> 2] = core.constants.none;
  }

  /** The callback, whose reference passes to the caller; or NULL. */
  function takeCallback(ref: Address): Address {
    const callback = memory.u32[(ref + CALLBACK) >>> 2];
    memory.u32[(ref + CALLBACK) >>> 2] = 0;
    return callback;
  }

  function clearWithCallback(ref: Address): void {
    unlink(ref);
    refs.xdecref(takeCallback(ref));
  }

  const slotsOfKind = (name: string, own: Partial<TypeSlots>): TypeSlots => ({
    name,
    dealloc: (ref) => {
      alloc.untrack(ref);
      clearWithCallback(ref);
      alloc.freeGcObject(ref, types.preBytes(types.typeOf(ref)));
    },
    traverse: (ref, visit) => {
      const callback = memory.u32[(ref + CALLBACK) >>> 2];
      if (callback !== 0) visit(callback);
    },
    clear: clearWithCallback,
    ...own,
  });
  const layout = [layoutCodes.words, CALLBACK, 1];
  const define = (name: string, flags: number, own: Partial<TypeSlots>): Address =>
    types.define({
      name,
      basicsize: BYTES,
      flags: flags | typeFlags.hasGc,
      slots: slotsOfKind(name, own),
      layout,
    });

  const refType = define("ReferenceType", typeFlags.baseType, {
    hash: (ref) => {
      const stored = memory.i32[(ref + HASH) >>> 2];
      const high = wide ? memory.i32[(ref + HASH + 4) >>> 2] : stored >> 31;
      if (stored !== -1 || high !== -1) {
        core.hashHigh = wide ? high : 0;
        return stored;
      }
      const object = referent(ref);
      if (object === 0) {
        errors.raise("TypeError", `no hash: ${GONE}`);
        core.hashHigh = -1;
        return -1;
      }
      refs.incref(object);
      const hash = protocol.hash(object);
      const hashHigh = core.hashHigh;
      refs.decref(object);
      memory.i32[(ref + HASH) >>> 2] = hash;
      if (wide) memory.i32[(ref + HASH + 4) >>> 2] = hashHigh;
      core.hashHigh = hashHigh;
      return hash;
    },
    equal: (a, b) => {
      if (!check(b)) return NOT_IMPLEMENTED;
      const first = referent(a);
      const second = referent(b);
      if (first === 0 || second === 0) return a === b ? 1 : 0;
      refs.incref(first);
      refs.incref(second);
      const result = protocol.equal(first, second);
      refs.decref(first);
      refs.decref(second);
      return result;
    },
    repr: (ref) => describe("weakref", ref),
    call: (ref) => get(ref),
    getAttribute: (ref, name) => {
      if (name !== "__callback__") return 0;
      const callback = memory.u32[(ref + CALLBACK) >>> 2];
      return refs.newRef(callback === 0 ? core.constants.none : callback);
    },
    create: (cls, args) => {
      if (args.length === 1 || args.length === 2) return newRef(cls, args[0], orNull(args[1]));
      return errors.raise(
        "TypeError",
        `a weak reference is made of 1 or 2 arguments, not ${args.length}`,
      );
    },
  });

  /** Do something with a proxy's living referent, which is held meanwhile; a dead one raises ReferenceError. */
  function through<Result>(
    proxy: Address,
    failed: Result,
    action: (object: Address) => Result,
  ): Result {
    const object = referent(proxy);
    if (object === 0) {
      errors.raise("ReferenceError", GONE);
      return failed;
    }
    refs.incref(object);
    const result = action(object);
    refs.decref(object);
    return result;
  }

  /** What stands behind a proxy, or the object itself. */
  const behind = (object: Address): Address => (isProxy(object) ? referent(object) : object);

  function compareThrough(a: Address, b: Address, compare: (a: Address, b: Address) => number) {
    return through(a, -1, (first) => {
      const second = behind(b);
      if (second === 0) {
        errors.raise("ReferenceError", GONE);
        return -1;
      }
      refs.incref(second);
      const result = compare(first, second);
      refs.decref(second);
      return result;
    });
  }

  const proxySlots: Partial<TypeSlots> = {
    // `equal` without `hash`: proxies cannot be hashed.
    equal: (a, b) => compareThrough(a, b, protocol.equal),
    less: (a, b) => compareThrough(a, b, protocol.less),
    length: (proxy) => through(proxy, -1, protocol.length),
    repr: (proxy) => describe("weakproxy", proxy),
    getAttribute: (proxy, name) =>
      through(proxy, 0, (object) => protocol.getAttribute(object, name)),
    setAttribute: (proxy, name, value) =>
      through(proxy, -1, (object) =>
        value === 0
          ? protocol.deleteAttribute(object, name)
          : protocol.setAttribute(object, name, value),
      ),
  };
  const proxyType = define("ProxyType", 0, proxySlots);
  const callableProxyType = define("CallableProxyType", 0, {
    ...proxySlots,
    call: (proxy, args) => through(proxy, 0, (object) => protocol.call(object, args)),
  });

  function isProxy(object: Address): boolean {
    const type = memory.u32[(object + TYPE) >>> 2];
    return type === proxyType || type === callableProxyType;
  }

  function check(object: Address): boolean {
    return isProxy(object) || types.isInstance(object, refType);
  }

  function describe(kind: string, ref: Address): string {
    const object = referent(ref);
    const start = `<${kind} at ${hex(ref)}`;
    if (kind === "weakproxy" && !facts.proxyReprAsRef) {
      const type = types.name(types.typeOf(object === 0 ? core.constants.none : object));
      return `${start} to ${type} at ${hex(object === 0 ? core.constants.none : object)}>`;
    }
    if (object === 0) return `${start}; dead>`;
    return `${start}; to '${types.name(types.typeOf(object))}' at ${hex(object)}>`;
  }

  /** A weak reference to an object that no list knows yet. Borrowed callback, or NULL. */
  function create(type: Address, object: Address, callback: Address): Address {
    const isClass = (types.flags(type) & typeFlags.heapType) !== 0;
    const ref = isClass ? core.classes.allocate(type, 0) : alloc.gcObject(type, BYTES, GC_HEAD);
    if (ref === 0) return 0;
    const u32 = memory.u32;
    u32.fill(0, (ref + OBJECT) >>> 2, (ref + BYTES) >>> 2);
    u32[(ref + OBJECT) >>> 2] = object;
    u32[(ref + CALLBACK) >>> 2] = callback;
    u32[(ref + HASH) >>> 2] = 0xffffffff;
    if (wide) u32[(ref + HASH + 4) >>> 2] = 0xffffffff;
    refs.xincref(callback);
    return ref;
  }

  function insert(ref: Address, head: Address, prev: Address): void {
    const u32 = memory.u32;
    const link = prev === 0 ? head : prev + NEXT;
    const next = u32[link >>> 2];
    u32[(ref + PREV) >>> 2] = prev;
    u32[(ref + NEXT) >>> 2] = next;
    if (next !== 0) u32[(next + PREV) >>> 2] = ref;
    u32[link >>> 2] = ref;
    alloc.track(ref);
  }

  /** The shared ref at the head of a list, or NULL. */
  function basicRef(head: Address): Address {
    const u32 = memory.u32;
    const first = u32[head >>> 2];
    return first !== 0 &&
      u32[(first + CALLBACK) >>> 2] === 0 &&
      u32[(first + TYPE) >>> 2] === refType
      ? first
      : 0;
  }

  /** The shared proxy, first or second in a list, or NULL. */
  function basicProxy(head: Address): Address {
    const u32 = memory.u32;
    const ref = basicRef(head);
    const candidate = ref === 0 ? u32[head >>> 2] : u32[(ref + NEXT) >>> 2];
    return candidate !== 0 && u32[(candidate + CALLBACK) >>> 2] === 0 && isProxy(candidate)
      ? candidate
      : 0;
  }

  function requireHead(object: Address): Address {
    const head = headOf(object);
    if (head === 0) {
      errors.raise(
        "TypeError",
        `'${types.name(types.typeOf(object))}' objects cannot be weakly referenced`,
      );
    }
    return head;
  }

  const orNull = (callback: Address | undefined): Address =>
    callback === undefined || callback === core.constants.none ? 0 : callback;

  function ref(object: Address, callback?: Address): Address {
    return newRef(refType, object, orNull(callback));
  }

  function newRef(type: Address, object: Address, callback: Address): Address {
    const head = requireHead(object);
    if (head === 0) return 0;
    if (type === refType && callback === 0) {
      const shared = basicRef(head);
      if (shared !== 0) return refs.newRef(shared);
    }
    const made = create(type, object, callback);
    if (made === 0) return 0;
    const shared = callback === 0 && type === refType;
    insert(made, head, shared ? 0 : basicProxy(head) || basicRef(head));
    return made;
  }

  function proxy(object: Address, callback?: Address): Address {
    const head = requireHead(object);
    if (head === 0) return 0;
    const wanted = orNull(callback);
    const shared = wanted === 0 ? basicProxy(head) : 0;
    if (shared !== 0) return refs.newRef(shared);
    const made = create(isCallable(object) ? callableProxyType : proxyType, object, wanted);
    if (made === 0) return 0;
    insert(made, head, wanted === 0 ? basicRef(head) : basicProxy(head) || basicRef(head));
    return made;
  }

  function isCallable(object: Address): boolean {
    const type = types.typeOf(object);
    if (types.slots(type).call === undefined) return false;
    if ((types.flags(type) & typeFlags.heapType) === 0) return true;
    return core.classes.lookup(type, CALL) !== 0;
  }

  function get(ref: Address): Address {
    const object = referent(ref);
    return refs.newRef(object === 0 ? core.constants.none : object);
  }

  function each(object: Address, visit: (ref: Address) => void): void {
    const head = headOf(object);
    if (head === 0) return;
    let next = 0;
    for (let ref = memory.u32[head >>> 2]; ref !== 0; ref = next) {
      next = memory.u32[(ref + NEXT) >>> 2];
      visit(ref);
    }
  }

  function count(object: Address): number {
    const head = headOf(object);
    let found = 0;
    if (head === 0) return 0;
    for (let ref = memory.u32[head >>> 2]; ref !== 0; ref = memory.u32[(ref + NEXT) >>> 2]) found++;
    return found;
  }

  /** Call a callback with its weak reference. Takes over nothing; what it raises is reported. */
  function callBack(ref: Address, callback: Address): void {
    const result = errors.guard(() => protocol.call(callback, [ref]));
    if (result === 0) errors.writeUnraisable(`weak reference callback ${protocol.repr(callback)}`);
    else refs.decref(result);
  }

  function clearAll(object: Address): void {
    const head = headOf(object);
    if (head === 0) return;
    // The shared ones come first: at most two.
    for (let n = 0; n < 2; n++) {
      const first = memory.u32[head >>> 2];
      if (first !== 0 && memory.u32[(first + CALLBACK) >>> 2] === 0) unlink(first);
    }
    const left = count(object);
    if (left === 0) return;
    const pending = errors.fetch();
    if (left === 1 && !facts.weakrefCallbacksAlwaysInTuple) clearLast(memory.u32[head >>> 2]);
    else clearMany(head, left);
    errors.restore(pending);
  }

  function clearLast(ref: Address): void {
    const callback = takeCallback(ref);
    unlink(ref);
    if (callback === 0) return;
    if (memory.u32[ref >>> 2] > 0) callBack(ref, callback);
    refs.decref(callback);
  }

  /**
   * All are cleared before the first callback runs. CPython holds them in a tuple meanwhile, and so does this: its
   * memory comes and goes with it.
   */
  function clearMany(head: Address, left: number): void {
    const held = core.tuple.create(2 * left);
    if (held === 0) {
      for (let ref = memory.u32[head >>> 2]; ref !== 0; ref = memory.u32[head >>> 2]) {
        clearWithCallback(ref);
      }
      errors.writeUnraisable("weak references of a dying object: their callbacks are not called");
      return;
    }
    let n = 0;
    for (let ref = memory.u32[head >>> 2]; ref !== 0; ref = memory.u32[head >>> 2]) {
      const callback = takeCallback(ref);
      unlink(ref);
      if (memory.u32[ref >>> 2] > 0) {
        core.tuple.setItem(held, 2 * n, refs.newRef(ref));
        if (callback !== 0) core.tuple.setItem(held, 2 * n + 1, callback);
        n++;
      } else refs.xdecref(callback);
    }
    alloc.track(held);
    for (let i = 0; i < n; i++) {
      const callback = core.tuple.getItem(held, 2 * i + 1);
      if (callback !== 0) callBack(core.tuple.getItem(held, 2 * i), callback);
    }
    refs.decref(held);
  }

  return {
    refType,
    proxyType,
    callableProxyType,
    ref,
    proxy,
    get,
    referent,
    isDead: (ref) => referent(ref) === 0,
    count,
    each,
    clearAll,
    clear: unlink,
    callback: (ref) => {
      const callback = memory.u32[(ref + CALLBACK) >>> 2];
      refs.xincref(callback);
      return callback;
    },
    check,
  };
}
