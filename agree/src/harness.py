# Runs in the oracle: batches of programs, each in a module of its own, each beginning with the same state of the
# interpreter's free lists. What programs call is built so that it leaves no trace in what they measure: a call of a
# function written in Python passes its arguments without making an object; a log entry is a string or an int put into a
# list; whatever makes floats, tuples, lists or dicts of its own clears what is known of identities afterwards.
import gc, sys, json, struct
from copy import copy, deepcopy
from weakref import ref, proxy, getweakrefcount

gc.disable()
ATTRIBUTES = ("u", "v", "w", "x")
MISSING = object()

entries = []
put = entries.append
gc_collect = gc.collect
get_count = gc.get_count
get_threshold = gc.get_threshold
get_objects = gc.get_objects
get_referrers = gc.get_referrers
get_referents = gc.get_referents
get_freeze_count = gc.get_freeze_count
# Whether both sides have made the same collectable objects since the counters were known.
exact = [True]
known = {}
every = []
rescued = []
watched = []


class Boom(Exception):
    pass


def L(tag, value):
    put(tag)
    put(value)


def forget_identities():
    # A loop over a list would make an iterator.
    at = 0
    while at < len(every):
        every[at].clear()
        at += 1


def forget():
    exact[0] = False
    forget_identities()


def identity(tag, kind, address):
    numbers = known[kind]
    if address in numbers:
        put(tag)
        put(numbers.index(address))
    else:
        put(tag)
        put(len(numbers))
        numbers.append(address)


def unraisable(hook):
    put("unraisable")
    put(hook.exc_type.__name__)
    forget()


def callback(number):
    def called(weak):
        put("callback %d" % number)
        put(weak() is None)

    return called


def callback_raising(number):
    def called(weak):
        put("callback %d" % number)
        put(True)
        raise Boom

    return called


def callback_proxy(number):
    def called(weak):
        put("callback %d" % number)
        put(True)

    return called


class Manager:
    def __init__(self, number, suppresses):
        self.number = number
        self.suppresses = suppresses

    def __enter__(self):
        put("enter")
        put(self.number)
        return self.number

    def __exit__(self, kind, value, traceback):
        put("exit")
        put("None" if kind is None else kind.__name__)
        return self.suppresses


def collect(tag, generation):
    before = len(entries)
    found = gc_collect(generation)
    put(tag)
    put(found)
    if generation == 2:
        # It has emptied the free lists. If nothing happened besides, the counters are known, too.
        forget_identities()
        if found == 0 and len(entries) == before + 2:
            exact[0] = True


def counts(tag):
    L(tag, "%d %d %d" % get_count() if exact[0] else "?")


def thresholds(tag):
    L(tag, "%d %d %d" % get_threshold())


def frozen(tag):
    L(tag, get_freeze_count() - at_start["frozen"])


def stats(tag):
    L(tag, " ".join(stat_text(*pair) for pair in zip(gc.get_stats(), at_start["stats"])))


def stat_text(now, then):
    return "/".join("%d" % (now[name] - then[name]) for name in ("collections", "collected", "uncollectable"))


SHOWN = ["list", "tuple", "dict", "set", "frozenset", "slice", "ReferenceType", "function", "method", "type"]


def describe(value):
    kind = type(value).__name__
    return show(value, 1) if kind in SHOWN or kind[0] == "C" and kind[1:].isdigit() else kind


def describe_all(found):
    texts = [describe(one) for one in found if id(one) not in others]
    if others:
        # Once the interpreter's objects are back, a collection leaves the program's in the order in which those lead to
        # them.
        texts.sort()
    return "; ".join(texts)


def objects(tag, generation):
    L(tag, describe_all(get_objects(generation)))


def referrers(value):
    return describe_all(get_referrers(value))


def referents(value):
    return "; ".join([show(one, 0) for one in get_referents(value)])


def kept(tag):
    L(tag, describe_all(gc.garbage))


def collecting(phase, info):
    put("gc " + phase)
    put(info["generation"])
    if "candidates" in info and not others:
        put("candidates")
        put(info["candidates"])
    if phase == "stop":
        put("collected")
        put(info["collected"])
        put("uncollectable")
        put(info["uncollectable"])


def listen():
    if collecting not in gc.callbacks:
        gc.callbacks.append(collecting)


