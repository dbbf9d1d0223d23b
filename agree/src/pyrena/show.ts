/** Contents of Pyrena's objects as text without addresses: the same texts as `show` and `order` of harness.py. */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { ATTRIBUTES } from "../program.ts";

const WIDTH = 40;
const ITEMS = 12;
const scratch: DataView = new DataView(new ArrayBuffer(8));

function floatText(value: number): string {
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0).toString(16).padStart(16, "0");
}

function strText(text: string): string {
  const characters = [...text];
  const shown = JSON.stringify(characters.slice(0, WIDTH).join("")).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return shown + (characters.length <= WIDTH ? "" : `*${characters.length}`);
}

function bytesText(bytes: Uint8Array): string {
  return `${Buffer.from(bytes.subarray(0, WIDTH)).toString("hex")}*${bytes.length}`;
}

const more = (length: number): string => (length <= ITEMS ? "" : `*${length}`);

/** Keys, members or items of a container, in iteration order; borrowed. */
export function itemsOf(py: Objects, object: Address): Address[] {
  const type = py.types.typeOf(object);
  const items: Address[] = [];
  if (type === py.list.type) {
    for (let i = 0; i < py.list.length(object); i++) items.push(py.list.getItem(object, i));
  } else if (type === py.tuple.type) {
    for (let i = 0; i < py.tuple.length(object); i++) items.push(py.tuple.getItem(object, i));
  } else {
    const cursor = { position: 0, key: 0, value: 0 };
    const table = type === py.dict.type ? py.dict : py.set;
    while (table.next(object, cursor)) items.push(cursor.key);
  }
  return items;
}

/** An instance's number: its attribute `t`; `?` if it has lost it. */
export function tagOf(py: Objects, object: Address): string {
  // `getattr` with a default makes no exception, which would take a tuple from those that are kept.
  const name = py.str.from("t");
  const tag = py.classes.findAttribute(object, name);
  py.refs.decref(name);
  if (tag === 0) return "?";
  const text = strOf(py, tag);
  py.refs.decref(tag);
  return text;
}

/** `str()` of anything: ints as they are, the rest by what it is. */
function strOf(py: Objects, object: Address): string {
  return py.types.typeOf(object) === py.int.type ? String(py.int.value(object)) : "other";
}

function instanceName(py: Objects, object: Address): string {
  return `${py.types.name(py.types.typeOf(object))}#${tagOf(py, object)}`;
}

/** `show` of harness.py. */
export function show(py: Objects, object: Address, depth = 3): string {
  const { types, refs } = py;
  const type = types.typeOf(object);
  if (object === py.constants.none) return "None";
  if (type === py.int.boolType) return object === py.int.true ? "True" : "False";
  if (type === py.int.type) return String(py.int.value(object));
  if (type === py.float.type) return `f${floatText(py.float.value(object))}`;
  if (type === py.complex.type)
    return `c${floatText(py.complex.real(object))}${floatText(py.complex.imaginary(object))}`;
  if (type === py.str.type) return strText(py.str.value(object));
  if (type === py.bytes.type) return `b${bytesText(py.bytes.value(object))}`;
  if (type === py.bytearray.type) return `B${bytesText(py.bytearray.value(object))}`;
  if (type === py.range.type) return rangeText(py, object);
  if (type === py.weakrefs.refType) {
    if (py.weakrefs.isDead(object)) return "ref(dead)";
    const target = py.weakrefs.get(object);
    const text = `ref(${show(py, target, 0)})`;
    refs.decref(target);
    return text;
  }
  if (type === py.weakrefs.proxyType || type === py.weakrefs.callableProxyType) return "proxy";
  if (type === types.type) return `class ${types.name(object)}`;
  if (type === py.functions?.type) return "function";
  if (type === py.functions?.methodType)
    return `method of ${show(py, py.functions?.methodSelf(object), 0)}`;
  const name = types.name(type);
  if (depth === 0) return name.startsWith("C") ? instanceName(py, object) : `${name}...`;
  if (type === py.list.type || type === py.tuple.type) {
    const items = itemsOf(py, object);
    const shown = items
      .slice(0, ITEMS)
      .map((item) => show(py, item, depth - 1))
      .join();
    return (type === py.list.type ? `[${shown}]` : `(${shown})`) + more(items.length);
  }
  if (type === py.slice.type) {
    const parts = [py.slice.start(object), py.slice.stop(object), py.slice.step(object)];
    return `slice(${parts.map((part) => show(py, part, depth - 1)).join()})`;
  }
  if (type === py.dict.type) {
    const items = itemsOf(py, object);
    const shown = items
      .slice(0, ITEMS)
      .map(
        (key) => `${show(py, key, depth - 1)}:${show(py, py.dict.getItem(object, key), depth - 1)}`,
      );
    return `{${shown.join()}}${more(items.length)}`;
  }
  if (type === py.set.type || type === py.set.frozenType) {
    const items = itemsOf(py, object)
      .map((item) => show(py, item, depth - 1))
      .sort((a, b) => (a < b ? -1 : 1));
    const shown = items.slice(0, ITEMS).join();
    return (type === py.set.type ? `{${shown}}` : `<${shown}>`) + more(items.length);
  }
  const parts = [instanceName(py, object)];
  for (const attribute of ATTRIBUTES) {
    const value = py.protocol.getAttribute(object, attribute);
    if (value === 0) {
      py.errors.clear();
      continue;
    }
    parts.push(`${attribute}=${show(py, value, depth - 1)}`);
    refs.decref(value);
  }
  return `(${parts.join(" ")})`;
}

function rangeText(py: Objects, object: Address): string {
  const items = Array.from({ length: py.range.length(object) }, (_, i) => {
    const item = py.range.getItem(object, i);
    const text = String(py.int.value(item));
    py.refs.decref(item);
    return text;
  });
  return `range(${items.join()})`;
}

/** `order` of harness.py. */
export function order(
  py: Objects,
  object: Address,
  iterate: (object: Address) => Address[],
): string {
  const items = iterate(object).map((item) => {
    const text = show(py, item, 1);
    py.refs.decref(item);
    return text;
  });
  return items.slice(0, WIDTH).join(" ") + (items.length <= WIDTH ? "" : `*${items.length}`);
}
