import { describe, expect, it } from "vitest";
import { pyrena } from "../pyrena.ts";
import { TIMEOUT } from "./support.ts";

describe("deep recursion", { timeout: TIMEOUT }, () => {
  it("raises RecursionError in Python and in C, before any stack is exhausted", async () => {
    const { code, stdout, stderr } = await pyrena([
      "run",
      "-q",
      "-c",
      `
import pickle, sys
def attempt(name, function):
    try: function()
    except RecursionError: print(name, "RecursionError")
    else: print(name, "ended")
def plain(n): return plain(n + 1)
def through_c(n): return sorted([1, 2], key=lambda x: through_c(n + 1))
nested = []
for _ in range(300_000): nested = [nested]
attempt("plain", lambda: plain(0))
attempt("through C", lambda: through_c(0))
attempt("pickle", lambda: pickle.dumps(nested))
sys.setrecursionlimit(10**9)
attempt("through C, without limit", lambda: through_c(0))
def down(n): return 0 if n == 0 else 1 + down(n - 1)
print(down(50_000))
del nested
print("still here")
`,
    ]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toEqual([
      "plain RecursionError",
      "through C RecursionError",
      "pickle RecursionError",
      "through C, without limit RecursionError",
      "50000",
      "still here",
    ]);
  });
});
