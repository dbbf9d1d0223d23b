/** Every request of every operation made to fail in turn. */
import type { PyMemAllocatorEx, PyObjectArenaAllocator } from "@pyrena/abi";
import { NthFailure } from "@pyrena/conformance";
import {
  type ClassHandle,
  type DictHandle,
  type Handle,
  type ListHandle,
  PyException,
  Python,
} from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "../heap.ts";

/** A heap whose requests fail as a failure says that is put in place for a while. */
class FailingHeap {
  readonly py: Python;
  readonly unraisable: string[] = [];
  failure: NthFailure | undefined;

  constructor(version: string, abi: "lp64" | "ilp32") {
    const core = testObjects(version, abi, {
      wrapAllocator: (inner): PyMemAllocatorEx => ({
        ctx: undefined,
        malloc: (_, size) => (this.failure?.strikes() ? 0 : inner.malloc(inner.ctx, size)),
        calloc: (_, n, size) => (this.failure?.strikes() ? 0 : inner.calloc(inner.ctx, n, size)),
        realloc: (_, ptr, size) =>
          this.failure?.strikes() ? 0 : inner.realloc(inner.ctx, ptr, size),
        free: (_, ptr) => inner.free(inner.ctx, ptr),
      }),
      wrapArenas: (inner): PyObjectArenaAllocator => ({
        ctx: undefined,
        alloc: (_, size) => (this.failure?.strikes() ? 0 : inner.alloc(inner.ctx, size)),
        free: (_, base, size) => inner.free(inner.ctx, base, size),
      }),
      onUnraisable: ({ error }) => void this.unraisable.push(error),
    });
    this.py = Python.over(core, { traceHandles: false });
  }

  verify(): void {
    this.py.verify();
    for (const walker of this.py.core.options.walkers ?? []) walker.verify();
  }
}

/** What an operation finds: made before failures begin. */
interface Things {
  readonly list: ListHandle;
  readonly full: ListHandle;
  readonly dict: DictHandle;
  readonly node: Handle;
  readonly Node: ClassHandle;
}

/** A class waits for a collector when it is dropped, so that there is one for all tests of a heap. */
function nodeClass(py: Python): ClassHandle {
  return py.class("Node", {
    __init__(self: Handle, value: unknown) {
      self.setAttr("value", value);
    },
    __enter__: (_self: Handle) => 1,
    __exit__: (_self: Handle, _type: unknown, _value: unknown, _traceback: unknown) => false,
  });
}

function things(py: Python, Node: ClassHandle): Things {
  return {
    list: py.list([1.5, "two", [3]]),
    full: py.list([1, 2, 3, 4]),
    dict: py.dict({ one: 1, two: 2, three: 3, four: 4, five: 5 }),
    node: Node.new("first"),
    Node,
  };
}

const text = "a text of some length that no cache has";

