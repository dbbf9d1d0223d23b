/** Python programs to measure allocators by: each is a function `run` that takes some tens of milliseconds. */
export const programs: Readonly<Record<string, string>> = {
  "binary trees": `
def make(depth):
    return (make(depth - 1), make(depth - 1)) if depth else (None, None)
def count(tree):
    left, right = tree
    return 1 if left is None else 1 + count(left) + count(right)
def run():
    return count(make(14))
`,
  "n-body": `
def run():
    bodies = [[0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 1.0], [4.8, -1.1, -0.1, 0.6, 2.8, -0.02, 0.03], [8.3, 4.1, -0.4, -1.0, 1.8, 0.008, 0.01]]
    for _ in range(5000):
        for i, a in enumerate(bodies):
            for b in bodies[i + 1:]:
                dx, dy, dz = a[0] - b[0], a[1] - b[1], a[2] - b[2]
                mag = 0.001 * (dx * dx + dy * dy + dz * dz) ** -1.5
                a[3] -= dx * b[6] * mag; a[4] -= dy * b[6] * mag; a[5] -= dz * b[6] * mag
                b[3] += dx * a[6] * mag; b[4] += dy * a[6] * mag; b[5] += dz * a[6] * mag
        for a in bodies:
            a[0] += 0.001 * a[3]; a[1] += 0.001 * a[4]; a[2] += 0.001 * a[5]
    return bodies[0][0]
`,
  objects: `
class Account:
    def __init__(self, owner, amount):
        self.owner, self.amount, self.log = owner, amount, []
    def pay(self, other, amount):
        self.amount -= amount; other.amount += amount
        self.log.append((other.owner, -amount)); other.log.append((self.owner, amount))
def run():
    accounts = [Account(f"owner {n}", 100 * n) for n in range(2000)]
    for n in range(20_000):
        accounts[n % 2000].pay(accounts[(n * 7) % 2000], n % 13)
    return sum(a.amount for a in accounts)
`,
  "dicts and strings": `
def run():
    words = ("the quick brown fox jumps over the lazy dog and runs away from %d bears " * 30 % tuple(range(30))).split()
    total = 0
    for n in range(60):
        counts = {}
        for word in words:
            key = word.upper() + str(n)
            counts[key] = counts.get(key, 0) + 1
        total += len(",".join(f"{k}={v}" for k, v in sorted(counts.items())))
    return total
`,
  json: `
import json
def run():
    data = [{"id": n, "name": f"name {n}", "tags": [str(n % k) for k in range(1, 6)], "nested": {"x": n / 3, "y": None}} for n in range(1500)]
    return len(json.dumps(json.loads(json.dumps(data)), indent=1))
`,
  "regular expressions": `
import re
def run():
    text = " ".join(f"user{n}@example{n % 7}.org, +49 {n}-{n * 3};" for n in range(3000))
    return len(re.findall(r"(\\w+)@([\\w.]+)", text)) + len(re.sub(r"\\+(\\d+) (\\d+)-(\\d+)", r"(\\1) \\3", text))
`,
  pickle: `
import pickle
def run():
    data = {n: (str(n), [n, n * 0.5], {"k": n}) for n in range(5000)}
    return len(pickle.loads(pickle.dumps(data)))
`,
  "comprehensions and sorting": `
def run():
    pairs = [(n * 7919 % 10007, str(n)) for n in range(30_000)]
    return len({a for a, b in sorted(pairs) if a % 3}) + sum(len(b) for a, b in pairs)
`,
  generators: `
def tree(n):
    if n:
        yield from tree(n - 1)
        yield n
        yield from tree(n - 1)
def run():
    return sum(tree(14))
`,
  compile: `
import ast
def run():
    source = "\\n".join(f"def f{n}(a, b={n}):\\n    if a > b: return [x * {n} for x in range(a)]\\n    return {{'k{n}': a + b}}" for n in range(150))
    return len(compile(ast.parse(source), "x", "exec").co_consts)
`,
};