def unlisten():
    gc.callbacks.clear()


def nothing():
    pass


def link(cls, tag, inner):
    one = cls()
    one.t = tag
    one.u = inner
    return one


def tag(value):
    found = getattr(value, "t", "?")
    return f"{found}" if type(found) is int or type(found) is str and found == "?" else "other"


def float_text(value):
    return struct.pack(">d", value).hex()


def show(value, depth=3):
    kind = type(value)
    if value is None or kind is bool:
        return str(value)
    if kind is int:
        return "%d" % value
    if kind is float:
        return "f" + float_text(value)
    if kind is complex:
        return "c" + float_text(value.real) + float_text(value.imag)
    if kind is str:
        return json.dumps(value[:40]) + ("" if len(value) <= 40 else "*%d" % len(value))
    if kind is bytes or kind is bytearray:
        return ("b" if kind is bytes else "B") + value[:40].hex() + "*%d" % len(value)
    if kind is range:
        return "range(%s)" % ",".join(map(str, value))
    if kind.__name__ == "ReferenceType":
        target = value()
        return "ref(dead)" if target is None else "ref(" + show(target, 0) + ")"
    if kind.__name__ in ("ProxyType", "CallableProxyType", "weakproxy", "weakcallableproxy"):
        return "proxy"
    if isinstance(value, type):
        return "class " + value.__name__
    if kind.__name__ == "function":
        return "function"
    if kind.__name__ == "method":
        return "method of " + show(value.__self__, 0)
    if depth == 0:
        return instance_name(value) if kind.__name__[0] == "C" else kind.__name__ + "..."
    if kind is list or kind is tuple:
        items = [show(item, depth - 1) for item in value[:12]]
        return ("[%s]" if kind is list else "(%s)") % ",".join(items) + more(value)
    if kind is slice:
        return "slice(%s,%s,%s)" % (
            show(value.start, depth - 1),
            show(value.stop, depth - 1),
            show(value.step, depth - 1),
        )
    if kind is dict:
        items = []
        for key in value:
            if len(items) == 12:
                break
            items.append(show(key, depth - 1) + ":" + show(value[key], depth - 1))
        return "{%s}" % ",".join(items) + more(value)
    if kind is set or kind is frozenset:
        items = sorted(show(item, depth - 1) for item in value)
        return ("{%s}" if kind is set else "<%s>") % ",".join(items[:12]) + more(value)
    items = [instance_name(value)]
    for name in ATTRIBUTES:
        found = getattr(value, name, MISSING)
        if found is not MISSING:
            items.append(name + "=" + show(found, depth - 1))
    return "(%s)" % " ".join(items)


def more(value):
    return "" if len(value) <= 12 else "*%d" % len(value)


def instance_name(value):
    return type(value).__name__ + "#" + tag(value)


def order(value):
    items = [show(item, 1) for item in value]
    return " ".join(items[:40]) + ("" if len(items) <= 40 else "*%d" % len(items))


def type_name(value):
    name = type(value).__name__
    return "ReferenceType" if name == "weakref.ReferenceType" else name


def identity_kind(value):
    kind = type(value).__name__
    return tuple_kinds[len(value)] if kind == "tuple" else kind


tuple_kinds = ["tuple%d" % length for length in range(21)]
names = ["n%d" % number for number in range(1000)]


def globals_of_program():
    return {
        "__name__": "program",
        "none": None,
        "true": True,
        "false": False,
        "empty": (),
        "L": L,
        "Z": forget,
        "K": identity,
        "IK": identity_kind,
        "I": int,
        "F": float,
        "X": complex,
        "S": str,
        "E": str.encode,
        "A": bytearray,
        "FS": frozenset,
        "rc": sys.getrefcount,
        "size": sys.getsizeof,
        "show": show,
        "order": order,
        "kind": type_name,
        "wrc": getweakrefcount,
        "attrs": lambda value: ",".join(map(str, value.__dict__)),
        "copy": copy,
        "deepcopy": deepcopy,
        "ref": ref,
        "proxy": proxy,
        "cb": callback,
        "cbr": callback_raising,
        "cbp": callback_proxy,
        "M": Manager,
        "link": link,
        "tag": tag,
        "Boom": Boom,
        "collect": collect,
        "counts": counts,
        "enabled": gc.isenabled,
        "thresholds": thresholds,
        "frozen": frozen,
        "stats": stats,
        "objects": objects,
        "kept": kept,
        "enable": gc.enable,
        "disable": gc.disable,
        "setThreshold": gc.set_threshold,
        "freeze": gc.freeze,
        "unfreeze": gc.unfreeze,
        "listen": listen,
        "unlisten": unlisten,
        "setDebug": gc.set_debug,
        "clearGarbage": gc.garbage.clear,
        "isTracked": gc.is_tracked,
        "isFinalized": gc.is_finalized,
        "referrers": referrers,
        "referents": referents,
        "Y": nothing,
        "forgetIdentities": forget_identities,
        "N": names,
        "R": rescued,
        "W": watched,
    }


