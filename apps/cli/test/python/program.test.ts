import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pyrena } from "../pyrena.ts";
import { folderWith, TIMEOUT } from "./support.ts";

/** Run a program and give what it printed, line by line. */
const lines = async (...args: Parameters<typeof pyrena>): Promise<string[]> => {
  const [args0, options] = args;
  const { stdout, stderr, code } = await pyrena(["run", "-q", ...args0], options);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout.trimEnd().split("\n");
};

describe.concurrent("what is run", { timeout: TIMEOUT }, () => {
  const folder = folderWith({
    "pkg/__init__.py": "from .sub import thing\n",
    "pkg/__main__.py":
      "from . import thing\nimport sys\nprint('pkg', thing.VALUE, sys.argv[1:], __package__, __name__)\n",
    "pkg/sub/__init__.py": "",
    "pkg/sub/thing.py": "VALUE = 42\n",
    "app/__main__.py": "import helper, sys\nprint('app', helper.f(), sys.argv)\n",
    "app/helper.py": "def f(): return 'helped'\n",
    "script.py": [
      "import os, sys, pkg.sub.thing",
      "print(sys.argv)",
      "print(__name__, __file__ == os.path.join(os.getcwd(), 'script.py'))",
      "print(sys.path[0] == os.getcwd(), pkg.sub.thing.VALUE)",
      "print(sorted(os.listdir('.'))[:2])",
    ].join("\n"),
    "-dash.py": "print('dash')\n",
    "elsewhere/empty.txt": "",
  });

  it("a script, with what lies beside it", async () => {
    expect(await lines(["script.py", "a", "-b", ""], { cwd: folder })).toEqual([
      "['script.py', 'a', '-b', '']",
      "__main__ True",
      "True 42",
      "['-dash.py', 'app']",
    ]);
  });

  it("a script from another folder imports what lies beside it, not beside the caller", async () => {
    const cwd = join(folder, "elsewhere");
    const [argv, main, beside] = await lines(["../script.py"], { cwd });
    expect([argv, main, beside]).toEqual(["['../script.py']", "__main__ False", "False 42"]);
  });

  it("a module and a folder", async () => {
    expect(await lines(["-m", "pkg", "x", "-q"], { cwd: folder })).toEqual([
      "pkg 42 ['x', '-q'] pkg __main__",
    ]);
    expect(await lines(["app", "y"], { cwd: folder })).toEqual(["app helped ['app', 'y']"]);
  });

  it("a zip file, made by Python itself", async () => {
    const program = "import zipapp; zipapp.create_archive('app', 'made.pyz'); print('made')";
    expect(await lines(["-c", program], { cwd: folder })).toEqual(["made"]);
    expect(await lines(["made.pyz"], { cwd: folder })).toEqual(["app helped ['made.pyz']"]);
  });

  it("code, and a program on standard input", async () => {
    expect(await lines(["-c", "import sys; print(sys.argv, repr(sys.path[0]))", "z"])).toEqual([
      "['-c', 'z'] ''",
    ]);
    const input = "import sys\nprint(sys.argv, __name__)\n";
    expect(await lines(["-", "z"], { input })).toEqual(["['-', 'z'] __main__"]);
  });

  it("a script whose name looks like an option", async () => {
    expect(await lines(["./-dash.py"], { cwd: folder })).toEqual(["dash"]);
  });

  it("the standard library, from the package and without a network", async () => {
    const program = `
import sqlite3, hashlib, lzma, bz2, zlib, ctypes, decimal, json, csv, xml.etree.ElementTree, unittest, dataclasses
db = sqlite3.connect(":memory:")
print(db.execute("select sum(value) from json_each('[1, 2, 3]')").fetchone())
print(hashlib.sha256(b"pyrena").hexdigest()[:8], lzma.decompress(lzma.compress(b"x" * 99))[:3], decimal.Decimal(1) / 3)
`;
    expect(await lines(["-c", program])).toEqual([
      "(6,)",
      "3124d509 b'xxx' 0.3333333333333333333333333333",
    ]);
  });

  it("nothing of Pyodide's: a program finds the modules that python would have loaded", async () => {
    const program =
      "import sys; print(sorted(m for m in sys.modules if 'pyodide' in m or m in ('js', 'asyncio')))";
    expect(await lines(["-c", program])).toEqual(["[]"]);
  });
});

