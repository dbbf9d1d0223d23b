"""Ask a CPython what its debug hooks do, and print the answers as one JSON object.

    python3.13 record.py > ../fixtures/cpython-3.13.json

Works with any CPython from 3.8 on, on a 64-bit machine, without headers or a compiler: each scenario runs in a child
with PYTHONMALLOC=debug and calls the C API through ctypes. The child prints the bytes of the block and then frees or
reallocates it; what the hooks say goes to stderr. Addresses are replaced by P (the block) plus or minus an offset,
so that answers can be compared.

A scenario: allocate `n` bytes in domain `d` (r, m or o) by malloc or calloc; fill them; realloc to `realloc` bytes;
fill those; poke single bytes at offsets from the block; then free or realloc (to 5 bytes) through domain `by`.
"""
import json
import os
import re
import subprocess
import sys

CHILD = r"""
import ctypes, json, sys
api = ctypes.pythonapi
V, Z = ctypes.c_void_p, ctypes.c_size_t
NAMES = {"r": "PyMem_Raw", "m": "PyMem_", "o": "PyObject_"}
def call(domain, name, *args):
    function = getattr(api, NAMES[domain] + name)
    function.restype = None if name == "Free" else V
    function.argtypes = {"Malloc": [Z], "Calloc": [Z, Z], "Realloc": [V, Z], "Free": [V]}[name]
    return function(*args)
s = json.loads(sys.argv[1])
n = s["n"]
p = call(s["d"], "Calloc", 1, n) if s.get("calloc") else call(s["d"], "Malloc", n)
def fill(count):
    for i in range(count):
        ctypes.memset(p + i, (i * 7 + 1) & 255, 1)
if s.get("fill"):
    fill(n)
if "realloc" in s:
    n = s["realloc"]
    p = call(s["d"], "Realloc", p, n)
for offset, byte in s.get("poke", []):
    ctypes.memset(p + offset, byte, 1)
print(json.dumps({"p": p, "bytes": ctypes.string_at(p - 16, n + 24).hex()}))
sys.stdout.flush()
if s.get("op") == "realloc":
    call(s.get("by", s["d"]), "Realloc", p, 5)
else:
    call(s.get("by", s["d"]), "Free", p)
"""


def scenarios():
    for n in [0, 1, 7, 8, 9, 10, 15, 16, 17, 20, 64, 100, 488, 489, 1000]:
        yield {"n": n, "d": "m", "fill": True, "poke": [[n, 0]]}
    for d in "rmo":
        yield {"n": 10, "d": d}
        yield {"n": 10, "d": d, "calloc": True}
        yield {"n": 10, "d": d, "poke": [[10, 1]]}
        for by in "rmo":
            if by != d:
                yield {"n": 24, "d": d, "by": by, "fill": True}
                yield {"n": 24, "d": d, "by": by, "op": "realloc"}
    for off in range(-7, 0):
        yield {"n": 12, "d": "o", "poke": [[off, 0x41]]}
    for off in range(8):
        yield {"n": 12, "d": "o", "poke": [[12 + off, 0]], "op": "realloc"}
    yield {"n": 12, "d": "o", "poke": [[12 + off, 0x20 + off] for off in range(8)]}
    yield {"n": 12, "d": "o", "poke": [[off, 7] for off in range(-7, 0)]}
    # The id byte: a letter of no domain, and one of another.
    yield {"n": 12, "d": "m", "poke": [[-8, 0x58]]}
    yield {"n": 12, "d": "m", "poke": [[-8, 0x6F]]}
    # Several at once: the checks have an order.
    yield {"n": 12, "d": "m", "poke": [[-8, 0x6F], [-3, 0], [14, 0]]}
    yield {"n": 12, "d": "m", "poke": [[-3, 0], [14, 0]]}
    # The stored size, a little too small and a little too large.
    yield {"n": 40, "d": "m", "fill": True, "poke": [[-9, 39]]}
    yield {"n": 40, "d": "m", "fill": True, "poke": [[-9, 3]]}
    yield {"n": 40, "d": "m", "poke": [[-9, 0]]}
    # Contents after realloc.
    for n, to in [(10, 20), (20, 10), (0, 5), (5, 0), (127, 129), (128, 40), (129, 200), (300, 200), (300, 250),
                  (300, 500), (500, 1000), (1000, 300), (1000, 2000), (2000, 60), (200, 64), (200, 137), (64, 400)]:
        yield {"n": n, "d": "m", "fill": True, "realloc": to, "poke": [[to, 0]]}
        yield {"n": n, "d": "r", "fill": True, "realloc": to, "poke": [[to, 0]]}
    yield {"n": 30, "d": "o", "calloc": True, "realloc": 50, "poke": [[50, 0]]}


def ask(scenario):
    env = dict(os.environ, PYTHONMALLOC="debug")
    env.pop("PYTHONTRACEMALLOC", None)
    done = subprocess.run([sys.executable, "-c", CHILD, json.dumps(scenario)], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    answer = json.loads(done.stdout)
    p = answer["p"]
    lines = done.stderr.decode("latin-1").split("\n")
    # What follows the fatal error is the interpreter's own: its state and a traceback.
    fatal = [i for i, line in enumerate(lines) if line.startswith("Fatal Python error")]
    kept = lines[: fatal[0] + 1] if fatal else lines

    def relative(match):
        offset = int(match.group(0), 16) - p
        return "P" if offset == 0 else "P%+d" % offset

    text = re.sub(r"0x[0-9a-f]{6,}", relative, "\n".join(kept))
    return {"scenario": scenario, "bytes": answer["bytes"], "text": text}


if __name__ == "__main__":
    head = {"python": "%d.%d" % sys.version_info[:2], "full": sys.version.split()[0]}
    answers = ",\n".join(json.dumps(ask(s)) for s in scenarios())
    print(json.dumps(head)[:-1] + ', "answers": [\n' + answers + "\n]}")
