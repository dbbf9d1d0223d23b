/** What a package's README promises in a form that can be tried. */

/** A fenced block of code. */
export interface CodeBlock {
  /** The word behind the fence: `ts`, `js`, `sh`, `console`, or empty. */
  language: string;
  code: string;
  /** Of the fence, from 1. */
  line: number;
}

/** The fenced blocks of a document, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(/^(```+)[ \t]*(\w*)[^\n]*\n([\s\S]*?)^\1[ \t]*$/gm)].map(
    (match) => ({
      language: match[2]!,
      code: match[3]!,
      line: markdown.slice(0, match.index).split("\n").length,
    }),
  );
}

/**
 * The names that the tables below the heading "API" list: the identifier at the start of each
 * row's first cell, where that is code. `` `createHeap(options)` `` and `` `new Heap()` `` name
 * `createHeap` and `Heap`; `` `.grow(n)` ``, a method of what stands above it, names nothing.
 */
export function apiNames(markdown: string): string[] {
  const api = /^(##+)\s+API\b[^\n]*\n([\s\S]*)/m.exec(markdown);
  if (!api) return [];
  const end = new RegExp(`^#{1,${api[1]!.length}}\\s`, "m").exec(api[2]!);
  const section = end ? api[2]!.slice(0, end.index) : api[2]!;
  const names = section.split("\n").flatMap((line) => {
    const [, cell] = /^\s*\|\s*(.*?)\s*\|/.exec(line) ?? [];
    if (cell === undefined) return [];
    return [...cell.matchAll(/`(?:new |type |class |interface )?([A-Za-z_$][\w$]*)/g)].map(
      (match) => match[1]!,
    );
  });
  return [...new Set(names)];
}

/** A command of a `console` block, and what it prints. */
export interface Example {
  command: string;
  /** Lines in which `…` stands for anything; a line of `…` alone for any lines. */
  output: string[];
}

/** `$ command` lines with the output below each. */
export function consoleExamples(code: string): Example[] {
  const examples: Example[] = [];
  for (const line of code.split("\n")) {
    if (line.startsWith("$ ")) examples.push({ command: line.slice(2), output: [] });
    else if (line.trim() !== "") examples.at(-1)?.output.push(line);
  }
  return examples;
}

/** The first expected line that `actual` has not, in order; undefined if it has them all. */
export function firstMissing(expected: readonly string[], actual: string): string | undefined {
  const lines = actual.split("\n");
  let at = 0;
  for (const line of expected) {
    if (line.trim() === "…") continue;
    const pattern = new RegExp(
      `^${line
        .trimEnd()
        .split("…")
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
        .join(".*")}\\s*$`,
    );
    const found = lines.findIndex((candidate, index) => index >= at && pattern.test(candidate));
    if (found < 0) return line;
    at = found + 1;
  }
  return undefined;
}
