/** The public API as plain data: what a page needs to know of each exported name. */

/** What kind of thing a name stands for. */
export type EntryKind = "function" | "class" | "interface" | "type" | "constant";

/** A parameter, or an error that is thrown: a name or none, and Markdown. */
export interface Note {
  readonly name: string;
  readonly text: string;
}

/** A docstring, as Markdown. */
export interface Doc {
  readonly text: string;
  readonly params: readonly Note[];
  readonly returns: string;
  readonly throws: readonly string[];
  readonly examples: readonly string[];
}

/** A field or method. */
export interface Member {
  readonly name: string;
  /** Whether it is reached through the class, not an instance. */
  readonly isStatic: boolean;
  readonly isProperty: boolean;
  /** As the source declares it, without bodies. */
  readonly signature: string;
  readonly doc: Doc;
}

/** An exported name. */
export interface Entry {
  readonly name: string;
  readonly kind: EntryKind;
  readonly signature: string;
  readonly doc: Doc;
  readonly members: readonly Member[];
  /** The file that declares it, from the root of the repository. */
  readonly file: string;
}

/** A name that a package exports for another one. */
export interface Reexport {
  readonly name: string;
  /** Folder of the package that declares it. */
  readonly folder: string;
}

/** What one file exports: one concept, one page. */
export interface Concept {
  /** Without folder `src` and ending: `handles/create`. */
  readonly file: string;
  /** Last part of the page's address. */
  readonly slug: string;
  readonly title: string;
  /** What the file says of itself, as Markdown. */
  readonly intro: string;
  readonly entries: readonly Entry[];
}

/** A package. */
export interface ApiPackage {
  readonly name: string;
  readonly folder: string;
  readonly description: string;
  /** What its `index.ts` says, as Markdown. */
  readonly intro: string;
  /** The README's example, with its fences. */
  readonly example: string;
  readonly concepts: readonly Concept[];
  readonly reexports: readonly Reexport[];
}

/** Where the packages' pages lie. */
export const API_ROOT = "/reference/api/";

/** Address of a concept's page. */
export function pageOf(folder: string, slug: string, anchor = ""): string {
  return `${API_ROOT}${folder}/${slug}/${anchor && `#${anchor}`}`;
}

/** The heading of a member. */
export function memberHeading(entry: string, { name, isProperty }: Member): string {
  return name.startsWith("[") ? `${entry}${name}()` : `${entry}.${name}${isProperty ? "" : "()"}`;
}

/** Whether an entry's members are a list, not parts with headings of their own: all are fields that need few words. */
export function isListed({ members }: Entry): boolean {
  return members.every(({ isProperty, signature, doc }) => {
    const { text, params, returns, throws, examples } = doc;
    const isShort =
      !text.includes("\n\n") &&
      params.length + throws.length + examples.length === 0 &&
      returns === "";
    return isProperty && isShort && signature.split("\n").length <= 3;
  });
}

/** Anchors of headings in their order, as Markdown makes them: a second one of the same letters gets a number. */
export function anchorsOf(headings: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return headings.map((heading) => {
    const plain = heading
      .toLowerCase()
      .replace(/[^\w -]/g, "")
      .replaceAll(" ", "-");
    const times = seen.get(plain) ?? 0;
    seen.set(plain, times + 1);
    return times === 0 ? plain : `${plain}-${times}`;
  });
}

/** The anchor of each name on a concept's page. */
export function entryAnchors({ entries }: Concept): Map<string, string> {
  const headings = entries.flatMap((entry) => [
    entry.name,
    ...(isListed(entry) ? [] : entry.members.map((member) => memberHeading(entry.name, member))),
  ]);
  const anchors = anchorsOf(headings);
  return new Map(entries.map(({ name }) => [name, anchors[headings.indexOf(name)]!]));
}

/** Where a name is documented. */
export interface Place {
  readonly folder: string;
  readonly address: string;
}

/** Finds names, those of the asking package first. */
export class Names {
  readonly #places = new Map<string, Place[]>();

  constructor(packages: readonly ApiPackage[]) {
    for (const { folder, concepts } of packages) {
      for (const concept of concepts) {
        for (const [name, anchor] of entryAnchors(concept)) {
          const places = this.#places.get(name) ?? [];
          places.push({ folder, address: pageOf(folder, concept.slug, anchor) });
          this.#places.set(name, places);
        }
      }
    }
  }

  /** Address of a name, or undefined if nobody exports it, or two others do. */
  find(name: string, from: string): string | undefined {
    const places = this.#places.get(name);
    if (places === undefined) return undefined;
    const place =
      places.find(({ folder }) => folder === from) ?? (places.length === 1 ? places[0] : undefined);
    return place?.address;
  }
}
