import { MEM, OBJ, RAW } from "@pyrena/abi";
import { DebugHookError } from "@pyrena/debug";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { churn, startPython, type TestPython } from "./python.ts";

let python: TestPython;
beforeAll(async () => {
  python = await startPython();
}, 60_000);

afterEach(() => {
  for (const installation of [...python.live.installations].reverse()) installation.uninstall();
});

describe("the debug names", () => {
  it.each(["debug", "pymalloc_debug", "malloc_debug"])(
    "%s: a real program runs in the hooks, in all three domains",
    (allocator) => {
      const { live, run } = python;
      const installation = live.install({ allocator });
      expect(installation.name).toBe(allocator);
      expect(installation.domains).toEqual([RAW, MEM, OBJ]);
      expect(run(churn)).toBe("ok");
      expect(installation.problems).toEqual([]);
      expect(installation.pymalloc !== undefined).toBe(allocator !== "malloc_debug");
      installation.walker?.verify();
    },
  );

  it("fence new blocks and leave older ones alone", () => {
    const { live, run } = python;
    run("old = [str(n) * 9 for n in range(100)]");
    const installation = live.install({ allocator: "pymalloc_debug" });
    const address = run("fenced = object(); id(fenced)") as number;
    expect([...live.memory.u8.subarray(address - 4, address)]).toEqual([0x6f, 0xfd, 0xfd, 0xfd]);
    run("del old, fenced");
    expect(installation.problems).toEqual([]);
  });

  it("report a write beyond the end of a block when it is freed", () => {
    const { live, run } = python;
    const installation = live.install({ allocator: "pymalloc_debug" });
    const address = run("victim = object(); id(victim)") as number;
    const after = address + (run("victim.__sizeof__()") as number);
    live.memory.u8[after] = 0x41;
    run("del victim");
    const [problem] = installation.problems;
    expect(problem).toMatchObject({ domain: OBJ, where: "free", times: 1 });
    expect(problem!.error).toBeInstanceOf(DebugHookError);
    expect(problem!.message).toContain("0x");
    live.memory.u8[after] = 0xfd;
    expect(run(churn)).toBe("ok");
  });
});
