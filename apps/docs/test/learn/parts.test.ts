/** The figures that the pages of the course speak of, part by part. */
import { expect, it } from "vitest";
import type { Translated } from "../../src/i18n/texts.ts";
import { DebugLab } from "../../src/live/debug/model.ts";
import { runLoad } from "../../src/live/domains/model.ts";
import { play, scenarios } from "../../src/live/finalizers/model.ts";
import { survive } from "../../src/live/freed/model.ts";
import { GenerationsLab } from "../../src/live/generations/model.ts";
import { ChurnLab } from "../../src/live/home/model.ts";
import { RequestLab } from "../../src/live/layers/model.ts";
import { MemoryLab } from "../../src/live/memory/model.ts";
import { kinds, ObjectLab } from "../../src/live/objects/model.ts";
import { FreeListLab, sameInts, sameStrs } from "../../src/live/reuse/model.ts";
import { type Answers, sameAnswer } from "../../src/live/shared/Exercise.tsx";

const exercises = import.meta.glob<{ readonly answers: Answers }>("../../src/live/*/exercises.ts", {
  eager: true,
});
const pages = import.meta.glob<string>("../../src/content/docs/learn/*.mdx", {
  eager: true,
  query: "?raw",
  import: "default",
});

const right: Readonly<Record<string, number | string>> = {
  "layers/threshold": 512,
  "layers/zero": "raw",
  "freed/five": 5,
  "freed/together": 1,
  "freed/old": 0,
  "objects/count": 4,
  "objects/sizeof": 72,
  "objects/head": 16,
  "reuse/largest": 256,
  "reuse/floats": 100,
  "generations/kept": 9,
  "generations/middle": 12,
  "finalizers/first": "callback",
  "finalizers/dels": 2,
  "finalizers/order": 3,
  "debug/block": 48,
  "debug/fits": 9,
  "domains/growth": 47,
  "domains/floats": 1000,
  "memory/large": "raw blocks",
};

it("works out the answers that the explanations give", () => {
  for (const [name, answer] of Object.entries(right)) {
    const [part, id] = name.split("/") as [string, string];
    expect([name, exercises[`../../src/live/${part}/exercises.ts`]!.answers[id]!()]).toEqual([
      name,
      answer,
    ]);
  }
});

it("has an answer for each exercise of each page, and on each page one exercise at least", () => {
  for (const [path, text] of Object.entries(pages)) {
    const asked = [...text.matchAll(/<Exercise client:visible part="([^"]+)" id="([^"]+)"/g)];
    expect([path, asked.length > 0]).toEqual([path, true]);
    for (const [, part, id] of asked) {
      const answers = exercises[`../../src/live/${part}/exercises.ts`]?.answers;
      expect([path, id, answers !== undefined && id! in answers]).toEqual([path, id, true]);
    }
  }
});

it("has each text of each part in Chinese, but for those that are names", () => {
  const modules = import.meta.glob<Readonly<Record<string, unknown>>>("../../src/live/*/texts.ts", {
    eager: true,
  });
  const names = new Set(["pool", "arena", "raw", "pymalloc", "list", "float", "dict", "a is b"]);
  const same: string[] = [];
  const compare = (where: string, en: unknown, zh: unknown): void => {
    const [one, other] = [en, zh].map((text) => (typeof text === "function" ? `${text}` : text));
    if (typeof one === "string" && one === other && !names.has(one)) same.push(`${where}: ${one}`);
    if (typeof en !== "object" || en === null) return;
    for (const [key, value] of Object.entries(en)) {
      compare(`${where}.${key}`, value, (zh as Readonly<Record<string, unknown>>)[key]);
    }
  };
  for (const [path, module] of Object.entries(modules)) {
    for (const [name, texts] of Object.entries(module)) {
      const { en, "zh-CN": zh } = texts as Translated<unknown>;
      compare(`${path.split("/").at(-2)}.${name}`, en, zh);
    }
  }
  expect(same).toEqual([]);
});

