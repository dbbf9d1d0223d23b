/** Pages of Markdown from what the sources say: one for each concept, one for each package, one for all. */
import {
  API_ROOT,
  type ApiPackage,
  type Concept,
  type Doc,
  type Entry,
  isListed,
  memberHeading,
  Names,
  pageOf,
} from "./model.ts";

/** A page as a file of Starlight's. */
export interface ApiPage {
  /** Below the folder of the API: `abi/heap.md`. */
  readonly path: string;
  readonly text: string;
}

/** All pages. */
export function apiPages(packages: readonly ApiPackage[]): ApiPage[] {
  const names = new Names(packages);
  return [
    { path: "index.md", text: overview(packages, names) },
    ...packages.flatMap((one) => [
      { path: `${one.folder}/index.md`, text: packagePage(one, packages, names) },
      ...one.concepts.map((concept, index) => ({
        path: `${one.folder}/${concept.slug}.md`,
        text: conceptPage(one, concept, index + 1, names),
      })),
    ]),
  ];
}

function page(
  title: string,
  description: string,
  order: number,
  body: readonly string[],
  label = "",
): string {
  const front = {
    title,
    description,
    editUrl: false,
    sidebar: { order, ...(label && { label }) },
  };
  const lines = Object.entries(front).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return `---\n${lines.join("\n")}\n---\n\n${body.filter((part) => part !== "").join("\n\n")}\n`;
}

function overview(packages: readonly ApiPackage[], names: Names): string {
  const all = packages
    .flatMap(({ folder, name: packageName, concepts }) =>
      concepts.flatMap(({ entries }) =>
        entries.map(({ name }) => ({ name, packageName, address: names.find(name, folder)! })),
      ),
    )
    .sort((a, b) => a.name.localeCompare(b.name, "en") || (a.packageName < b.packageName ? -1 : 1));
  const letters = Map.groupBy(all, ({ name }) => name[0]!.toUpperCase());
  return page("Packages", "Every name that Pyrena's packages export, with what it does.", 0, [
    "Each package stands alone: install the one that you need. `pyrena` is all layers, wired together; start there if in doubt.",
    table(
      ["package", "what it is", "names"],
      packages.map(({ name, folder, description, concepts }) => [
        `[\`${name}\`](${API_ROOT}${folder}/)`,
        description,
        String(concepts.flatMap(({ entries }) => entries).length),
      ]),
    ),
    `## All ${all.length} names`,
    ...[...letters].map(
      ([letter, found]) =>
        `### ${letter}\n\n${found
          .map(({ name, packageName, address }) => {
            const twice = found.some((one) => one.name === name && one.packageName !== packageName);
            return `[\`${name}\`](${address})${twice ? ` (${packageName})` : ""}`;
          })
          .join(" · ")}`,
    ),
  ]);
}

function packagePage(one: ApiPackage, packages: readonly ApiPackage[], names: Names): string {
  const { folder, concepts, reexports } = one;
  const others = Map.groupBy(reexports, (reexport) => reexport.folder);
  return page(
    one.name,
    one.description,
    0,
    [
      docText(withoutName(one.intro), folder, names),
      `\`\`\`sh\nnpm install ${one.name}\n\`\`\``,
      one.example && `## Example\n\n${one.example}`,
      "## What it exports",
      ...concepts.map(({ slug, title, entries }) =>
        [
          `### [${title}](${pageOf(folder, slug)})`,
          table(
            ["name", "kind", "what it is"],
            entries.map(({ name, kind, doc }) => [
              `[\`${name}\`](${names.find(name, folder)})`,
              kind,
              inline(firstSentence(doc.text)),
            ]),
          ),
        ].join("\n\n"),
      ),
      ...[...others].map(([other, found]) => {
        const owner = packages.find((candidate) => candidate.folder === other)!;
        return `### From ${owner.name}\n\n${found
          .map(({ name }) => `[\`${name}\`](${names.find(name, other)})`)
          .join(", ")}: the same as in [\`${owner.name}\`](${API_ROOT}${other}/).`;
      }),
    ],
    "Overview",
  );
}

function conceptPage(one: ApiPackage, concept: Concept, order: number, names: Names): string {
  const { folder } = one;
  const { title, entries } = concept;
  const list = entries.map(({ name }) => name).join(", ");
  return page(title, `${list}: exported by ${one.name}.`, order, [
    `<p class="api-where">Exported by <a href="${API_ROOT}${folder}/"><code>${one.name}</code></a>; declared in <code>${entries[0]!.file}</code></p>`,
    docText(concept.intro, folder, names),
    ...entries.flatMap((entry) => entryParts(entry, folder, names)),
  ]);
}

