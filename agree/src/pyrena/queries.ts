/** Log statements: what is asked of one variable, or two, and what the answer is. */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import type { Query, Statement } from "../program.ts";
import { check } from "./failed.ts";
import type { Told } from "./log.ts";
import { itemsOf, order, show } from "./show.ts";
import type { World } from "./world.ts";

/** Asks, and tells the log. */
export function log(world: World, statement: Extract<Statement, { s: "log" }>): void {
  const { collecting, log, py, variables } = world;
  const { query, v, w } = statement;
  const tag = `${query} ${v}${w === null ? "" : ` ${w}`}`;
  if (query === "refcount") {
    const object = variables.borrow(v);
    const count = py.refs.isImmortal(object) ? "immortal" : variables.refcount(statement, v);
    collecting.poll();
    log.tell(tag, count);
    return;
  }
  const object = variables.load(v);
  const other = w === null ? 0 : variables.load(w);
  const told = answer(world, query, object, other);
  py.refs.xdecref(other);
  py.refs.decref(object);
  collecting.poll();
  log.tell(tag, told);
}

function answer(
  { collecting, log, operations, py }: World,
  query: Exclude<Query, "refcount">,
  object: Address,
  other: Address,
): Told {
  switch (query) {
    case "size":
      return collecting.withArguments("size", () => {
        collecting.transient();
        return py.protocol.getsizeof(object);
      }, [object]);
    case "tracked":
      return collecting.isTracked(object);
    case "finalized":
      return collecting.isFinalized(object);
    case "referrers":
      return collecting.referrers(object);
    case "referents":
      return collecting.referents(object);
    case "len":
      return py.protocol.length(object);
    case "show":
      return show(py, object);
    case "order":
      return order(py, object, (one) => operations.iterate(one));
    case "hash": {
      const low = py.protocol.hash(object);
      return py.wide ? String((BigInt(py.hashHigh) << 32n) | BigInt(low >>> 0)) : low;
    }
    case "type":
      return py.types.name(py.types.typeOf(object));
    case "truth":
      return py.protocol.isTrue(object);
    case "is":
      return object === other;
    case "equal":
      return py.protocol.equal(object, other) === 1;
    case "contains":
      return operations.contains(object, other);
    case "identity":
      return log.identity(freeListOf(py, object), object);
    case "weakrefs":
      return py.weakrefs.count(object);
    case "attributes": {
      const dict = check(py.classes.dict(object));
      const names = itemsOf(py, dict).map((key) => keyText(py, key));
      py.refs.decref(dict);
      return names.join();
    }
  }
}

/** Which free list the object comes from: tuples have one for each length. */
function freeListOf(py: Objects, object: Address): string {
  const name = py.types.name(py.types.typeOf(object));
  return name === "tuple" ? `tuple${py.tuple.length(object)}` : name;
}

/** `str()` of a key of an instance's dict. */
function keyText(py: Objects, key: Address): string {
  return py.str.check(key) ? py.str.value(key) : py.protocol.repr(key);
}
