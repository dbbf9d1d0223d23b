/** The example programs, out of `examples/`: a number for the order, then the name; the first line is the title. */
const files: Readonly<Record<string, string>> = import.meta.glob("../examples/*.py", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** A program to start from. */
export interface Example {
  readonly name: string;
  /** From its first line, a comment. */
  readonly title: string;
  readonly program: string;
  /** Variables worth looking at: from a line `# watch: a b`. */
  readonly watch: string;
}

export const examples: readonly Example[] = Object.entries(files)
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([path, program]) => ({
    name: /(\d+-)?([^/]*)\.py$/.exec(path)![2]!,
    title: program.slice(2, program.indexOf("\n")),
    program,
    watch: /^# watch: (.*)$/m.exec(program)?.[1] ?? "",
  }));
