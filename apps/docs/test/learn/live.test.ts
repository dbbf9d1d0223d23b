/**
 * The live parts in a browser, in both languages: each does what its page says, number for number. In English with nothing
 * but a keyboard, in Chinese with a mouse; captions come from the parts' own texts, so that both read the same scripts.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { grouped, type Language } from "../../src/i18n/texts.ts";
import { texts as arenas, words as arenaWords } from "../../src/live/arenas/texts.ts";
import { CollectorLab, scenes } from "../../src/live/collector/model.ts";
import { texts as collector } from "../../src/live/collector/texts.ts";
import { texts as debug } from "../../src/live/debug/texts.ts";
import { texts as domains } from "../../src/live/domains/texts.ts";
import { play, scenarios } from "../../src/live/finalizers/model.ts";
import { texts as finalizers } from "../../src/live/finalizers/texts.ts";
import { texts as freed } from "../../src/live/freed/texts.ts";
import { GenerationsLab } from "../../src/live/generations/model.ts";
import { texts as generations } from "../../src/live/generations/texts.ts";
import { texts as home } from "../../src/live/home/texts.ts";
import { texts as layers } from "../../src/live/layers/texts.ts";
import { texts as memory } from "../../src/live/memory/texts.ts";
import { texts as objects } from "../../src/live/objects/texts.ts";
import { freeLists, same } from "../../src/live/reuse/texts.ts";
import {
  arenaMap,
  exercise as exerciseTexts,
  graphView,
  stepper,
} from "../../src/live/shared/texts.ts";
import { missing, Site } from "../playground/browser.ts";
import { findingsInParts, folderOf, type Hand, open, Part } from "./hands.ts";

const course = readdirSync(join(import.meta.dirname, "../../src/content/docs/learn")).map(
  (name) => `learn/${name.replace(".mdx", "")}/`,
);

describe.skipIf(missing)("the live parts in a browser", () => {
  let site: Site;
  let page: Page;
  beforeAll(async () => {
    site = await Site.open(false);
    page = await site.page("");
  });
  afterAll(async () => {
    await site?.close();
  });

  describe.each<[Language, Hand]>([
    ["en", "keyboard"],
    ["zh-CN", "mouse"],
  ])("%s, by %s", (language, hand) => {
    // What readers have done with a part leaves it accessible, and as wide as a phone.
    afterEach(async () => {
      if (language === "en") return; // colours and structure are the same
      expect(await findingsInParts(page)).toEqual([]);
      await page.setViewportSize({ width: 390, height: 844 });
      const scrollWidth = await page.evaluate(() => document.documentElement.scrollWidth);
      await page.setViewportSize({ width: 1280, height: 900 });
      expect(scrollWidth).toBeLessThanOrEqual(390);
    });
    const go = (path: string): Promise<void> => open(site, page, folderOf[language] + path);
    const find = (title: string): Promise<Part> => Part.find(page, title, hand);

    it("speaks the page's language before any script has come", () => {
      for (const path of ["", "start/what/", ...course]) {
        const html = readFileSync(
          join(inject("site"), folderOf[language], path, "index.html"),
          "utf8",
        );
        const parts = html.match(/<section [^>]*class="live[^>]*>/g) ?? [];
        const titles = [...html.matchAll(/<p class="live-title"[^>]*>([^<]*)</g)];
        expect([path, titles.length > 0]).toEqual([path, true]);
        for (const part of parts) {
          expect([path, part]).toEqual([path, expect.stringContaining(`lang="${language}"`)]);
        }
        for (const [, title] of titles) {
          expect([title, /\p{Script=Han}/u.test(title!)]).toEqual([title, language === "zh-CN"]);
        }
      }
    });

    it("layers: sends requests over 512 bytes, and of none, to the raw allocator", async () => {
      const t = layers[language];
      await go("learn/private-heap/");
      const part = await find(t.title);
      const example = (n: number, bytes: number): string => t.example(t.examples[n]!, bytes);
      await part.press(example(0, 28));
      await part.shows({ "served by": "pymalloc", "bytes the block takes": "32" });
      await part.press(example(2, 512));
      await part.shows({ "served by": "pymalloc", "pools in use": "2", "raw blocks": "0" });
      await part.press(example(3, 513), "Space");
      await part.shows({ "served by": "raw", "raw blocks": "1" });
      await part.write(part.number(t.ask), "0");
      await part.press("malloc");
      await part.shows({ "served by": "raw", "raw blocks": "2", arenas: "1" });
      const lines = await part.root.locator("ol.log li").allTextContents();
      expect(lines[1]).toBe(
        `pymalloc${t.colon}${t.says.nothing({ layer: "pymalloc", what: "nothing" })}`,
      );
    });

    it("arenas: hands out blocks, and gives those freed last first", async () => {
      const t = arenas[language];
      const map = arenaMap[language];
      await go("learn/arenas/");
      const part = await find(t.title);
      await part.press("malloc");
      await part.shows({
        "live blocks": "1,000",
        "pools in use": "3",
        "bytes in blocks": "48,000",
      });
      await part.reach(part.root.getByRole("application"));
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowRight");
      const chosen = part.root.getByRole("status").first();
      const pool = (live: number): string =>
        map.pool({ arena: 0, pool: 1, address: "0x104000" }, 48, live, 340);
      await expect.poll(() => chosen.textContent()).toBe(pool(340));
      await part.press(t.freeHalf);
      await part.shows({ "live blocks": "500", "bytes in blocks": "24,000", arenas: "1" });
      await expect.poll(() => chosen.textContent()).toBe(pool(170));
      // The free list runs backwards: each address is two blocks before the last.
      const next = await part.root.locator("p").filter({ hasText: "→" }).textContent();
      const addresses = next!.match(/0x[0-9a-f]+/g)!.map(Number);
      expect(addresses.length).toBe(5);
      for (let n = 1; n < 5; n++) expect(addresses[n]! - addresses[n - 1]!).toBe(-96);
      await part.press(part.root.locator("summary"), "Space");
      expect(await part.root.locator("details tbody tr").count()).toBe(3);
      await part.write(part.number(t.size), "600");
      await part.press("malloc");
      await part.shows({ "raw blocks": "1,000", "live blocks": "1,500" });
      await part.choose("CPython", "3.9");
      await part.shows({ "live blocks": "0", arenas: "0" });
      await part.write(part.number(t.size), "48");
      await part.press("malloc");
      await part.shows({ "pools in use": "12", "bytes in arenas": "262,144" });
      await part.press(t.freeAll);
      await part.says(t.freed(1000));
    });

    it("freed: shows how few survivors hold how many arenas", async () => {
      const t = freed[language];
      await go("learn/freed-memory/");
      const part = await find(t.title);
      await part.shows({
        "arenas before": "7",
        "arenas after": "7",
        "live bytes": "6,400",
        "held for each live byte": "1146.9",
      });
      await part.choose(t.made, "together");
      await part.shows({ "arenas after": "1", "live blocks": "100" });
      await part.choose(t.made, "scattered");
      await part.choose(t.survivors, "20000");
      await part.shows({ "arenas after": "5", "live blocks": "5" });
      await part.choose(t.survivors, "0");
      await part.choose("CPython", "3.8");
      await part.shows({ "arenas after": "0", "bytes held": "0" });
      await part.choose("CPython", "3.9");
      await part.shows({ "arenas after": "1", "bytes held": "262,144" });
    });

    it("objects: counts names and places in lists, and shows the bytes", async () => {
      const t = objects[language];
      await go("learn/objects/");
      const part = await find(t.title);
      await part.shows({ "sys.getsizeof": "72", "reference count": "1" });
      await part.press("b = a");
      await part.says(t.changed("bind", 1, 2));
      await part.press("box.append");
      await part.press("box.append", "Space");
      await part.shows({ "reference count": "4", "in box": "2", names: "a, b" });
      expect(await part.root.locator(".bytes b").nth(16).textContent()).toBe("04");
      await part.press("box.clear");
      await part.press("del b");
      await part.press("del a");
      await part.says(t.died("unbind"));
      await part.shows({ "reference count": "0", state: t.dead });
      await part.choose("a =", "1000");
      const bytes = (await part.root.locator(".bytes b").allTextContents()).join(" ");
      expect(bytes).toMatch(/e8 03 00 00$/);
      await part.choose("a =", "(1, 2)");
      await part.shows({ "sys.getsizeof": "56", state: t.alive });
      await part.choose("CPython", "3.14");
      await part.shows({ "sys.getsizeof": "64" });
      await part.choose("a =", "None");
      const none = Number((await part.figure("reference count"))!.replaceAll(",", ""));
      await part.press("b = a");
      await part.says(t.changed("bind", none, none));
      await part.choose("CPython", "3.11");
      await part.press("b = a");
      await expect
        .poll(() => part.root.getByRole("status").textContent())
        .not.toContain(grouped(none));
      const after = Number((await part.figure("reference count"))!.replaceAll(",", ""));
      await part.says(t.changed("bind", after - 1, after));
    });

    it("reuse: says which objects are one, and which come back", async () => {
      const t = same[language];
      const f = freeLists[language];
      await go("learn/reuse/");
      const part = await find(t.title);
      const verdicts = async (...wanted: string[]): Promise<void> => {
        await expect
          .poll(() => part.root.locator("tbody td:last-child").allTextContents())
          .toEqual(wanted);
      };
      await verdicts("True", "False", "True");
      await part.write(part.number(t.ints), "257");
      await part.write(part.root.getByRole("textbox"), "a");
      await verdicts("False", "True", "True");
      await part.write(part.number(t.ints), "1024");
      await part.choose("CPython", "3.15");
      await verdicts("True", "True", "True");
      const lists = await find(f.title);
      await lists.press(f.make);
      await lists.says(f.made(0));
      await lists.press(f.drop);
      await lists.shows({ alive: "0", PyListObject: "80" });
      await lists.press(f.make);
      await lists.says(f.made(100));
      await lists.press(f.drop);
      await lists.press("gc.collect()");
      await lists.says(f.collected);
      expect(await lists.root.locator("dd").count()).toBe(1);
    });

    it("generations: collects when the thresholds say", async () => {
      const t = generations[language];
      await go("learn/generations/");
      const part = await find(t.title);
      await part.press(t.make);
      await part.says(t.made(9, 18_009, 0));
      await part.press(t.make);
      await part.shows({ collections: "19", "lists made": "40,000" });
      await part.press(part.root.locator("summary"));
      const rows = part.root.locator("tbody tr");
      expect(await rows.count()).toBe(19);
      expect(await rows.locator("td:nth-child(2)").allTextContents()).toEqual(
        Array.from({ length: 19 }, (_, n) => (n === 11 ? "1" : "0")),
      );
      await part.choose(t.lists, "drop in cycles");
      await part.press(t.reset);
      await part.press(t.make);
      const dropped = new GenerationsLab("3.13");
      dropped.make(20_000, "drop in cycles");
      const sum = (of: "looked" | "collected"): number =>
        dropped.collections.reduce((all, run) => all + run[of], 0);
      expect(sum("collected")).toBeGreaterThan(17_000);
      await part.says(t.made(dropped.collections.length, sum("looked"), sum("collected")));
      await part.choose("CPython", "3.12");
      await part.shows({ "gc.get_threshold()": "(700, 10, 10)", collections: "0" });
      await part.choose(t.lists, "keep");
      await part.press(t.make);
      await part.shows({ collections: "28" });
      await part.choose("CPython", "3.14");
      await part.press(t.make);
      const debt = Number((await part.figure("work to do"))!.replaceAll(",", ""));
      expect(debt).toBeLessThan(0);
      expect(Number(await part.figure("collections"))).toBeLessThan(5);
      await part.write(part.number(t.threshold), "20000");
      await part.shows({ "gc.get_threshold()": "(20000, 10, 0)" });
      await part.press(t.make);
      await part.says(t.made(0, 0, 0));
    });

    it("finalizers: prints what CPython prints, of each program", async () => {
      const t = finalizers[language];
      await go("learn/finalizers/");
      const part = await find(t.title);
      const printed = async (lines: readonly string[]): Promise<void> => {
        await expect.poll(() => part.root.locator("ol.log li").allTextContents()).toEqual(lines);
      };
      for (const [n, scenario] of scenarios.entries()) {
        await part.choose(t.program, String(n));
        await printed(play(scenario));
      }
      await part.choose(t.program, "2");
      await printed(["del, weak reference dead", "collected 1"]);
      await part.choose("CPython", "3.15");
      await printed(["del, weak reference alive", "collected 1"]);
    });

    it("debug: finds what was written beside the block", async () => {
      const t = debug[language];
      await go("learn/debug-hooks/");
      const part = await find(t.title);
      const report = part.root.locator("[data-report]");
      const text = part.root.getByRole("textbox");
      const free = async (ends: string): Promise<void> => {
        await part.press("free(p)");
        await part.says(t.broken);
        expect((await report.textContent())!.trim().split("\n").at(-1)).toContain(ends);
        await part.press(t.reset);
        await expect.poll(() => report.count()).toBe(0);
      };
      await part.shows({ "asked for": "10", "with fences": "34", "block of pymalloc": "48" });
      await part.press(t.write);
      await part.says(t.written(11));
      await free("bad trailing pad byte");
      for (const [offset, ends] of [
        [-1, "bad leading pad byte"],
        [-8, "bad ID"],
        [-9, "bad trailing pad byte"],
      ] as const) {
        await part.write(part.number(t.offset), String(offset));
        await part.press(`p[${offset}] = 0x2a`);
        await part.says(`p[${offset}] = 0x2a`);
        await free(ends);
      }
      await part.write(text, "012345678");
      await part.press(t.write);
      await part.press("free(p)");
      await part.says(t.stands);
      await part.shows({ state: t.freed });
    });

    it("domains: counts calls, and lets one of them fail", async () => {
      const t = domains[language];
      await go("learn/domains/");
      const part = await find(t.title);
      const row = (domain: number): Promise<string[]> =>
        part.root.locator("tbody tr").nth(domain).locator("td").allTextContents();
      await part.says(t.ended);
      expect((await row(2)).slice(0, 5)).toEqual(["OBJ", "1,000", "0", "0", "900"]);
      await part.choose(t.load, "a list that grows to 10,000");
      await expect.poll(async () => (await row(1))[3]).toBe("47");
      await part.choose(t.load, "1,000 floats");
      await part.write(part.number(t.failAt), "500");
      await expect.poll(async () => (await row(2))[6]).toBe("1");
      const status = part.root.getByRole("status");
      expect(await status.textContent()).toContain("MemoryError");
      expect((await status.textContent())!.startsWith(t.failed(""))).toBe(true);
    });

    it("memory: names all of the memory while frames and objects come and go", async () => {
      const t = memory[language];
      await go("learn/memory-layout/");
      const part = await find(t.title);
      const used = async (region: string): Promise<number> => {
        const cell = part.root.locator(`[data-region="${region}"] td`).last();
        return Number((await cell.textContent())!.replaceAll(",", ""));
      };
      const sum = async (): Promise<number> => {
        const cells = await part.root.locator("tbody td:nth-child(2)").allTextContents();
        return cells.reduce((all, text) => all + Number(text.replaceAll(",", "")), 0);
      };
      await part.press(t.call);
      await part.says(t.called(100));
      const stack = await used("data stack");
      expect(stack).toBeGreaterThan(100 * 80);
      await part.press(t.unwind);
      await part.shows({ frames: "0" });
      expect(await used("data stack")).toBeLessThan(stack);
      const heap = await used("object heap");
      await part.press(t.small);
      await part.shows({ "objects kept": "20,000" });
      expect(await used("object heap")).toBeGreaterThan(heap + 20_000 * 24);
      await part.press(t.large);
      await part.says(t.largeMade);
      expect(await used("raw blocks")).toBeGreaterThan(500_000);
      expect(grouped(await sum())).toBe(await part.figure("memory"));
      await part.press(t.drop);
      await part.shows({ "objects kept": "0" });
      expect(await used("raw blocks")).toBeLessThan(100_000);
      await part.press(t.reset);
      await part.shows({ frames: "0", "objects kept": "0" });
    });

    it("home: runs, and keeps its arenas when most objects are gone", async () => {
      const t = home[language];
      await go("");
      const part = await find(t.title);
      await part.press(t.make);
      await part.shows({ "objects made": "11,000", "objects alive": "11,000" });
      await part.press(t.run);
      await expect
        .poll(async () => Number((await part.figure("objects made"))!.replaceAll(",", "")))
        .toBeGreaterThan(11_000);
      await part.press(t.pause);
      for (let n = 0; n < 3; n++) await part.press(t.make);
      const before = Number(await part.figure("arenas"));
      const alive = Number((await part.figure("objects alive"))!.replaceAll(",", ""));
      await part.press(t.drop);
      await part.says(t.dropped(before, before));
      await part.shows({ "objects alive": grouped(Math.ceil(alive / 100)) });
    });

    it("collector: goes through update, subtract and move with the counts of the model", async () => {
      const t = collector[language];
      const s = stepper[language];
      await go("learn/collector/");
      const part = await find(t.title);
      for (const [n, scene] of scenes.slice(0, 2).entries()) {
        await part.choose(t.graph, String(n));
        const lab = new CollectorLab(scene);
        for (const [at, step] of lab.steps().entries()) {
          if (at > 0) await part.press(s.next);
          const seen = await seenIn(part);
          const refs = lab.names.map((name) => {
            const working = step.refs.get(name);
            const refcount = lab.refcount(name);
            return [name, working === undefined ? `rc ${refcount}` : t.note(working, refcount)];
          });
          expect([at, seen]).toEqual([
            at,
            {
              notes: Object.fromEntries(refs),
              young: step.young.join(" → ") || t.empty,
              unreachable: step.unreachable.join(" → ") || t.empty,
            },
          ]);
        }
        // At the end the button for the next step rests, and still has the focus.
        expect(await part.button(s.next).getAttribute("aria-disabled")).toBe("true");
        await part.press(s.first);
        await part.press(s.last);
        await part.press(s.back);
      }
      const slider = part.root.getByRole("slider");
      await part.reach(slider);
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowRight");
      expect(await slider.getAttribute("aria-valuetext")).toBe(
        s.step(2, new CollectorLab(scenes[1]).steps().length),
      );
    });

    it("collector: is edited by the reader, and the real collector ends as foretold", async () => {
      const t = collector[language];
      const s = stepper[language];
      await go("learn/collector/");
      const part = await find(t.title);
      const lab = new CollectorLab(scenes[0]);
      const node = (name: string) => part.root.locator(`[data-node="${name}"]`);
      /** Escape, or a click beside the nodes: nothing is picked any more. */
      const putDown = async (): Promise<void> => {
        if (hand === "keyboard") await page.keyboard.press("Escape");
        else await part.root.locator("svg.graph").click({ position: { x: 3, y: 3 } });
        await part.root.getByText(t.pick).waitFor();
      };
      const agrees = async (): Promise<void> => {
        await expect
          .poll(async () => (await seenIn(part)).notes)
          .toEqual(Object.fromEntries(lab.names.map((name) => [name, `rc ${lab.refcount(name)}`])));
      };
      // A new object, held by a variable; an arrow to it and from it, by picking nodes.
      await part.press(t.newObject);
      expect(lab.add()).toBe("F");
      await agrees();
      await part.press(node("F"));
      await part.press(node("D"), "Space");
      lab.link("F", "D");
      await part.says(t.linked("F", "D", 1));
      await agrees();
      // The same reference twice more, by buttons, to itself too; one is taken away.
      await part.press(node("F"));
      await part.choose(t.to, "D");
      await part.press("f.append(d)");
      await part.press("f.append(d)");
      await part.says(t.linked("F", "D", 3));
      const told = t.node({
        refcount: 1,
        working: undefined,
        state: undefined,
        held: true,
        references: [["D", 3]],
      });
      expect(await node("F").getAttribute("aria-label")).toBe(graphView[language].node("F", told));
      expect(await part.root.locator("text.times").textContent()).toBe("×3");
      await part.press("f.remove(d)");
      await part.says(t.unlinked("F", "D", []));
      await part.choose(t.to, "F");
      await part.press("f.append(f)");
      lab.link("F", "D");
      lab.link("F", "F");
      await agrees();
      // No root any more: F holds itself, and D and E through it; a root for E instead.
      await part.press("del f");
      lab.setVariable("F", false);
      await part.says(t.unbound("f", []));
      await putDown();
      await part.press(node("E"));
      await part.press(t.bind("E"));
      lab.setVariable("E", true);
      await part.says(t.bound("E"));
      await agrees();
      await putDown();
      // B goes: C, which nothing else refers to, dies with it, at once.
      await part.press(node("B"));
      await part.press(t.remove("B"));
      await part.says(t.removed("B", lab.remove("B")));
      expect(lab.names).toEqual(["A", "D", "E", "F"]);
      await agrees();
      const end = lab.steps().at(-1)!;
      await part.press(s.last);
      await part.root.getByText(t.done(end.unreachable)).waitFor();
      await part.press(t.collect);
      expect(end.unreachable).toEqual(["F"]);
      await part.says(t.collected(1, ["F"], end.young, true));
      lab.collect();
      await agrees();
      // From the beginning, and with nobody who holds anything: all goes.
      await part.press(t.startAgain);
      await part.press(node("A"));
      await part.press("del a");
      await part.press(t.collect);
      await part.says(t.collected(5, [..."ABCDE"], [], true));
      await part.press(t.newObject);
      await expect.poll(async () => (await seenIn(part)).notes).toEqual({ A: "rc 1" });
    });

    it("exercises: know their answers, and take what is right", async () => {
      const t = exerciseTexts[language];
      await go("learn/arenas/");
      const asked = page.locator("[data-exercise='arenas/rounding']");
      const field = asked.getByRole("textbox");
      await field.fill("33");
      await field.press("Enter");
      await asked.getByText(t.notYet).waitFor();
      await field.fill(language === "en" ? " 48 " : "４８ 字节");
      await field.press("Enter");
      await asked.getByText(t.right(language === "en" ? "48 bytes" : "48 字节")).waitFor();
      const order = page.locator("[data-exercise='arenas/lifo']");
      await order.getByRole("textbox").fill(arenaWords[language]["second"]);
      await order.getByRole("textbox").press("Enter");
      await order.getByText(t.right(arenaWords[language]["second"])).waitFor();
    });
  });

  it("is reached from the beginning of its page by Tab and Enter alone", async () => {
    await open(site, page, "learn/arenas/");
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter"); // Skip to content
    await page.keyboard.press("Tab");
    const part = Part.at(page, arenas.en.title);
    await part.press("malloc");
    await part.shows({ "live blocks": "1,000" });
  });
});

/** What the collector's picture shows. */
async function seenIn(part: Part): Promise<{
  notes: Readonly<Record<string, string>>;
  young: string;
  unreachable: string;
}> {
  return part.root.evaluate((root) => {
    const lane = (name: string): string =>
      root.querySelector(`[data-lane="${name}"]`)!.lastChild!.textContent!;
    const notes = [...root.querySelectorAll("[data-node]")].map((node) => {
      const [, note] = node.parentElement!.querySelectorAll("text");
      return [node.getAttribute("data-node")!, note!.textContent!] as const;
    });
    return {
      notes: Object.fromEntries(notes),
      young: lane("young"),
      unreachable: lane("unreachable"),
    };
  });
}
