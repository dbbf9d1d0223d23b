/** What is compared between a page and its translation, read from the pages' sources. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const content: string = join(import.meta.dirname, "../../src/content/docs");

/** Paths of all pages below a folder of the content, without their endings: `learn/arenas`. */
export function pagesIn(folder: string): string[] {
  return readdirSync(join(content, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.mdx?$/.test(name))
    .map((name) => name.replaceAll("\\", "/").replace(/\.mdx?$/, ""))
    .sort();
}

/** The source of a page; undefined if there is none. */
export function sourceOf(page: string): string | undefined {
  for (const ending of ["mdx", "md"]) {
    try {
      return readFileSync(join(content, `${page}.${ending}`), "utf8");
    } catch {
      // The other ending, or none.
    }
  }
  return undefined;
}

/** What `translationOf` says in a translation that is up to date: the start of the original's SHA-256. */
export function fingerprint(source: string): string {
  return createHash("sha256").update(source).digest("hex").slice(0, 12);
}

/** A block of code, or a drawing: a block in no language. */
export interface Block {
  readonly language: string;
  readonly code: string;
}

/** What stands between two headings. */
export interface Section {
  readonly level: number;
  readonly numbers: readonly string[];
  /** Inline code. */
  readonly code: readonly string[];
  /** Addresses of pages on this site, without their anchors. */
  readonly links: readonly string[];
}

/** A page, taken apart. */
export interface PageParts {
  readonly frontmatter: string;
  readonly blocks: readonly Block[];
  /** Components in their order, with what they are told, but for the language and words of it. */
  readonly live: readonly string[];
  /** What languages the live ones are told. */
  readonly languages: readonly (string | undefined)[];
  readonly sections: readonly Section[];
  /** The text a reader sees, line by line: no code, no addresses, no marks. */
  readonly prose: readonly string[];
  readonly italics: readonly string[];
}

/** The numbers in a text, in figures. Languages have other words for large ones: 8.2 million is 820 万. */
function numbersIn(text: string): string[] {
  const scale: Readonly<Record<string, number>> = { million: 1e6, 万: 1e4, 亿: 1e8 };
  return [...text.matchAll(/(\d+(?:,\d{3})*(?:\.\d+)*)(?: ?(million|万|亿))?/g)].map(
    ([, number, word]) =>
      word === undefined ? number! : String(Math.round(Number(number) * scale[word]!)),
  );
}

/** Take a page apart. */
export function partsOf(source: string): PageParts {
  const [, frontmatter, body] = /^---\n(.*?)\n---\n(.*)$/s.exec(source)!;
  const blocks: Block[] = [];
  const text = body!
    .replace(/^```(\w*).*\n([\s\S]*?)^```$/gm, (_, language: string, code: string) => {
      blocks.push({ language, code });
      return "";
    })
    .replace(/^import .*$/gm, "");
  const tags = [...text.matchAll(/<([A-Z]\w*)((?:\s[^<>]*?)?)\/?>/g)].filter(
    ([, name]) => name !== "Fragment",
  );
  const bare = text.replace(/<\/?[A-Za-z][^<>]*>/g, "");
  const sections = bare.split(/^(?=#{2,} )/m).map((section): Section => {
    const code = [...section.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
    const links = [...section.matchAll(/\]\((\/[^)#]*)[^)]*\)/g)].map(([, link]) => link!);
    const words = section.replace(/`[^`]+`/g, "").replace(/\]\([^)]*\)/g, "]");
    return {
      level: /^#*/.exec(section)![0].length,
      numbers: numbersIn(words).sort(),
      code: code.sort(),
      links: links.sort(),
    };
  });
  const prose = bare
    .split("\n")
    .flatMap((line) => line.split("|"))
    .map((line) =>
      line
        .replace(/^\s*(?:#+|[-*>]|\d+\.)\s/, "")
        .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .replace(/`[^`]+`/g, "`x`")
        .replace(/\*/g, "")
        .trim(),
    )
    .filter((line) => line !== "");
  return {
    frontmatter: frontmatter!,
    blocks,
    live: tags.map(([, name, rest]) =>
      `${name}${rest!.replace(/\s(?:language|unit)="[^"]*"/g, "")}`.trimEnd(),
    ),
    languages: tags
      .filter(([tag]) => tag.includes("client:"))
      .map(([tag]) => /\blanguage="([^"]*)"/.exec(tag)?.[1]),
    sections,
    prose,
    italics: [...bare.matchAll(/(?<!\*)\*(?=[^\s*])([^*\n]+)\*(?!\*)/g)].map(([, words]) => words!),
  };
}

/** What of a drawing does not depend on the language: its lines and arrows, however long, and its numbers. */
export function skeleton(drawing: string): { lines: string; numbers: string[] } {
  return {
    lines: (drawing.match(/[─-╿▀-▟←-↓]/gu) ?? []).join("").replace(/(.)\1+/gu, "$1"),
    numbers: numbersIn(drawing).sort(),
  };
}