it("compares answers without regard to separators and case", () => {
  expect(sameAnswer(" 1,048,576 ", 1_048_576)).toBe(true);
  expect(sameAnswer("Raw Blocks", "raw blocks")).toBe(true);
  expect(sameAnswer("", 0)).toBe(false);
  expect(sameAnswer("10", 100)).toBe(false);
  expect(sameAnswer("１，０４８，５７６", 1_048_576)).toBe(true);
});

it("sends a request over 512 bytes, or of none, to the raw allocator", () => {
  const lab = new RequestLab();
  expect(lab.request(28)).toMatchObject({ servedBy: "pymalloc", blockBytes: 32 });
  expect(lab.request(28).stops.map(({ layer }) => layer)).toEqual(["domain", "pymalloc", "pool"]);
  expect([512, 513, 0].map((size) => lab.request(size).servedBy)).toEqual([
    "pymalloc",
    "raw",
    "raw",
  ]);
});

it("holds as many arenas as the page says", () => {
  const base = { count: 100_000, size: 64, order: "scattered", python: "3.13" } as const;
  const held = (keepOneIn: number, more: object = {}): number[] => {
    const { before, after } = survive({ ...base, keepOneIn, ...more });
    return [before.arenas, after.arenas];
  };
  expect(held(1000)).toEqual([7, 7]);
  expect(Math.round(survive({ ...base, keepOneIn: 1000 }).ratio)).toBe(1147);
  expect(held(1000, { order: "together" })).toEqual([7, 1]);
  expect(held(20_000)).toEqual([7, 5]);
  expect(held(0)).toEqual([7, 1]);
  expect(held(0, { python: "3.9" })[1]).toBe(1);
  expect(held(0, { python: "3.8" })[1]).toBe(0);
});

it("shows objects as they lie in memory: fields side by side, without a gap but for padding", () => {
  for (const python of ["3.11", "3.12", "3.13", "3.14", "3.15"]) {
    for (const kind of kinds) {
      const lab = new ObjectLab(python, kind);
      const { bytes, fields, origin } = lab.bytes();
      const view = new DataView(bytes.buffer);
      let end = 0;
      for (const field of fields) {
        expect([python, kind, field.name, field.offset >= end]).toEqual([
          python,
          kind,
          field.name,
          true,
        ]);
        end = field.offset + field.bytes;
      }
      expect(end).toBe(bytes.length);
      expect(view.getUint32(origin, true)).toBe(lab.refcount);
    }
  }
  expect(new TextDecoder().decode(new ObjectLab("3.13", "'abc'").bytes().bytes.slice(-4))).toBe(
    "abc\0",
  );
  expect([...new ObjectLab("3.13", "1000").bytes().bytes.slice(-4)]).toEqual([0xe8, 3, 0, 0]);
  expect(new ObjectLab("3.13", "(1, 2)").sizeof).toBe(56);
  expect(new ObjectLab("3.14", "(1, 2)").sizeof).toBe(64);
});

it("counts names and places in lists, and lets the object die with the last", () => {
  const lab = new ObjectLab();
  lab.bind();
  lab.box();
  expect(lab.refcount).toBe(3);
  lab.unbox();
  lab.unbind();
  expect([lab.refcount, lab.alive]).toEqual([1, true]);
  lab.unbind();
  expect([lab.refcount, lab.alive]).toEqual([0, false]);
  const none = (python: string): number => {
    const one = new ObjectLab(python, "None");
    const before = one.refcount;
    one.bind();
    return one.refcount - before;
  };
  expect(["3.11", "3.12", "3.13", "3.14"].map(none)).toEqual([1, 0, 0, 0]);
});

it("shares small ints, interned strs and letters, and nothing else", () => {
  expect([-6, -5, 256, 257].map((n) => sameInts(n).same)).toEqual([false, true, true, false]);
  expect([1024, 1025].map((n) => sameInts(n, "3.15").same)).toEqual([true, false]);
  expect(sameStrs("hello", false).same).toBe(false);
  expect(sameStrs("hello", true).same).toBe(true);
  expect(sameStrs("a", false).same).toBe(true);
});

it("keeps 80 of 100 lists, gives them out again, and none after a collection", () => {
  const lab = new FreeListLab();
  lab.make("list", 100);
  lab.drop();
  expect(lab.kept()).toContainEqual({ name: "PyListObject", free: 80, bytes: 40 });
  expect(lab.make("list", 100)).toBeGreaterThanOrEqual(80);
  lab.drop();
  lab.collect();
  expect(lab.kept()).toEqual([]);
});