function entryParts(entry: Entry, folder: string, names: Names): string[] {
  const { name, signature, doc, members } = entry;
  const isList = isListed(entry);
  return [
    `## ${name}`,
    code(signature, name, folder, names),
    ...docParts(doc, folder, names),
    ...(isList
      ? [memberList(entry, folder, names)]
      : members.flatMap((member) => [
          `### ${memberHeading(name, member)}`,
          code(member.signature, name, folder, names),
          ...docParts(member.doc, folder, names),
        ])),
  ];
}

function memberList({ name, members }: Entry, folder: string, names: Names): string {
  return members
    .map((member) => {
      const declared = member.signature.replace(/^(?:static |readonly )+/, "").replace(/\s+/g, " ");
      const text = docText(member.doc.text, folder, names);
      const shown = `<div><code class="api">${linked(declared, name, folder, names)}</code></div>`;
      return `- ${shown}${text && `\n\n  ${hanging(text)}`}`;
    })
    .join("\n\n");
}

function docParts(doc: Doc, folder: string, names: Names): string[] {
  const text = (markdown: string): string => docText(markdown, folder, names);
  return [
    text(doc.text),
    doc.params.length === 0
      ? ""
      : doc.params.map((param) => `- \`${param.name}\`: ${hanging(text(param.text))}`).join("\n"),
    doc.returns && `**Returns** ${text(doc.returns)}`,
    ...doc.throws.map(
      (thrown) =>
        `**Throws** ${text(unindented(thrown).replace(/^PyrenaError\b/, "`PyrenaError`"))}`,
    ),
    ...doc.examples.map(text),
  ];
}

/** A declaration, with links to the types that it names. */
function code(text: string, name: string, folder: string, names: Names): string {
  return `<pre class="api"><code>${linked(text, name, folder, names)}</code></pre>`;
}

/** Text of a declaration as HTML: names of other pages are links, comments are set apart. */
function linked(text: string, self: string, folder: string, names: Names): string {
  const parts = text.split(/(\/\*\*?[\s\S]*?\*\/|\/\/[^\n]*|"[^"\n]*"|\b[A-Za-z_]\w*\b)/);
  return parts
    .map((part) => {
      if (/^\/[*/]/.test(part)) return `<i>${escaped(part)}</i>`;
      const address =
        /^[A-Z]\w*$/.test(part) && part !== self ? names.find(part, folder) : undefined;
      return address === undefined ? escaped(part) : `<a href="${address}">${escaped(part)}</a>`;
    })
    .join("");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A docstring for a page: names in code become links, and what looks like a tag stays text. */
function docText(markdown: string, folder: string, names: Names): string {
  // Code, fenced, indented or between backticks, is left alone but for names that have a place.
  const parts = markdown.split(/(^```[\s\S]*?^```$|^(?: {4}|\t).*$|`[^`\n]+`)/m);
  return parts
    .map((part) => {
      if (/^(?:```| {4}|\t)/.test(part)) return part;
      const name = /^`([A-Za-z_]\w*)(?:\(\))?`$/.exec(part)?.[1];
      if (name !== undefined) {
        const address = names.find(name, folder);
        return address === undefined ? part : `[${part}](${address})`;
      }
      return part.startsWith("`") ? part : part.replace(/<(?=[A-Za-z/!])/g, "&lt;");
    })
    .join("");
}

/** Of an index file's first line, what comes after the package's name. */
function withoutName(intro: string): string {
  const text = intro.replace(/^`?[@\w/]+`?: /, "");
  return text === "" ? "" : text[0]!.toUpperCase() + text.slice(1);
}

function firstSentence(text: string): string {
  const [paragraph = ""] = text.split("\n\n");
  const sentence = /^[\s\S]*?[.:](?=\s|$)/.exec(paragraph)?.[0] ?? paragraph;
  return sentence.replace(/:$/, ".");
}

/** Markdown on one line, for a cell. */
function inline(markdown: string): string {
  return markdown.replace(/\s*\n\s*/g, " ").replaceAll("|", "\\|");
}

/** Further lines of an item belong to it. */
function hanging(markdown: string): string {
  return unindented(markdown).replaceAll("\n", "\n  ");
}

function unindented(markdown: string): string {
  return markdown.replace(/\n {1,3}(?=\S)/g, "\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
