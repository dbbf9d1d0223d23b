"""CPython's collector on the workloads of workloads.ts: in a native interpreter this file is a peer's process (requests
and answers as in ../src/protocol.ts), in Pyodide its functions are called by pyodide.ts."""

import gc
import time

# What the interpreter made for itself is no part of it.
gc.collect()
gc.freeze()

kept = None
figures = None


def build(links, units):
    everything = [[None, None] for n in range(units)]
    if links == "near":
        for n, one in enumerate(everything):
            one[0] = everything[(n + 1) % units]
            one[1] = everything[(n + 2) % units]
        return everything
    seed = 12345
    for one in everything:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        one[0] = everything[seed % units]
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        one[1] = everything[seed % units]
    return everything


def prepare(kind, links, units):
    """All that is not timed of a full collection."""
    global kept
    gc.disable()
    if kept is None:
        kept = build(links, units)
        gc.collect()
    if kind == "garbage":
        kept = None


def collect(times):
    for n in range(times):
        gc.collect()


def forget():
    global kept
    kept = None
    gc.collect()


def growing(units, clock):
    """Nanoseconds of the whole, and what the collections were like."""
    global figures
    times = []
    made = collected = most = begun = 0

    def watch(phase, info):
        nonlocal begun, collected, most
        if phase == "start":
            most = max(most, made - collected)
            begun = clock()
        else:
            times.append(clock() - begun)
            collected += info["collected"]

    gc.collect()
    gc.callbacks.append(watch)
    gc.enable()
    start = clock()
    everything = []
    for n in range(units):
        one = [None, None]
        if n % 100 == 0:
            one.append(one)
            made += 1
        else:
            everything.append(one)
    del one
    taken = clock() - start
    gc.disable()
    gc.callbacks.remove(watch)
    times.sort()
    left = made - collected
    figures = {
        "longest": times[-1] if times else 0,
        "usual": times[len(times) * 9 // 10] if times else 0,
        "total": sum(times),
        "collections": len(times),
        "dead": max(most, left),
        "left": left,
    }
    everything = None
    gc.collect()
    return taken


def repeats(kind, units):
    """As in workloads.ts."""
    return 1 if kind == "garbage" else max(1, min(100, 1_000_000 // units))


def main():
    import sys

    clock = time.thread_time_ns
    print("ready", flush=True)
    kind = links = ""
    for line in sys.stdin:
        request, *words = line.split()
        if request == "load":
            forget()
            kind, links = words[0].split("-")[:2] if "-" in words[0] else (words[0], "")
            print("loaded", flush=True)
        elif request == "run":
            units = int(words[1])
            if kind == "growing":
                taken = growing(units, clock)
            else:
                prepare(kind, links, units)
                times = repeats(kind, units)
                start = clock()
                collect(times)
                taken = (clock() - start) / times
            print("ran", taken, 0, flush=True)
        elif request == "memory":
            print("memory", *("%s=%d" % item for item in (figures or {}).items()), flush=True)
        elif request == "quit":
            return


if __name__ == "__main__":
    main()
