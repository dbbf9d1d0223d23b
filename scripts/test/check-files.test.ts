import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { checkFile } from "../check-files.ts";

/** Put together here, so that this file names none itself. */
const ROOT = ["", "root"].join("/");
const WORK = ["", "work"].join("/");
const REGISTRY = ["https://registry", "example.org"].join(".");

const broken = (text: string, path = "a.ts") =>
  checkFile(path, Buffer.from(text)).map(({ rule, where }) => `${rule} ${where}`);

test.each([
  `see ${ROOT}/notes.md`,
  `open("${WORK}/x")`,
  "/home/someone/project",
  "file:///home/someone/project",
  "/Users/someone/x",
  "/tmp/someone.txt",
  "C:\\Users\\someone",
])("%s is a machine path", (text) => {
  expect(broken(`first\n${text}\n`)).toEqual(["no machine paths a.ts:2"]);
});

test.each([
  `${REGISTRY}/left-pad`,
  "tarball: https://example.org/left-pad.tgz",
  '"resolved": "https://example.org/left-pad.tgz"',
  "http://127.0.0.1:4873/ is nexus: https://nexus.local:8443/npm/",
])("%s tells the host of a registry", (text) => {
  expect(broken(text)).toEqual(["no registry hosts a.ts:1"]);
});

test.each([
  `the root/ of it, .${WORK}/ and a${ROOT}/b, ~${WORK}/x, $ROOT${WORK}/y`,
  "/home/web_user and /home/pyodide belong to Pyodide's own file system",
  "https://github.com/pyrena/pyrena and https://docs.python.org/3/",
  "the package registry, https://example.org/registry",
])("%s is neither", (text) => {
  expect(broken(text)).toEqual([]);
});

test("compressed files are looked into", () => {
  const bytes = gzipSync(`\0\0${ROOT}/python3.13\0`);
  expect(checkFile("a.pyrt.gz", bytes).map(({ what }) => what)).toEqual([`${ROOT}/python3.13·`]);
});

test("a very large file is refused", () => {
  expect(checkFile("a.bin", Buffer.alloc(2 ** 22)).length).toBe(0);
  expect(checkFile("a.bin", Buffer.alloc(2 ** 22 + 1)).length).toBe(1);
});
