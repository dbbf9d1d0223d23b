/**
 * `copy.copy` and `copy.deepcopy` (`Lib/copy.py`).
 *
 * deepcopy's memo is a dict: the id of an object that has been copied, as an int, to its copy; and the id of the memo
 * itself to a list of the objects that were copied, which keeps them alive, since an id is theirs only that long.
 */
import type { Address } from "@pyrena/abi";
import type { CopyingApi } from "../api/copying.ts";
import type { Core } from "../core/core.ts";
import { makeReducer, type Recipe } from "./reduce.ts";

export function makeCopying(core: Core): CopyingApi {
  const { refs, types, errors, protocol, facts } = core;
  const { reduce, release, restore } = makeReducer(core);
  const { deepcopyId } = facts;
  // Made with the heap: asking for them needs no memory later.
  const COPY = core.str.name("__copy__");
  const DEEPCOPY = core.str.name("__deepcopy__");
  for (const name of ["append", "__setitem__"]) core.str.name(name);

  /** Types whose objects are their own copies, deep and shallow. */
  const atoms: ReadonlySet<Address> = new Set([
    types.typeOf(core.constants.none),
    types.typeOf(core.constants.ellipsis),
    types.typeOf(core.constants.notImplemented),
    core.int.type,
    core.int.boolType,
    core.float.type,
    core.complex.type,
    core.bytes.type,
    core.str.type,
    core.range.type,
    core.functions.type,
    core.functions.codeType,
    core.weakrefs.refType,
    core.jsValues.type,
    types.type,
  ]);

  /** Count a call of one of the copy module's functions while it runs. */
  function counted(body: () => Address): Address {
    if (!core.frames.enterCall()) return 0;
    const result = body();
    core.frames.leaveCall();
    return result;
  }

  /** CPython raises a KeyError here, and catches it: in 3.11 making it counts as a call. */
  function hasRoomForCall(): boolean {
    return !facts.countsCalls || counted(() => 1) !== 0;
  }

  function copy(object: Address): Address {
    return counted(() => {
      const type = types.typeOf(object);
      if (atoms.has(type) || type === core.tuple.type) return refs.newRef(object);
      if (type === core.set.frozenType || type === core.slice.type) return refs.newRef(object);
      if (type === core.list.type) return core.list.copy(object);
      if (type === core.dict.type) return core.dict.copy(object);
      if (type === core.set.type) return core.set.copy(object);
      if (type === core.bytearray.type) return core.bytearray.from(core.bytearray.value(object));
      if (types.isSubtype(type, types.type)) return refs.newRef(object);
      const copier = core.classes.lookup(type, COPY);
      if (copier !== 0) return core.classes.callMethod(copier, object, []);
      const target = behindProxy(object);
      const recipe = target === 0 ? undefined : reduce(target);
      if (target !== 0) refs.decref(target);
      if (recipe === undefined) return 0;
      if (recipe === "itself") return refs.newRef(object);
      const made = counted(() => reconstruct(object, recipe));
      release(recipe);
      return made;
    });
  }

  /** The object, or what a proxy stands for: new reference; NULL with ReferenceError pending. */
  function behindProxy(object: Address): Address {
    const { weakrefs } = core;
    const type = types.typeOf(object);
    if (type !== weakrefs.proxyType && type !== weakrefs.callableProxyType) {
      return refs.newRef(object);
    }
    const referent = weakrefs.referent(object);
    if (referent !== 0) return refs.newRef(referent);
    return errors.raise("ReferenceError", "the weakly referenced object is dead");
  }

  /** Made anew from a recipe; arguments, state and items as they are. */
  function reconstruct(object: Address, recipe: Recipe): Address {
    const made = recipe.make(recipe.args);
    if (made === 0) return 0;
    const done =
      (recipe.state === 0 || restore(made, recipe.state) === 0) &&
      addItems(object, made, recipe, refs.newRef);
    if (done) return made;
    refs.decref(made);
    return 0;
  }

  /** Give a new list or dict (of a class) its items, each as `transform` makes it of the old one: a new reference. */
  function addItems(
    object: Address,
    made: Address,
    recipe: Recipe,
    transform: (item: Address) => Address,
  ): boolean {
    if (recipe.items === "list") {
      for (let n = 0; n < core.list.length(object); n++) {
        const item = transform(core.list.getItem(object, n));
        const result = item === 0 ? -1 : append(made, item);
        refs.xdecref(item);
        if (result < 0) return false;
      }
    } else if (recipe.items === "dict") {
      return eachPair(object, (key, value) => {
        const newKey = transform(key);
        const newValue = newKey === 0 ? 0 : transform(value);
        const result = newValue === 0 ? -1 : setItem(made, newKey, newValue);
        refs.xdecref(newValue);
        refs.xdecref(newKey);
        return result;
      });
    }
    return true;
  }

  /** `made.append(item)`, which a class may have of its own. */
  function append(made: Address, item: Address): number {
    const result = core.classes.callSpecial(made, "append", [item]);
    if (result === -1) return core.list.append(made, item);
    refs.xdecref(result);
    return result === 0 ? -1 : 0;
  }

  /** `made[key] = value`, likewise. */
  function setItem(made: Address, key: Address, value: Address): number {
    const result = core.classes.callSpecial(made, "__setitem__", [key, value]);
    if (result === -1) return core.dict.setItem(made, key, value);
    refs.xdecref(result);
    return result === 0 ? -1 : 0;
  }

  /** For each item of a dict that must not change in size meanwhile; both are held during the call. */
  function eachPair(dict: Address, visit: (key: Address, value: Address) => number): boolean {
    const cursor = { position: 0, key: 0, value: 0 };
    const length = core.dict.length(dict);
    for (;;) {
      if (core.dict.length(dict) !== length) {
        errors.raise("RuntimeError", "a dict changed its size while it was copied");
        return false;
      }
      if (!core.dict.next(dict, cursor)) return true;
      const key = refs.newRef(cursor.key);
      const value = refs.newRef(cursor.value);
      const result = visit(key, value);
      refs.decref(key);
      refs.decref(value);
      if (result < 0) return false;
    }
  }

  function deepcopy(object: Address, memo: Address = 0): Address {
    if (!core.frames.enterCall()) return 0;
    const result = deepcopyEntered(object, memo);
    core.frames.leaveCall();
    return result;
  }

  function deepcopyEntered(object: Address, given: Address): Address {
    const isAtom = atoms.has(types.typeOf(object));
    if (isAtom && deepcopyId === "not-of-atoms") return refs.newRef(object);
    let memo = given;
    if (memo === 0 && deepcopyId === "after-memo") {
      memo = core.dict.create();
      if (memo === 0) return 0;
    }
    const id = core.int.from(object);
    if (id !== 0 && memo === 0) memo = core.dict.create();
    let made = 0;
    if (id !== 0 && memo !== 0) {
      const known = given === 0 ? 0 : core.dict.getItem(given, id);
      if (known !== 0) made = refs.newRef(known);
      else if (errors.occurred() === 0) {
        made = isAtom ? refs.newRef(object) : copyAndRemember(object, memo, id);
      }
    }
    // As the frame of CPython's function releases its locals.
    const ownMemo = given === 0 ? memo : 0;
    if (facts.localsReleased === "first-to-last") {
      refs.xdecref(ownMemo);
      refs.xdecref(id);
    } else {
      refs.xdecref(id);
      refs.xdecref(ownMemo);
    }
    return made;
  }

  function copyAndRemember(object: Address, memo: Address, id: Address): Address {
    const made = copyDeep(object, memo);
    if (made === 0 || made === object) return made;
    if (core.dict.setItem(memo, id, made) === 0 && keepAlive(object, memo)) return made;
    refs.decref(made);
    return 0;
  }

  /** Enter a copy in the memo under an int of its own: 0 or -1. */
  function remember(object: Address, memo: Address, made: Address): number {
    const id = core.int.from(object);
    if (id === 0) return -1;
    const result = core.dict.setItem(memo, id, made);
    refs.decref(id);
    return result;
  }

  function keepAlive(object: Address, memo: Address): boolean {
    return (
      counted(() => {
        const id = core.int.from(memo);
        if (id === 0) return 0;
        const list = core.dict.getItem(memo, id);
        let done = 0;
        if (list !== 0) done = core.list.append(list, object) === 0 ? 1 : 0;
        else if (errors.occurred() === 0 && hasRoomForCall()) {
          const made = core.list.pack([object]);
          done = made !== 0 && core.dict.setItem(memo, id, made) === 0 ? 1 : 0;
          refs.xdecref(made);
        }
        refs.decref(id);
        return done;
      }) !== 0
    );
  }

  function copyDeep(object: Address, memo: Address): Address {
    const type = types.typeOf(object);
    if (type === core.list.type) return counted(() => copyList(object, memo));
    if (type === core.tuple.type) return counted(() => copyTuple(object, memo));
    if (type === core.dict.type) return counted(() => copyDict(object, memo));
    if (type === core.functions.methodType) return counted(() => copyMethod(object, memo));
    if (types.isSubtype(type, types.type)) return refs.newRef(object);
    const target = behindProxy(object);
    if (target === 0) return 0;
    const made = copyByRecipe(object, target, memo);
    refs.decref(target);
    return made;
  }

  function copyByRecipe(object: Address, target: Address, memo: Address): Address {
    const copier = core.classes.findAttribute(target, DEEPCOPY);
    if (copier !== 0) {
      const made = protocol.call(copier, [memo]);
      refs.decref(copier);
      return made;
    }
    if (errors.occurred() !== 0) return 0;
    const recipe = reduce(target);
    if (recipe === undefined) return 0;
    if (recipe === "itself") return refs.newRef(object);
    const made = counted(() => reconstructDeep(object, target, memo, recipe));
    release(recipe);
    return made;
  }

  function copyList(list: Address, memo: Address): Address {
    const made = core.list.create(0);
    if (made === 0) return 0;
    if (remember(list, memo, made) === 0 && appendCopies(list, made, memo)) return made;
    refs.decref(made);
    return 0;
  }

  function appendCopies(list: Address, made: Address, memo: Address): boolean {
    for (let n = 0; n < core.list.length(list); n++) {
      const item = refs.newRef(core.list.getItem(list, n));
      const copied = deepcopy(item, memo);
      refs.decref(item);
      if (copied === 0) return false;
      const result = core.list.append(made, copied);
      refs.decref(copied);
      if (result < 0) return false;
    }
    return true;
  }

  /** A tuple whose items are their own copies is its own copy. */
  function copyTuple(tuple: Address, memo: Address): Address {
    const items = core.list.create(0);
    if (items === 0) return 0;
    const done = facts.comprehensionsHaveFrames
      ? counted(() => (fillFromTuple(tuple, items, memo) ? 1 : 0)) !== 0
      : fillFromTuple(tuple, items, memo);
    const made = done ? tupleOf(tuple, items, memo) : 0;
    refs.decref(items);
    return made;
  }

  function fillFromTuple(tuple: Address, items: Address, memo: Address): boolean {
    for (let n = 0; n < core.tuple.length(tuple); n++) {
      const copied = deepcopy(core.tuple.getItem(tuple, n), memo);
      if (copied === 0) return false;
      const result = core.list.append(items, copied);
      refs.decref(copied);
      if (result < 0) return false;
    }
    return true;
  }

  function tupleOf(tuple: Address, items: Address, memo: Address): Address {
    // An item that holds the tuple may have copied it meanwhile.
    const id = core.int.from(tuple);
    if (id === 0) return 0;
    const known = core.dict.getItem(memo, id);
    refs.decref(id);
    if (known !== 0) return refs.newRef(known);
    if (errors.occurred() !== 0) return 0;
    for (let n = 0; n < core.tuple.length(tuple); n++) {
      if (core.tuple.getItem(tuple, n) !== core.list.getItem(items, n))
        return core.tuple.from(items);
    }
    return refs.newRef(tuple);
  }

  function copyDict(dict: Address, memo: Address): Address {
    const made = core.dict.create();
    if (made === 0) return 0;
    const done =
      remember(dict, memo, made) === 0 &&
      eachPair(dict, (key, value) => {
        // `y[copy of key] = copy of value`: the value is computed first.
        const newValue = deepcopy(value, memo);
        const newKey = newValue === 0 ? 0 : deepcopy(key, memo);
        const result = newKey === 0 ? -1 : core.dict.setItem(made, newKey, newValue);
        refs.xdecref(newValue);
        refs.xdecref(newKey);
        return result;
      });
    if (done) return made;
    refs.decref(made);
    return 0;
  }

  function copyMethod(method: Address, memo: Address): Address {
    const self = deepcopy(core.functions.methodSelf(method), memo);
    if (self === 0) return 0;
    const made = core.functions.createMethod(core.functions.methodFunction(method), self);
    refs.decref(self);
    return made;
  }

  /** @param target the object, or what it stands for if it is a proxy */
  function reconstructDeep(
    object: Address,
    target: Address,
    memo: Address,
    recipe: Recipe,
  ): Address {
    const args: Address[] = [];
    const copyArguments = (): number => {
      // The first is the class, which is its own copy.
      if (counted(() => 1) === 0) return 0;
      for (const argument of recipe.args) {
        const copied = deepcopy(argument, memo);
        if (copied === 0) return 0;
        args.push(copied);
      }
      return 1;
    };
    const ready = facts.copyUsesGenerator ? counted(copyArguments) : copyArguments();
    const made = ready === 0 ? 0 : recipe.make(args);
    for (const argument of args) refs.decref(argument);
    if (made === 0) return 0;
    const done =
      remember(object, memo, made) === 0 &&
      restoreDeep(made, recipe.state, memo) &&
      addItems(target, made, recipe, (item) => deepcopy(item, memo));
    if (done) return made;
    refs.decref(made);
    return 0;
  }

  function restoreDeep(made: Address, state: Address, memo: Address): boolean {
    if (state === 0) return true;
    const copied = deepcopy(state, memo);
    if (copied === 0) return false;
    const result = restore(made, copied);
    refs.decref(copied);
    return result === 0;
  }

  return { copy, deepcopy };
}
