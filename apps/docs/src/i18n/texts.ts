/**
 * What live parts say, in each language of the site. A part has its texts in `texts.ts` in its folder: an object for
 * each language, both of one type, so that a text that is missing does not compile. A text with a gap is a function: each
 * language puts its own sentence together, with its own plurals. Terms: `terms.md`.
 */

/** The languages, as BCP 47 tags: what the page's `lang` is, and what a part is told. */
export type Language = "en" | "zh-CN";

/** The same texts in each language. */
export type Translated<Texts> = Readonly<Record<Language, Texts>>;

/** Texts in both languages: the English ones say which there are. */
export function translated<Texts>(english: Texts, chinese: NoInfer<Texts>): Translated<Texts> {
  return { en: english, "zh-CN": chinese };
}

/** What a part is told by its page, which is not type-checked: without it, English. */
export interface PartProps {
  readonly language?: Language | undefined;
}

/** A number for people: both languages put a comma before each thousand. */
export function grouped(number: number): string {
  return number.toLocaleString("en");
}

/** An English number of things: `1 arena`, `2 arenas`. */
export function many(number: number, one: string, more: string = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : more}`;
}