describe.concurrent("the exit code", { timeout: TIMEOUT }, () => {
  it.each([
    ["import sys; sys.exit(3)", 3, ""],
    ["import sys; sys.exit(256 + 7)", 7, ""],
    ["import sys; sys.exit(-1)", 255, ""],
    ["raise SystemExit", 0, ""],
    ["raise SystemExit('so much for that')", 1, "so much for that\n"],
    ["import os; os._exit(9)", 9, ""],
    ["import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143, ""],
    ["import os; os.abort()", 134, ""],
    ["import nowhere", 1, /^Traceback[\s\S]*\nModuleNotFoundError: No module named 'nowhere'\n$/],
    ["x = = 1", 1, /^ {2}File "<string>", line 1\n[\s\S]*\nSyntaxError: invalid syntax\n$/],
    [
      "try: 1/0\nexcept ZeroDivisionError as e: raise ValueError('outer') from e",
      1,
      /ZeroDivisionError[\s\S]*The above exception was the direct cause[\s\S]*ValueError: outer\n$/,
    ],
    [
      "import atexit, sys\natexit.register(lambda: print('last'))\natexit.register(lambda: print('first'))\nsys.exit(5)",
      5,
      "",
    ],
    ["import sys\nsys.excepthook = lambda *a: print('hook', a[0].__name__)\n1/0", 1, ""],
    ["raise KeyboardInterrupt", 130, /^Traceback[\s\S]*\nKeyboardInterrupt\n$/],
    [
      "import ctypes; ctypes.string_at(0xfffffff0)",
      139,
      "pyrena: the interpreter crashed: memory access out of bounds\n",
    ],
  ])("of %j is %i", async (program, code, stderr) => {
    const run = await pyrena(["run", "-q", "-c", program]);
    if (typeof stderr === "string") expect(run.stderr).toBe(stderr);
    else expect(run.stderr).toMatch(stderr);
    expect(run.code).toBe(code);
    if (program.includes("atexit")) expect(run.stdout).toBe("first\nlast\n");
    if (program.includes("hook")) expect(run.stdout).toBe("hook ZeroDivisionError\n");
  });
});

describe.concurrent("the environment", { timeout: TIMEOUT }, () => {
  it("is the process's own, and nothing is added to it", async () => {
    const program = `
import os
print(os.environ["PYRENA_TEST"], os.environb[b"PYRENA_TEST"], os.environ.get("USER"), os.environ.get("LOGNAME"))
print(sorted(k for k in os.environ if k.startswith("PYTHON")), os.environ.get("PYTHONMALLOC"))
`;
    const { USER: _user, LOGNAME: _logname } = process.env;
    const [first, second] = await lines(["-c", program], {
      env: { PYRENA_TEST: "grüße", USER: "somebody", LOGNAME: "somebody" },
    });
    expect(first).toBe(`grüße b'gr\\xc3\\xbc\\xc3\\x9fe' somebody somebody`);
    expect(second).toBe("[] None");
  });

  it("PYTHONMALLOC and PYTHONMALLOCSTATS are acted upon, and shown to the program", async () => {
    const program = "import os; print(os.environ['PYTHONMALLOC'], os.environb[b'PYTHONMALLOC'])";
    expect(await lines(["-c", program], { env: { PYTHONMALLOC: "pymalloc_debug" } })).toEqual([
      "pymalloc_debug b'pymalloc_debug'",
    ]);
    expect(
      await lines([
        "-X",
        "dev",
        "-c",
        "import sys, os; print(sys.flags.dev_mode, os.environ.get('PYTHONMALLOC'))",
      ]),
    ).toEqual(["True None"]);
  });

  it.each([
    ["PYTHONHASHSEED", "0", "print(hash('pyrena'))"],
    ["PYTHONHASHSEED", "1", "print(hash('pyrena'))"],
  ])("%s=%s makes hashes repeatable", async (name, value, program) => {
    const env = { [name]: value };
    expect(await lines(["-c", program], { env })).toEqual(await lines(["-c", program], { env }));
  });

  it("the other variables reach the interpreter", async () => {
    const folder = folderWith({ "extra/findme.py": "print('found')\n" });
    const program = `
import sys, warnings, findme
assert False, "PYTHONOPTIMIZE should have removed this"
print(sys.flags.optimize, sys.flags.no_user_site, sys.warnoptions, sys.dont_write_bytecode, sys.stdout.write_through, sys.stdout.encoding)
`;
    const env = {
      PYTHONPATH: join(folder, "extra"),
      PYTHONOPTIMIZE: "1",
      PYTHONNOUSERSITE: "1",
      PYTHONWARNINGS: "error",
      PYTHONDONTWRITEBYTECODE: "1",
      PYTHONUNBUFFERED: "1",
      PYTHONIOENCODING: "latin-1",
    };
    expect(await lines(["-c", program], { env })).toEqual([
      "found",
      "1 1 ['error'] True True iso8859-1",
    ]);
    const isolated = "import sys; print(sys.flags.optimize, sys.flags.isolated)";
    expect(await lines(["-I", "-c", isolated], { env })).toEqual(["0 1"]);
  });
});