const operations: Readonly<Record<string, (py: Python, things: Things) => unknown>> = {
  "a list of everything": (py) =>
    py.list([1.5, 2n ** 70n, text, ["é€", [true, null]], new Uint8Array(600), new Map([[1, 2]])]),
  "a large list": (py) => py.list(Array.from({ length: 50 }, (_, n) => n * 1000)),
  "a tuple": (py) => py.tuple([1.5, text, [2.5]]),
  "a tuple with another item": (py) => py.tuple([1.5, text]).with(0, [2.5]),
  "a tuple of the same items": (py, { list }) => py.tuple(list.refs()),
  "a dict": (py) =>
    py.dict(Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`k${n}`, n + 0.5]))),
  "a general dict": (py) =>
    py.dict(
      new Map<unknown, unknown>([
        [1000, 1.5],
        [text, 2],
        [2.5, {}],
      ]),
    ),
  "a set": (py) => py.set([1000, 2000, text, 3.5, 4.5, 5.5, 6.5]),
  "a frozenset": (py) => py.frozenset([1000, text]),
  "int, float, complex": (py) => [py.int(10n ** 40n), py.float(0.5), py.complex(1, 2)],
  "str, bytes, bytearray": (py) => [
    py.str(text),
    py.bytes(new Uint8Array(100)),
    py.bytearray(new Uint8Array(700)),
  ],
  intern: (py) => py.intern(text),
  "range and slice": (py) => [py.range(1000, 10n ** 20n, 7), py.slice(1000, 2000)],
  append: (_, { full }) => full.append(text),
  insert: (_, { full }) => full.insert(0, text),
  extend: (_, { full }) => full.extend([1.5, 2.5, 3.5, 4.5, 5.5]),
  "assign a slice": (_, { full }) => full.assignSlice(1, 2, [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]),
  slice: (_, { full }) => full.slice(1),
  "set an item": (_, { full }) => full.set(0, text),
  "get a container": (_, { list }) => list.get(2),
  pop: (_, { full }) => full.pop(),
  "read as a whole": (_, { list }) => list.toJS(),
  "dict growth": (_, { dict }) => {
    for (let n = 0; n < 12; n++) dict.set(n + 1000, [n]);
  },
  "dict get and delete": (_, { dict }) => [
    dict.get("one"),
    dict.get(2000),
    dict.delete("two"),
    dict.setDefault(1.5, []),
  ],
  "dict update, copy": (py, { dict }) => [dict.update({ six: 6.5, seven: 7.5 }), py.copy(dict)],
  KeyError: (py, { dict }) => {
    try {
      dict.delete("absent");
    } catch (error) {
      if (error instanceof PyException && error.type === "KeyError") return;
      throw error;
    }
    py.raise("RuntimeError", "not reached");
  },
  "an instance": (_, { Node }) => Node.new([1.5]),
  attributes: (_, { node }) => {
    for (let n = 0; n < 34; n++) node.setAttr(`attribute${n}`, n + 0.5);
    node.attr("attribute3");
    node.deleteAttr("attribute3");
  },
  "an instance's dict": (_, { node }) => (node.attr("__dict__") as DictHandle).set("x", 1.5),
  "a class": (py, { Node }) =>
    py.class("Sub", { a: 1.5, f: (_self: Handle) => 1 }, { bases: [Node] }),
  "a class with slots": (py) => py.class("Slotted", {}, { slots: ["a", "b"] }).new(),
  "a function with a closure": (py) => {
    const cell = py.cell(1.5);
    return py
      .function("f", (x: unknown) => [x, py.currentFrame().get("c")], {
        free: { c: cell },
        defaults: [text],
      })
      .call();
  },
  "a method": (_, { node }) => node.callMethod("__enter__"),
  "a weak reference": (py, { node }) => py.weakref(node, () => {}).get(),
  "a frame": (py) =>
    py.frame("main", ["a", "b"], (f) => {
      f.set("a", [text]).set("b", f.local("a"));
      return f.ref("a");
    }),
  "a frame that is left by an exception": (py) =>
    py.catch(() =>
      py.frame("main", ["a"], (f) => {
        f.set("a", [text]);
        py.raise("ValueError", text);
      }),
    ),
  with: (py, { node }) => py.with(node, () => py.list([1.5])),
  "copy and deepcopy": (py, { list, node }) => [
    py.copy(list),
    py.deepcopy(list),
    py.deepcopy(node),
  ],
  "a module": (py) => py.module("extra").dict,
  "a JavaScript value": (py) => py.js(new Date()),
  "hash, repr, equals": (py, { list }) => [
    py.hash(text),
    list.repr(),
    list.equals([1.5, "two", [3]]),
  ],
};

/** Each version once, on one data model or the other. */
const profiles = everyProfile.filter((_, n) => n % 4 === 0 || n % 4 === 3);

describe.each(profiles)("want of memory in %s %s", (version, abi) => {
  it.each(Object.entries(operations))(
    "%s: MemoryError or success, nothing leaked",
    (_, operation) => {
      const heap = new FailingHeap(version, abi);
      const { py } = heap;
      const Node = nodeClass(py);
      let last: NthFailure | undefined;
      for (let n = 0; last === undefined || last.happened; n++) {
        const failure = new NthFailure(n);
        try {
          tryWith(heap, Node, failure, operation);
        } catch (cause) {
          throw new Error(`with request ${n} made to fail: ${String(cause)}`, { cause });
        }
        last = failure;
      }
      // What dies while memory is wanting reports what it could not do.
      for (const error of heap.unraisable) expect(error).toMatch(/^MemoryError/);
    },
  );
});

function tryWith(
  heap: FailingHeap,
  Node: ClassHandle,
  failure: NthFailure,
  operation: (py: Python, things: Things) => unknown,
): void {
  const { py } = heap;
  py.scope(() => {
    const before = things(py, Node);
    py.core.inspect.graph.clearFreeLists(undefined);
    const length = before.list.length;
    heap.failure = failure;
    let thrown: unknown;
    try {
      py.scope(() => {
        operation(py, before);
      });
    } catch (error) {
      thrown = error;
    }
    heap.failure = undefined;
    if (thrown !== undefined) {
      if (!(thrown instanceof PyException && thrown.type === "MemoryError")) throw thrown;
      expect(failure.happened).toBe(true);
      expect(before.list.length).toBe(length);
    }
    expect(py.core.protocol.repr(py.core.errors.occurred())).toBe("<NULL>");
    py.verify({ blocks: false });
  });
  expect(py.context.table.count()).toBe(1);
  heap.verify();
}
