import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pyrena } from "../pyrena.ts";
import { folderWith, TIMEOUT } from "./support.ts";

describe.concurrent("the host's files", { timeout: TIMEOUT }, () => {
  it("are read and written at their own paths, in every way", async () => {
    const folder = folderWith({ "data/a.txt": "hello\nworld\n" });
    const { stdout, stderr } = await pyrena(
      [
        "run",
        "-q",
        "-c",
        `
import csv, glob, mmap, os, pathlib, pickle, shutil, sqlite3, stat, tempfile
print(os.getcwd() == ${JSON.stringify(folder)} or os.path.samefile(os.getcwd(), ${JSON.stringify(folder)}))
with open("data/a.txt", "a") as f: f.write("more\\n")
print(open("data/a.txt").read().splitlines())
os.makedirs("deep/er"); shutil.copy("data/a.txt", "deep/er/b.txt"); shutil.copytree("deep", "copied")
print(sorted(str(p) for p in pathlib.Path(".").rglob("*.txt")))
os.rename("deep/er/b.txt", "deep/c.txt"); os.symlink("deep/c.txt", "link")
print(os.readlink("link"), open("link").readline().strip(), os.path.islink("link"))
os.chmod("deep/c.txt", 0o640); print(oct(stat.S_IMODE(os.stat("deep/c.txt").st_mode)))
db = sqlite3.connect("numbers.db"); db.execute("create table t(n)")
db.executemany("insert into t values(?)", [(n,) for n in range(1000)]); db.commit(); db.close()
print(sqlite3.connect("numbers.db").execute("select sum(n) from t").fetchone()[0])
with open("bin", "wb") as f: f.write(bytes(range(256)) * 400); f.seek(50); f.write(b"XYZ"); f.truncate(60_000)
with open("bin", "r+b") as f, mmap.mmap(f.fileno(), 0) as m: print(m[49:54]); m[50:53] = b"abc"
print(open("bin", "rb").read()[49:54], os.path.getsize("bin"))
os.utime("bin", (1e9, 1e9)); print(os.stat("bin").st_mtime)
with tempfile.NamedTemporaryFile() as f: f.write(b"t"); f.flush(); print(os.path.exists(f.name))
shutil.rmtree("copied"); print(os.path.exists("copied"))
for attempt in (lambda: open("nowhere"), lambda: os.rmdir("deep"), lambda: os.mkdir("deep"), lambda: os.listdir("bin")):
    try: attempt()
    except OSError as error: print(type(error).__name__, os.path.basename(error.filename))
`,
      ],
      { cwd: folder },
    );
    expect(stderr).toBe("");
    expect(stdout.trimEnd().split("\n")).toEqual([
      "True",
      "['hello', 'world', 'more']",
      "['copied/er/b.txt', 'data/a.txt', 'deep/er/b.txt']",
      "deep/c.txt hello True",
      "0o640",
      "499500",
      "b'1XYZ5'",
      "b'1abc5' 60000",
      "1000000000.0",
      "True",
      "False",
      "FileNotFoundError nowhere",
      "OSError deep",
      "FileExistsError deep",
      "NotADirectoryError bin",
    ]);
    expect(readFileSync(join(folder, "data/a.txt"), "utf8")).toBe("hello\nworld\nmore\n");
    expect(statSync(join(folder, "deep/c.txt")).mode & 0o777).toBe(0o640);
    expect(statSync(join(folder, "bin")).size).toBe(60_000);
  });

  it("compiled modules are kept beside their sources, unless that is switched off", async () => {
    const files = { "main.py": "import part\n", "part.py": "print('imported')\n" };
    const kept = folderWith(files);
    const switchedOff = folderWith(files);
    await pyrena(["run", "-q", "main.py"], { cwd: kept });
    await pyrena(["run", "-q", "-B", "main.py"], { cwd: switchedOff });
    expect(readdirSync(join(kept, "__pycache__"))).toEqual(["part.cpython-314.pyc"]);
    expect(existsSync(join(switchedOff, "__pycache__"))).toBe(false);
  });
});
