import { ilp32, OBJ, PyrenaError } from "@pyrena/abi";
import { attach } from "@pyrena/pyodide";
import { beforeAll, describe, expect, it } from "vitest";
import { startPython, type TestPython } from "./python.ts";

let python: TestPython;
beforeAll(async () => {
  python = await startPython();
}, 60_000);

const thrown = (action: () => unknown): PyrenaError => {
  try {
    action();
  } catch (error) {
    if (error instanceof PyrenaError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("attach", () => {
  it("tells version, ABI and profile of the interpreter", () => {
    const { live, run } = python;
    expect(live.python).toBe(run("import platform; platform.python_version()"));
    expect(live.abi).toBe(ilp32);
    expect(live.profile.name).toBe("cpython-3.14-ilp32");
  });

  it("takes the Emscripten module as well", () => {
    const module = (python.pyodide as unknown as { _module: object })._module;
    expect(attach(module).python).toBe(python.live.python);
  });

  it("sees Python's own bytes", () => {
    const { live, run } = python;
    const address = run(
      "buffer = bytearray(b'Pyrena was here'); import ctypes; ctypes.addressof((ctypes.c_char * 15).from_buffer(buffer))",
    ) as number;
    expect(live.memory.backing).toBe("host");
    expect(new TextDecoder().decode(live.memory.u8.slice(address, address + 15))).toBe(
      "Pyrena was here",
    );
  });

  it.each([
    ["null", null],
    ["a number", 3],
    ["an object of another kind", {}],
    ["an object whose _module is missing", { _module: undefined }],
  ])("refuses %s", (_, value) => {
    const error = thrown(() => attach(value as never));
    expect(error.code).toBe("not-attached");
    expect(error.message).toContain("loadPyodide()");
  });

  it("tells somebody who forgot to await", () => {
    expect(thrown(() => attach(Promise.resolve(python.pyodide))).message).toContain("await");
  });

  it("names what a slim build does not export", () => {
    const module = (python.pyodide as unknown as { _module: object })._module;
    const slim = Object.create(module, {
      _PyMem_SetAllocator: { value: undefined },
      addFunction: { value: undefined },
    }) as object;
    const error = thrown(() => attach({ _module: slim }));
    expect(error.code).toBe("not-attached");
    expect(error.message).toMatch(/addFunction, _PyMem_SetAllocator.*slim/);
  });

  it("refuses a Python version that it does not know, listing those it does", () => {
    const module = (python.pyodide as unknown as { _module: Record<string, number> })._module;
    const words = new Uint32Array([0x03_63_00_f0]);
    const later = Object.create(module, { HEAPU32: { value: words }, _Py_Version: { value: 0 } });
    const error = thrown(() => attach(later as object));
    expect(error.code).toBe("unknown-profile");
    expect(error.message).toContain("3.99.0");
    expect(error.message).toContain("3.14");
    words[0] = 0x02_07_12_f0;
    expect(thrown(() => attach(later as object)).code).toBe("not-attached");
  });

  it("reads versions as Python writes them", () => {
    const module = (python.pyodide as unknown as { _module: object })._module;
    const words = new Uint32Array(1);
    const other = Object.create(module, {
      HEAPU32: { value: words },
      _Py_Version: { value: 0 },
    }) as object;
    for (const [word, text] of [
      [0x03_0d_02_f0, "3.13.2"],
      [0x03_0f_00_c1, "3.15.0rc1"],
      [0x03_0f_00_a2, "3.15.0a2"],
      [0x03_0c_0a_f0, "3.12.10"],
    ] as const) {
      words[0] = word;
      expect(attach(other).python).toBe(text);
    }
  });

  it("gives the installed allocator of a domain as an allocator", () => {
    const { live } = python;
    const allocator = live.getAllocator(OBJ);
    const block = allocator.calloc(allocator.ctx, 25, 4);
    expect(block % 8).toBe(0);
    expect([...live.memory.u8.subarray(block, block + 100)].every((byte) => byte === 0)).toBe(true);
    live.memory.u8.fill(7, block, block + 100);
    const moved = allocator.realloc(allocator.ctx, block, 100_000);
    expect(live.memory.u8.subarray(moved, moved + 100).every((byte) => byte === 7)).toBe(true);
    allocator.free(allocator.ctx, moved);
    expect(thrown(() => live.getAllocator(3 as never)).code).toBe("unknown-domain");
  });
});
