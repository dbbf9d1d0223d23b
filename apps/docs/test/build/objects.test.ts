/** The page on objects: its programs in processes of their own, what the command says of their file, its live part. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HistoryLab } from "../../src/live/build-objects/model.ts";
import { blocksOf, expectPrinted, pageText, runCode } from "./run-code.ts";

const root = join(import.meta.dirname, "../../../..");
const source = join(import.meta.dirname, "../../src/live/build-objects");
const blocks = blocksOf("objects");
const texts = blocks.filter(({ language }) => language === "text").map(({ code }) => code);

describe("the programs", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pyrena-history-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (...args: string[]): string[] =>
    execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8", timeout: 30_000 })
      .trimEnd()
      .split("\n");
  const command = join(root, "apps/cli/dist/main.js");

  it("save, restore, and are looked into", () => {
    expectPrinted(run(join(source, "save.mjs")), texts[0]!);
    expectPrinted(run(join(source, "restore.mjs")), texts[1]!);
    expectPrinted(run(command, "heap", "--top", "3", "history.image"), texts[2]!);
    expectPrinted(run(command, "heap", "history.image", "--object", "0x34920"), texts[3]!);
    expect(texts).toHaveLength(5);
  });
});

it("makes a type of its own", async () => {
  const js = blocks.filter(({ language }) => language === "js");
  expect(js).toHaveLength(1);
  expectPrinted((await runCode(js[0]!.code)).printed, texts[4]!);
});

it("quotes the examples of the repository as they are", () => {
  const readme = import.meta.glob<string>("../../../../examples/builders/README.md", {
    eager: true,
    query: "?raw",
    import: "default",
  });
  const [text] = Object.values(readme);
  expect(text).toContain("501 versions of it: 129077 KiB as copies, 795 KiB shared");
  expect(pageText("objects")).toContain("501 versions in 795 KiB, 129,077 KiB as copies");
});

describe("the live part", () => {
  it("edits, undoes and redoes, and gives back at once what nothing refers to", () => {
    const lab = new HistoryLab();
    const { history } = lab;
    const bytes = (): number => lab.runtime.snapshot().totals.liveBytes;
    history.edit(0, "one");
    const small = bytes();
    history.edit(1, "two".repeat(1000));
    expect(history.paragraphs.slice(0, 2)).toEqual(["one", "two".repeat(1000)]);
    expect(history.undo()).toBe(true);
    expect(history.counts).toEqual([1, 1]);
    expect(history.redo()).toBe(true);
    expect(history.redo()).toBe(false);
    history.undo();
    history.edit(2, "three");
    expect(history.counts).toEqual([2, 0]);
    expect(bytes() - small).toBeLessThan(1000);
    expect(history.versions).toHaveLength(3);
    lab.runtime.verify();
  });

  it("shares what versions have in common", () => {
    const lab = new HistoryLab();
    for (let n = 0; n < 100; n++) lab.history.edit(n % 3, `Edit ${n + 1} says this.`);
    const { copies, shared } = lab.bytes();
    expect(shared).toBeLessThan(copies / 1.5);
  });

  it("opens what was saved, undo history and all", () => {
    const lab = new HistoryLab();
    lab.history.edit(0, "kept");
    const image = lab.save();
    for (let n = 0; n < 10; n++) lab.history.edit(0, `lost ${n}`);
    lab.open(image);
    expect(lab.history.counts).toEqual([1, 0]);
    expect(lab.history.paragraphs[0]).toBe("kept");
    lab.history.undo();
    expect(lab.history.paragraphs[0]).toBe("Call me Ishmael.");
    lab.runtime.verify();
    expect(() => lab.open(image.slice(0, 1000))).toThrow();
  });
});
