"""Calls a function of a module again and again, and says what has grown since the time before.

    python what_grows.py MODULE:FUNCTION

What a program needs once (imports, caches that fill up) is there after the first calls. What still grows then will grow
for ever.
"""

import collections
import gc
import importlib
import linecache
import sys
import tracemalloc

ROWS = 5


def objects_by_type():
    gc.collect()
    return collections.Counter(type(thing).__qualname__ for thing in gc.get_objects())


def main():
    module, _, function = sys.argv[1].partition(":")
    call = getattr(importlib.import_module(module), function)
    call()
    call()
    types_before = objects_by_type()
    call()
    types_after = objects_by_type()
    tracemalloc.start()
    call()
    before = tracemalloc.take_snapshot()
    call()
    after = tracemalloc.take_snapshot()

    ours = [tracemalloc.Filter(False, __file__), tracemalloc.Filter(False, tracemalloc.__file__)]
    lines = after.filter_traces(ours).compare_to(before.filter_traces(ours), "lineno")
    print(f"Each call leaves {sum(line.size_diff for line in lines) / 1024:.0f} KiB behind.")
    for line in [line for line in lines if line.size_diff > 4096][:ROWS]:
        frame = line.traceback[0]
        name = frame.filename.rpartition("/")[2]
        code = linecache.getline(frame.filename, frame.lineno).strip()
        print(f"{line.size_diff / 1024:8.1f} KiB  {name}:{frame.lineno}  {code}")
    for name, count in (types_after - types_before).most_common(ROWS):
        if count > 10:
            print(f"{count:+6} objects of {name}")


if __name__ == "__main__":
    main()
