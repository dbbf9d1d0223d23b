/** Where the page's CPython runs. */
import { domainNames, MEM, OBJ } from "@pyrena/abi";
import { allocatorFactory } from "../../playground/worker/custom-allocator.ts";
import { serveJobs } from "../build-code/job.ts";
import { type ArenaCell, readArenas } from "../shared/heap-map.ts";
import { start } from "./in-browser.ts";

export interface PythonJob {
  readonly folder: string;
  /** A value of `PYTHONMALLOC`, or code of an allocator in CommonJS form. */
  readonly allocator: { readonly name: string } | { readonly code: string };
  readonly program: string;
}

export interface PythonReport {
  readonly python: string;
  /** What the program printed, line by line. */
  readonly printed: readonly string[];
  readonly milliseconds: number;
  readonly domains: readonly {
    readonly name: string;
    readonly requests: number;
    readonly foreign: number;
  }[];
  /** Where pymalloc is installed. */
  readonly arenas?: readonly ArenaCell[];
  readonly problems: readonly string[];
}

serveJobs<PythonJob, PythonReport>(async ({ folder, allocator, program }) => {
  const chosen = "name" in allocator ? allocator.name : allocatorFactory(allocator.code);
  const printed: string[] = [];
  const { python, installation, run } = await start(folder, chosen, (line) => printed.push(line));
  const begin = performance.now();
  run(program);
  const milliseconds = performance.now() - begin;
  python.memory.refresh();
  const { pymalloc } = installation;
  return {
    python: python.python,
    printed,
    milliseconds,
    domains: [MEM, OBJ].map((domain) => {
      const { malloc, calloc, realloc, foreign } = installation.requests(domain)!;
      return {
        name: domainNames[domain].toUpperCase(),
        requests: malloc + calloc + realloc,
        foreign,
      };
    }),
    ...(pymalloc !== undefined && { arenas: readArenas(pymalloc.pymalloc) }),
    problems: installation.problems.map(({ where, message }) => `${where}: ${message}`),
  };
});
