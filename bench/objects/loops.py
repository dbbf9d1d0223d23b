"""Python's objects as Python code uses them, on the workloads of workloads.ts: in a native interpreter this file is a
peer's process (requests and answers as in ../src/protocol.ts), in Pyodide its functions are called by pyodide.ts."""

import gc
import time

gc.disable()

BATCH = 200
ITEMS = 1000


class Node:
    pass


def prepare():
    global numbers, table, names, items
    numbers = [n * 3 for n in range(ITEMS)]
    names = ["key%d" % n for n in range(ITEMS)]
    table = dict(zip(names, numbers))
    items = (123456, 0.5)


def ints(units):
    for done in range(0, units, BATCH):
        [n + 2000 for n in range(done, done + BATCH)]


def floats(units):
    step = 0.5
    for done in range(0, units, BATCH):
        [n * step for n in range(BATCH)]


def tuples(units):
    a, b = items
    for done in range(0, units, BATCH):
        [(a, b, a) for n in range(BATCH)]


def lists(units):
    a, b = items
    for done in range(units):
        one = []
        append = one.append
        append(a); append(b); append(a); append(b); append(a)
        append(b); append(a); append(b); append(a); append(b)


def strs(units):
    base = "text number "
    tail = ["%04d" % n for n in range(BATCH)]
    for done in range(0, units, BATCH):
        [base + t for t in tail]


def million(units):
    d = {}
    for n in range(units):
        d[n] = None


def grow(levels):
    one = Node()
    one.left = grow(levels - 1) if levels > 1 else None
    one.right = grow(levels - 1) if levels > 1 else None
    return one


def tree(units):
    grow((units + 1).bit_length() - 1)


def list_read(units):
    total = 0
    one = numbers
    for done in range(0, units, ITEMS):
        for i in range(ITEMS):
            total += one[i]
    return total


def dict_read(units):
    total = 0
    d = table
    for done in range(0, units, ITEMS):
        for name in names:
            total += d[name]
    return total


def list_update(units):
    one = numbers
    a, b = items
    for done in range(0, units, ITEMS):
        for i in range(ITEMS):
            one[i] = a


def dict_update(units):
    d = table
    a, b = items
    for done in range(0, units, ITEMS):
        for name in names:
            d[name] = a


WORKLOADS = {
    "ints": ints, "floats": floats, "tuples": tuples, "lists": lists, "strs": strs, "dict": million,
    "tree": tree, "list-read": list_read, "dict-read": dict_read, "list-update": list_update,
    "dict-update": dict_update,
}


def bytes_of(workload, count):
    """Bytes requested for `count` objects of a workload that are alive together, as tracemalloc counts them."""
    import tracemalloc

    makers = {
        "ints": lambda: [n + 2000 for n in range(count)],
        "floats": lambda: [n * 0.5 for n in range(count)],
        "tuples": lambda: [(items[0], items[1], n is None) for n in range(count)],
        "lists": lambda: [appended() for n in range(count)],
        "strs": lambda: ["text number " + "%04d" % n for n in range(count)],
        "dict": lambda: dict.fromkeys(range(1000, 1000 + count)),
        "tree": lambda: [filled() for n in range(count)],
    }
    for _ in range(40):
        filled()  # the class's shared keys settle
    holder = [None] * count
    kept = [makers["floats"](), makers["tuples"](), [[] for _ in range(200)], [{} for _ in range(200)]]
    gc.collect()  # empties the free lists
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    made = makers[workload]()
    after = tracemalloc.get_traced_memory()[0]
    outer = 0 if workload == "dict" else made.__sizeof__() - [].__sizeof__()
    tracemalloc.stop()
    del kept, holder
    return (after - before - outer) / count


def appended():
    one = []
    for n in range(10):
        one.append(None)
    return one


def filled():
    one = Node()
    one.left = None
    one.right = None
    return one


def main():
    import sys

    prepare()
    print("ready", flush=True)
    run = name = None
    for line in sys.stdin:
        request, *words = line.split()
        if request == "load":
            name = words[0]
            run = WORKLOADS.get(name)
            print("loaded" if run else "failed has no such objects", flush=True)
        elif request == "run":
            if int(words[0]) > 0:
                run(int(words[0]))
            start = time.thread_time_ns()
            run(int(words[1]))
            print("ran", time.thread_time_ns() - start, 0, flush=True)
        elif request == "memory":
            known = name in ("ints", "floats", "tuples", "lists", "strs", "dict", "tree")
            print("memory" + (" object=%.1f" % bytes_of(name, 10000) if known else ""), flush=True)
        elif request == "quit":
            return


if __name__ == "__main__":
    main()
