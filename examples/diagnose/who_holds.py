"""Calls a function of a module, and says which of the program's variables hold the objects of a type that are left.

    python who_holds.py MODULE:FUNCTION TYPE
"""

import collections
import gc
import importlib
import sys
import types

MOST = 2000  # objects that are looked at


def name_of(thing):
    return type(thing).__qualname__


def variable_of(thing, names):
    """The global variable that is this object, such as `worker.failures`; None if there is none."""
    for name in names.get(id(thing), ()):
        return name


def global_names(module):
    names = collections.defaultdict(list)
    for name, value in vars(module).items():
        if gc.is_tracked(value) and not isinstance(value, (types.ModuleType, types.FunctionType, type)):
            names[id(value)].append(f"{module.__name__}.{name}")
    return names


def referrers_of_all():
    """Who refers to each object that the collector tracks."""
    referrers = collections.defaultdict(list)
    for thing in gc.get_objects():
        for referent in gc.get_referents(thing):
            referrers[id(referent)].append(thing)
    return referrers


def ways_to(thing, referrers, names):
    """For each that refers to the object: the shortest way there from a global variable."""
    for first in referrers[id(thing)]:
        came_from = {id(first): thing, id(thing): None}
        due = collections.deque([first])
        while due:
            here = due.popleft()
            variable = variable_of(here, names)
            if variable is not None:
                way = [f"{variable} ({name_of(here)})"]
                while (here := came_from[id(here)]) is not None:
                    way.append(name_of(here))
                yield " → ".join(way)
                break
            for referrer in referrers[id(here)]:
                if id(referrer) not in came_from:
                    came_from[id(referrer)] = here
                    due.append(referrer)


def main():
    module, _, function = sys.argv[1].partition(":")
    module = importlib.import_module(module)
    getattr(module, function)()
    gc.collect()
    referrers = referrers_of_all()
    names = global_names(module)
    left = [thing for thing in gc.get_objects() if name_of(thing) == sys.argv[2]]
    if not left:
        print(f"No object of {sys.argv[2]} is left.")
        return
    print(f"{len(left):,} objects of {sys.argv[2]} are left, held by:")
    ways = collections.Counter()
    for thing in left[:MOST]:
        ways.update(set(ways_to(thing, referrers, names)))
    for way, count in ways.most_common():
        print(f"{count:7,}  {way}")


if __name__ == "__main__":
    main()