at_start = {"frozen": 0, "stats": [], "programs": 0}
# Numbers (addresses) of objects that the collector may show though no program has made them.
others = set()
# In 3.14 the second one decides how much of the interpreter's heap counts as work to do.
THRESHOLDS = (2000, 2, 10) if sys.version_info[:2] == (3, 14) else gc.get_threshold()


def prepare(unfreezes):
    """Puts all objects out of the collector's sight: what it sees is the program's."""
    others.clear()
    gc.set_threshold(*THRESHOLDS)
    if sys.version_info[:2] == (3, 14):
        gc.freeze()
        if swapped():
            gc.unfreeze()
            gc.collect()
            gc.freeze()
    if unfreezes:
        gc.unfreeze()
    gc.collect()
    slice(1)  # One dead slice is kept in any case.
    gc.collect()
    at_start["stats"] = gc.get_stats()
    if unfreezes:
        # In 3.12 a collection has frozen what is immortal.
        gc.unfreeze()
        others.update(map(id, gc.get_objects()))
    gc.freeze()
    at_start["frozen"] = gc.get_freeze_count()
    gc.collect()


def swapped():
    """Which of its two lists of old objects the incremental collector shows first: full collections swap them."""
    pending = []
    gc.collect()
    visited = []
    gc.collect(0)
    first = next(one for one in gc.get_objects(2) if one is pending or one is visited)
    return first is pending


def clean():
    at_start["programs"] += 1
    if at_start["programs"] % 50 == 0:
        # Classes of programs that were frozen with all others.
        gc.unfreeze()
    gc.collect()
    while rescued or watched:
        rescued.clear()
        watched.clear()
        gc.collect()
    gc.freeze()
    entries.clear()
    forget()


def run(source):
    module = globals_of_program()
    exec(compile(source, "program", "exec"), module)
    gc.collect()
    collects = "collecting" in module
    if collects:
        prepare("unfreeze()" in source)
    entries.clear()
    exact[0] = True
    try:
        module["main"]()
    except BaseException as error:
        L("failed", type(error).__name__)
    if collects:
        # What is due is done first: 3.12.1 does it even after that.
        nothing()
        gc.disable()
        unlisten()
    forget()
    for name in "ghi":
        L("drop", name)
        if name in module:
            del module[name]
    if collects:
        gc.set_debug(0)
        L("collect", gc.collect())
        kept("garbage")
        gc.garbage.clear()
        L("collect", gc.collect())
    L("rescued", len(rescued))
    while rescued:
        rescued.pop()
    L("watched", "".join("01"[weak() is not None] for weak in watched))
    lines = [
        entries[at] + "=" + ("immortal" if type(value) is int and value > 1 << 29 and entries[at].startswith("refcount") else str(value))
        for at, value in ((at, entries[at + 1]) for at in range(0, len(entries), 2))
    ]
    module.clear()
    clean()
    return "\n".join(lines)


def run_all(sources):
    return json.dumps([run(source) for source in json.loads(sources)])


sys.unraisablehook = unraisable
for kind in ["float", "list", "dict"] + ["tuple%d" % n for n in range(1, 21)]:
    known[kind] = []
    every.append(known[kind])
# What is made when it is first needed is made now.
show([1.5, 1j, "a", b"a", range(2), ref(Boom), Boom, show, [].append, (1,), slice(1), {1: 2}, {1}, Manager(1, True), None])
show(deepcopy(copy([[], (), {}, Manager(1, True), Boom()])))
