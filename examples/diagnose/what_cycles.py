"""Calls a function of a module with the collector off, and says what only the collector could free, and why.

    python what_cycles.py MODULE:FUNCTION COUNT
"""

import collections
import gc
import importlib
import sys


def name_of(thing):
    return type(thing).__qualname__


def cycle_from(start, garbage):
    """A way from an object through what it refers to, back to itself; None if there is none."""
    inside = {id(thing) for thing in garbage}
    came_from = {}
    due = collections.deque([start])
    while due:
        thing = due.popleft()
        for referent in gc.get_referents(thing):
            if referent is start:
                way = [start, thing]
                while way[-1] is not start:
                    way.append(came_from[id(way[-1])])
                return way[::-1]
            if id(referent) in inside and id(referent) not in came_from:
                came_from[id(referent)] = thing
                due.append(referent)
    return None


def main():
    module, _, function = sys.argv[1].partition(":")
    call = getattr(importlib.import_module(module), function)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    call(int(sys.argv[2]))
    found = gc.collect()
    if found == 0:
        print("Nothing waits for the collector.")
        return
    print(f"Only the collector can free {found:,} objects of this call:")
    for name, count in collections.Counter(map(name_of, gc.garbage)).most_common():
        print(f"{count:7,} {name}")
    for start in gc.garbage:
        way = cycle_from(start, gc.garbage)
        if way is not None:
            print("A cycle:", " → ".join(map(name_of, way)))
            break


if __name__ == "__main__":
    main()
