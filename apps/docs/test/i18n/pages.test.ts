/** The Chinese pages keep up with the English ones: the same parts, the same code, the same numbers. */
import { describe, expect, it } from "vitest";
import { fingerprint, pagesIn, partsOf, skeleton, sourceOf } from "./source.ts";

const translated = pagesIn("zh-cn");
/** A translation that lags behind says so to its readers, in a banner. */
const OUTDATED = "英文页面已有更新";

it.each([
  "index",
  ...["start", "learn"].flatMap((folder) => pagesIn(folder).map((page) => `${folder}/${page}`)),
])("%s has a Chinese page", (page) => {
  expect(translated).toContain(page);
});

it.each(translated)("zh-cn/%s has its English page", (page) => {
  expect(sourceOf(page), `there is no ${page} to be translated`).toBeDefined();
});

describe.each(translated.filter((page) => sourceOf(page) !== undefined))("zh-cn/%s", (page) => {
  const original = sourceOf(page)!;
  const chinese = partsOf(sourceOf(`zh-cn/${page}`)!);
  const english = partsOf(original);
  const now = fingerprint(original);
  const [, then] = /^translationOf: "(\w+)"$/m.exec(chinese.frontmatter) ?? [];
  const admitted = chinese.frontmatter.includes(OUTDATED);
  if (admitted) console.warn(`zh-cn/${page} lags behind, says so, and is not compared`);
  /** For what can be compared only with the page that was translated. */
  const compared = it.skipIf(then !== now);

  it.skipIf(admitted)("was translated from the English page as it is now", () => {
    expect(
      then,
      `${page} has changed since it was translated. Change zh-cn/${page} in the same way and set ` +
        `translationOf: "${now}" there. If you do not write Chinese, tell its readers instead, in its frontmatter:\n` +
        `banner:\n  content: ${OUTDATED}，本页尚未跟上。\n`,
    ).toBe(now);
  });

  compared("has the same live parts in the same order, in Chinese", () => {
    expect(chinese.live).toEqual(english.live);
    expect(chinese.languages.filter((language) => language !== "zh-CN")).toEqual([]);
  });

  compared("has the same code", () => {
    const code = ({ blocks }: typeof chinese) =>
      blocks.filter(({ language }) => language !== "").map(({ code }) => code);
    expect(code(chinese)).toEqual(code(english));
  });

  compared("has the same drawings, with words of its own", () => {
    const drawings = ({ blocks }: typeof chinese) =>
      blocks.filter(({ language }) => language === "").map(({ code }) => skeleton(code));
    expect(drawings(chinese)).toEqual(drawings(english));
  });

  compared("has the same headings, and below each the same numbers, names and links", () => {
    const local = chinese.sections.map((section) => ({
      ...section,
      links: section.links.map((link) => {
        expect(link, "leads to an English page").toMatch(/^\/zh-cn\//);
        return link.replace(/^\/zh-cn/, "");
      }),
    }));
    expect(local).toEqual(english.sections);
  });

  it("keeps to the rules of writing: blanks around Latin words, full-width punctuation", () => {
    const han = "\\p{Script=Han}";
    const marks = "，。；：！？、（）“”";
    const wrong = [
      `${han}[A-Za-z0-9\`]`,
      `[A-Za-z0-9\`%]${han}`,
      `${han} ?[,;:!?)"]`,
      `${han} ?\\((?!\\d+,)`, // (700, 10, 10) is Python's
      `[,;:!?()"] ?${han}`,
      `[${marks}] `,
      ` [${marks}]`,
      `${han} ${han}`,
      `${han}\\.(?!\\w)`,
    ].map((pattern) => new RegExp(`.{0,12}${pattern}.{0,12}`, "u"));
    const found = chinese.prose.flatMap((line) =>
      wrong.flatMap((pattern) => pattern.exec(line)?.[0] ?? []),
    );
    expect(found).toEqual([]);
    // Chinese has no italics: words are stressed in bold, and called by their names in quotation marks.
    expect(chinese.italics.filter((words) => /\p{Script=Han}/u.test(words))).toEqual([]);
  });
});
