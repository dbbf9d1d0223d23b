import { spawnSync } from "node:child_process";
import {
  type Domain,
  Domains,
  domainNames,
  installPythonMalloc,
  lp64,
  MEM,
  NULL,
  OBJ,
  type PyMemAllocatorEx,
  PyrenaError,
  profileFor,
  profiles,
  pythonMallocNames,
  RAW,
  resolvePythonMalloc,
} from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import { nativePythons } from "./native-pythons.ts";

/** What each name installs, from the fact sheet: RAW, then MEM and OBJ, then hooks. */
const table: Record<string, [raw: string, memAndObj: string, debug: boolean]> = {
  default: ["malloc", "pymalloc", false],
  debug: ["malloc", "pymalloc", true],
  malloc: ["malloc", "malloc", false],
  malloc_debug: ["malloc", "malloc", true],
  pymalloc: ["malloc", "pymalloc", false],
  pymalloc_debug: ["malloc", "pymalloc", true],
  mimalloc: ["malloc", "mimalloc", false],
  mimalloc_debug: ["malloc", "mimalloc", true],
};

const python = (version: string) => profileFor(version, "lp64");

describe("a value of PYTHONMALLOC", () => {
  it.each(Object.entries(table))(
    "%s installs what CPython installs",
    (name, [raw, inner, debug]) => {
      expect(resolvePythonMalloc(name, python("3.13"))).toEqual({
        name,
        raw,
        mem: inner,
        obj: inner,
        debug,
      });
    },
  );

  it("is one of eight", () => {
    expect(pythonMallocNames).toEqual(Object.keys(table));
  });

  it("that is empty means default", () => {
    expect(resolvePythonMalloc("", python("3.8"))).toEqual(
      resolvePythonMalloc("default", python("3.8")),
    );
  });

  it.each(profiles.map((profile) => [profile.name, profile] as const))(
    "is known to %s if its version has it",
    (_, profile) => {
      const hasMimalloc = Number(profile.python.split(".")[1]) >= 13;
      for (const name of pythonMallocNames) {
        if (name.startsWith("mimalloc") && !hasMimalloc) {
          expect(() => resolvePythonMalloc(name, profile)).toThrow(PyrenaError);
        } else {
          expect(resolvePythonMalloc(name, profile).name).toBe(name);
        }
      }
    },
  );

  it.each([
    "Malloc",
    "PYMALLOC",
    " malloc",
    "malloc ",
    "tcmalloc",
    "_debug",
    "default_debug",
    "raw",
  ])("'%s' is unknown, and the valid ones are listed", (name) => {
    try {
      resolvePythonMalloc(name, python("3.12"));
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: "unknown-allocator",
        message: `PYTHONMALLOC: unknown allocator '${name}' for Python 3.12: use one of default, debug, malloc, malloc_debug, pymalloc, pymalloc_debug`,
      });
    }
    expect(() => resolvePythonMalloc(name, python("3.14"))).toThrow(
      /pymalloc_debug, mimalloc, mimalloc_debug$/,
    );
  });
});

describe("native CPythons", () => {
  const found = nativePythons();
  const wanted = found.filter(
    ({ version }, n) => ["3.8", "3.11", "3.13"].includes(version) || n === found.length - 1,
  );

  it("accept just the names that are accepted here", (context) => {
    if (wanted.length === 0) return context.skip("no native CPython on this machine");
    for (const { version, path } of wanted) {
      const known = profiles.some((profile) => profile.python === version);
      if (!known) continue;
      for (const name of [...pythonMallocNames, "", "Malloc", "default_debug", "nonsense"]) {
        const { status, stderr } = spawnSync(path, ["-S", "-c", ""], {
          env: { ...process.env, PYTHONMALLOC: name },
          encoding: "utf8",
        });
        let ours = "";
        try {
          resolvePythonMalloc(name, python(version));
        } catch (error) {
          ours = (error as PyrenaError).message;
        }
        expect(ours === "", `${version} with PYTHONMALLOC=${name}: ${stderr}`).toBe(status === 0);
        if (status !== 0) {
          // CPython's words, with the name and the valid ones added.
          expect(stderr).toContain("PYTHONMALLOC: unknown allocator");
          expect(ours).toContain("PYTHONMALLOC: unknown allocator");
        }
      }
    }
  });
});

/** Structs that can be told apart. */
function named(name: string): PyMemAllocatorEx {
  return { ctx: name, malloc: () => NULL, calloc: () => NULL, realloc: () => NULL, free: () => {} };
}

describe("installing a value of PYTHONMALLOC", () => {
  const parts = {
    malloc: named("malloc"),
    pymalloc: named("pymalloc"),
    debug: (next: PyMemAllocatorEx, domain: Domain) =>
      named(`${String(next.ctx)}+hooks(${domainNames[domain]})`),
  };
  const before = named("before");
  const fresh = (): Domains => new Domains(lp64, { raw: before, mem: before, obj: before });
  const installed = (domains: Domains): unknown[] =>
    [RAW, MEM, OBJ].map((domain) => domains.getAllocator(domain as Domain).ctx);

  it.each(Object.entries(table))(
    "puts %s where it belongs, hooked for each domain if asked for",
    (name, [raw, inner, debug]) => {
      const domains = fresh();
      const all = { ...parts, mimalloc: named("mimalloc") };
      const plan = installPythonMalloc(domains, name, python("3.13"), all);
      expect(plan.name).toBe(name);
      const hooks = (of: string, domain: string): string => (debug ? `${of}+hooks(${domain})` : of);
      expect(installed(domains)).toEqual([
        hooks(raw, "raw"),
        hooks(inner, "mem"),
        hooks(inner, "obj"),
      ]);
    },
  );

  it.each(["mimalloc", "mimalloc_debug"])(
    "says that %s is not built in, and installs nothing",
    (name) => {
      const domains = fresh();
      try {
        installPythonMalloc(domains, name, python("3.13"), parts);
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({
          code: "not-built-in",
          message: `PYTHONMALLOC=${name}: mimalloc is not built in here; built in: malloc, pymalloc`,
        });
      }
      expect(installed(domains)).toEqual(["before", "before", "before"]);
    },
  );

  it("says so where the debug hooks are not built in, and installs nothing", () => {
    const domains = fresh();
    const { debug, ...without } = parts;
    expect(typeof debug).toBe("function");
    expect(() => installPythonMalloc(domains, "debug", python("3.13"), without)).toThrow(
      /debug hooks are not built in/,
    );
    expect(installed(domains)).toEqual(["before", "before", "before"]);
  });

  it("installs nothing where the hooks for the last domain fail", () => {
    const domains = fresh();
    const failing = {
      ...parts,
      debug: (next: PyMemAllocatorEx, domain: Domain) => {
        if (domain === OBJ) throw new PyrenaError("memory-limit", "no room");
        return next;
      },
    };
    expect(() => installPythonMalloc(domains, "debug", python("3.13"), failing)).toThrow("no room");
    expect(installed(domains)).toEqual(["before", "before", "before"]);
  });

  it("refuses unknown names before anything else", () => {
    const domains = fresh();
    expect(() => installPythonMalloc(domains, "nonsense", python("3.13"), parts)).toThrow(
      /unknown allocator 'nonsense'/,
    );
    expect(installed(domains)).toEqual(["before", "before", "before"]);
  });
});
