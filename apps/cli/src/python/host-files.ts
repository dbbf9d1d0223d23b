/**
 * The host's files at their own paths. Emscripten's file system has a root of its own, in memory, in which Python finds
 * its standard library; every top-level folder of the host but those that Emscripten needs itself is mounted into it.
 */
import { readdirSync, statSync } from "node:fs";
import type { FileSystem } from "./emscripten.ts";

/** Emscripten's own devices, Python's library, and what would describe another process. */
const OWN = new Set(["dev", "lib", "proc"]);

/**
 * Mount the host's folders. Called before Python is initialised.
 * @param root of the host; on Windows that of the current drive
 */
export function mountHostFiles(fs: FileSystem, root = "/"): void {
  const { NODEFS } = fs.filesystems;
  for (const name of readdirSync(root)) {
    const path = `/${name}`;
    // Recycle bins and the like on Windows.
    if (name.startsWith("$")) continue;
    try {
      if (!statSync(path).isDirectory()) {
        if (!fs.analyzePath(path).exists) mountFile(fs, path);
      } else if (name === "lib") {
        mountLibrary(fs);
      } else if (!OWN.has(name)) {
        fs.mkdirTree(path);
        fs.mount(NODEFS, { root: path }, path);
      }
    } catch {
      // Not readable by us, or gone meanwhile: not there for Python either.
    }
  }
}

/** `/lib` is shared: Python's library lies there, and the host's entries beside it. */
function mountLibrary(fs: FileSystem): void {
  for (const name of readdirSync("/lib")) {
    const path = `/lib/${name}`;
    if (fs.analyzePath(path).exists || !statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      continue;
    }
    fs.mkdirTree(path);
    fs.mount(fs.filesystems.NODEFS, { root: path }, path);
  }
}

/** A file in the root itself: seen through a mount of the root that has no other use. */
function mountFile(fs: FileSystem, path: string): void {
  const hidden = "/dev/host-root";
  if (!fs.analyzePath(hidden).exists) {
    fs.mkdirTree(hidden);
    fs.mount(fs.filesystems.NODEFS, { root: "/" }, hidden);
  }
  fs.symlink(`${hidden}${path}`, path);
}
