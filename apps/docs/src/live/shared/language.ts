/** The language of a live part, for the components in it: a part hands it to `LivePart`, what lies in there asks for it. */
import { type Context, createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Language, Translated } from "../../i18n/texts.ts";

export const LanguageContext: Context<Language> = createContext<Language>("en");

/** Texts in the language of the part around. */
export function useTexts<Texts>(texts: Translated<Texts>): Texts {
  return texts[useContext(LanguageContext)];
}