it("collects when the page says that it does", () => {
  const run = (python: string, fate: "keep" | "drop in cycles" = "keep"): GenerationsLab => {
    const lab = new GenerationsLab(python);
    lab.make(40_000, fate);
    lab.runtime.verify();
    return lab;
  };
  const lab = run("3.13");
  expect(lab.collections.map(({ generation }) => generation).slice(0, 13)).toEqual([
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0,
  ]);
  expect(lab.collections).toHaveLength(19);
  expect(run("3.12").collections).toHaveLength(57);
  const incremental = run("3.14");
  expect(incremental.collections.every(({ generation }) => generation === 1)).toBe(true);
  expect(incremental.collections.length).toBeLessThan(5);
  expect(incremental.progress()!.workToDo).toBeLessThan(0);
  const dropped = run("3.13", "drop in cycles");
  expect(dropped.collections.reduce((sum, { collected }) => sum + collected, 0)).toBeGreaterThan(
    35_000,
  );
});

it("runs finalizers and callbacks in the order that the page draws", () => {
  const all = (python: string): string[] => scenarios.map((one) => play(one, python).join(", "));
  expect(all("3.13")).toEqual([
    "del a, callback None, end",
    "deleted, callback None, del a, del b, collected 2",
    "del, weak reference dead, collected 1",
    "del a, del b, collected 0 saved 2, collected 2 saved 0",
    "callback 3, callback 2, callback 1",
  ]);
  expect(all("3.15")[2]).toBe("del, weak reference alive, collected 1");
});

it("finds a byte too many, a byte too early, and another domain's block", () => {
  const told = (spoil: (lab: DebugLab) => void): string | undefined => {
    const lab = new DebugLab();
    spoil(lab);
    return lab.free()?.split("\n").at(-1);
  };
  expect(told((lab) => lab.writeText("012345678"))).toBeUndefined();
  expect(told((lab) => lab.writeText("0123456789"))).toContain("bad trailing pad byte");
  expect(told((lab) => lab.write(-1, 0))).toContain("bad leading pad byte");
  expect(told((lab) => lab.write(-8, 0x2a))).toContain("bad ID");
  expect(told((lab) => lab.write(-9, 0x2a))).toContain("bad trailing pad byte");
  expect(new DebugLab().free()).toBeUndefined();
});

it("counts what objects ask of the domains, and ends in MemoryError where a request fails", () => {
  const floats = runLoad("1,000 floats");
  expect([floats.calls[2].malloc, floats.calls[2].free, floats.error]).toEqual([
    1000,
    900,
    undefined,
  ]);
  expect(runLoad("a list that grows to 10,000").calls[1].realloc).toBe(47);
  const failed = runLoad("1,000 floats", 500);
  expect(failed.error).toContain("MemoryError");
  expect(failed.calls[2].refused).toBe(1);
});

it("names every byte of the memory, in order", () => {
  const lab = new MemoryLab();
  lab.call(100);
  lab.makeSmall(20_000);
  lab.makeLarge(500_000);
  const stretches = lab.stretches();
  let at = 0;
  for (const { base, bytes } of stretches) {
    expect(base).toBe(at);
    at += bytes;
  }
  expect(at).toBe(lab.bytes);
  const of = (name: string): number => lab.kinds().find((kind) => kind.name === name)!.used;
  expect(of("data stack")).toBeGreaterThan(100 * 80);
  expect(of("raw blocks")).toBeGreaterThan(500_000);
  lab.unwind();
  lab.drop();
  expect(of("raw blocks")).toBeLessThan(100_000);
  lab.runtime.verify();
});

it("has a first picture that keeps most arenas when most objects are gone", () => {
  const lab = new ChurnLab();
  lab.turn(30_000, 5000);
  const before = lab.arenas().length;
  lab.dropMost();
  expect(lab.live).toBe(250);
  expect(before).toBeGreaterThan(1);
  expect(lab.arenas().length).toBe(before);
  lab.runtime.verify();
});
