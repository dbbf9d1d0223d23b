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
known = {}
rescued = []
watched = []


class Boom(Exception):
    pass


def L(tag, value):
    put(tag)
    put(value)


def forget():
    for numbers in known.values():
        numbers.clear()


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


def link(cls, tag, inner):
    one = cls()
    one.t = tag
    one.u = inner
    return one


def tag(value):
    found = getattr(value, "t", "?")
    return str(found) if type(found) is int or type(found) is str and found == "?" else "other"


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
    kind = type(value)
    name = kind.__name__
    return {"weakref.ReferenceType": "ReferenceType"}.get(name, name)


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
        "N": names,
        "R": rescued,
        "W": watched,
    }


def clean():
    gc.collect()
    while rescued or watched:
        rescued.clear()
        watched.clear()
        gc.collect()
    entries.clear()
    forget()


def run(source):
    module = globals_of_program()
    exec(compile(source, "program", "exec"), module)
    gc.collect()
    entries.clear()
    try:
        module["main"]()
    except BaseException as error:
        L("failed", type(error).__name__)
    forget()
    for name in "ghi":
        L("drop", name)
        if name in module:
            del module[name]
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
