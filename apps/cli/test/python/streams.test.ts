import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pyrena, sh } from "../pyrena.ts";
import { folderWith, TIMEOUT } from "./support.ts";

describe.concurrent("standard streams", { timeout: TIMEOUT }, () => {
  it("carry bytes as they are, from a pipe and from a file, to a pipe and to a file", async () => {
    const bytes = randomBytes(1_500_000);
    const folder = folderWith({ "in.bin": bytes });
    const copy =
      "$PYRENA run -q -c 'import sys, shutil; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)'";
    const { code, stderr } = await sh(
      `cat in.bin | ${copy} > piped.bin && ${copy} < in.bin | cat > read.bin`,
      { cwd: folder },
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(readFileSync(join(folder, "piped.bin")).equals(bytes)).toBe(true);
    expect(readFileSync(join(folder, "read.bin")).equals(bytes)).toBe(true);
  });

  it("end where the input ends", async () => {
    const program = `
import sys
print(repr(sys.stdin.readline()), repr(input("? ")), repr(sys.stdin.read()), repr(sys.stdin.read()))
try: input()
except EOFError: print("no more")
`;
    const { stdout, stderr } = await pyrena(["run", "-q", "-c", program], {
      input: "one\ntwo\nthree\nfour",
    });
    expect(stderr).toBe("");
    expect(stdout).toBe("? 'one\\n' 'two' 'three\\nfour' ''\nno more\n");
  });

  it("are no terminals here, and what they are is what fstat says", async () => {
    const program = `
import os, stat, sys
print([s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr)], [stat.S_ISFIFO(os.fstat(n).st_mode) or stat.S_ISSOCK(os.fstat(n).st_mode) for n in range(3)])
print(sys.stdout.line_buffering, type(sys.stdout.buffer).__name__, sys.stdout.encoding)
`;
    const { stdout } = await pyrena(["run", "-q", "-c", program], { input: "" });
    expect(stdout).toBe("[False, False, False] [True, True, True]\nFalse BufferedWriter utf-8\n");
  });

  it("lose nothing when the reader is slow, buffered or not", async () => {
    const program = "print('x' * 5_000_000)";
    const count = (flags: string) =>
      sh(`$PYRENA run -q ${flags} -c "${program}" | (sleep 1; wc -c)`);
    const [buffered, unbuffered] = await Promise.all([count(""), count("-u")]);
    expect(buffered.stdout.trim()).toBe("5000001");
    expect(unbuffered.stdout.trim()).toBe("5000001");
  });

  it("a reader that leaves is a BrokenPipeError", async () => {
    const program = "import sys\nfor n in range(100_000): print('a line of some length')";
    const { stdout, stderr } = await sh(
      `$PYRENA run -q -c "${program}" | head -n 1; echo status is not mine`,
    );
    expect(stdout).toBe("a line of some length\nstatus is not mine\n");
    expect(stderr).toContain("BrokenPipeError");
    const caught = await sh(
      `($PYRENA run -q -c "${program.replace("import sys\n", "import sys\ntry:\n ")}\nexcept BrokenPipeError: sys.stderr.write('caught')" ; echo "exit $?" >&2) | head -n 1`,
    );
    expect(caught.stderr).toMatch(/^caught/);
    expect(caught.stderr).toMatch(/exit 120\n$/);
  });

  it("keep their order: stderr is written at once, stdout when flushed", async () => {
    const program =
      "import sys; print('out 1', flush=True); print('err 1', file=sys.stderr); print('out 2'); print('err 2', file=sys.stderr)";
    const { stdout } = await sh(`$PYRENA run -q -c "${program}" 2>&1`);
    expect(stdout).toBe("out 1\nerr 1\nerr 2\nout 2\n");
  });

  it("a pipe that the shell names as a file can be read", async () => {
    const bash = spawnSync("bash", ["--version"]).status === 0;
    if (!bash) {
      console.warn("skipped: no bash on this machine");
      return;
    }
    const program = "import sys; print(open(sys.argv[1]).read())";
    const { stdout, stderr } = await sh(
      `bash -c '$PYRENA run -q -c "${program}" <(echo through a pipe)'`,
    );
    expect(stderr).toBe("");
    expect(stdout).toBe("through a pipe\n\n");
  });
});

const hasScript = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes(
  "util-linux",
);
if (!hasScript) console.warn("skipped: terminals need util-linux's script");

describe.skipIf(!hasScript).concurrent("on a terminal", { timeout: TIMEOUT }, () => {
  const onTerminal = (program: string, input: string) => {
    const folder = folderWith({ "program.py": program, keys: input });
    // Keys are typed slowly, for a terminal drops what comes before anybody reads.
    return sh(`(sleep 4; cat keys; sleep 3) | script -qec "$PYRENA run -q program.py" /dev/null`, {
      cwd: folder,
      env: { TERM: "dumb" },
    });
  };

  it("isatty, lines and questions work, and ^D ends one reading only", async () => {
    const { stdout } = await onTerminal(
      `
import os, sys
print([s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr)], sys.stdout.line_buffering)
print("hello", input("name? "))
try: input("? ")
except EOFError: print("end of file")
print("again", input("name? "))
`,
      "somebody\n\u0004another\n",
    );
    const text = stdout.replaceAll("\r", "");
    expect(text).toContain("[True, True, True] True\n");
    expect(text).toContain("hello somebody\n");
    expect(text).toContain("end of file\n");
    expect(text).toContain("again another\n");
  });
});
