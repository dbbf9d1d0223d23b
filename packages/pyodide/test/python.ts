/** A live CPython for tests: one for each file, since each test file is a process of its own. */
import { NULL, type PyMemAllocatorEx } from "@pyrena/abi";
import { attach, type LivePython } from "@pyrena/pyodide";
import { loadPyodide, type PyodideInterface } from "pyodide";

/** An interpreter and what is attached to it. */
export interface TestPython {
  readonly pyodide: PyodideInterface;
  readonly live: LivePython;
  /** Evaluate an expression or the last statement's value, with imports done before. */
  run(code: string): unknown;
}

/** Start CPython. */
export async function startPython(): Promise<TestPython> {
  const pyodide = await loadPyodide();
  return { pyodide, live: attach(pyodide), run: (code) => pyodide.runPython(code) };
}

/** A program that makes and drops blocks of many sizes and checks what is in them. Its value is "ok". */
export const churn = `
def churn(rounds=1):
    import random
    random.seed(1)
    keep = {}
    for round in range(rounds):
        for i in range(4000):
            n = random.choice((1, 7, 16, 60, 200, 500, 513, 900, 4000, 20000))
            keep[random.randrange(3000)] = (n, bytes([n % 251]) * n, [i] * (n % 40), str(n))
        for key in random.sample(sorted(keep), len(keep) // 2):
            del keep[key]
        lists = [[] for _ in range(300)]
        for i in range(9000):
            lists[i % 300].append((i, {"k": i}))
        for n, data, items, text in keep.values():
            assert len(data) == n and data.count(bytes([n % 251])) == n, "contents were lost"
            assert len(items) == n % 40 and text == str(n), "contents were lost"
    return "ok"
churn()
`;

/**
 * The same allocator, which refuses requests of 1 GiB and more: the laws ask for as much as nothing could meet, but an
 * interpreter's memory goes up to 4 GiB, and would.
 */
export function refusingHuge(next: PyMemAllocatorEx): PyMemAllocatorEx {
  const limit = 2 ** 30;
  return {
    ...next,
    malloc: (ctx, size) => (size < limit ? next.malloc(ctx, size) : NULL),
    calloc: (ctx, nelem, elsize) =>
      nelem * elsize < limit ? next.calloc(ctx, nelem, elsize) : NULL,
    realloc: (ctx, ptr, newSize) => (newSize < limit ? next.realloc(ctx, ptr, newSize) : NULL),
  };
}
