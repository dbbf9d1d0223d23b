/** Runs the code that stands on pages: its types are taken off, its imports are answered with the real packages. */

import assert from "node:assert/strict";
import { inspect } from "node:util";
import * as abi from "@pyrena/abi";
import * as conformance from "@pyrena/conformance";
import * as debug from "@pyrena/debug";
import * as gc from "@pyrena/gc";
import * as objects from "@pyrena/objects";
import * as pymalloc from "@pyrena/pymalloc";
import * as pyodide from "@pyrena/pyodide";
import * as raw from "@pyrena/raw";
import * as stats from "@pyrena/stats";
import * as trace from "@pyrena/trace";
import * as pyrena from "pyrena";
import { transform } from "sucrase";
import { expect } from "vitest";

const packages: Readonly<Record<string, object>> = {
  "@pyrena/abi": abi,
  "@pyrena/conformance": conformance,
  "@pyrena/debug": debug,
  "@pyrena/gc": gc,
  "@pyrena/objects": objects,
  "@pyrena/pymalloc": pymalloc,
  "@pyrena/pyodide": pyodide,
  "@pyrena/raw": raw,
  "@pyrena/stats": stats,
  "@pyrena/trace": trace,
  "node:assert/strict": { default: assert, __esModule: true },
  pyrena,
};

type Body = (
  module: { exports: Record<string, unknown> },
  exports: object,
  require: (name: string) => object,
  console: object,
) => Promise<void>;

/**
 * Run a module, which may use `await`.
 * @param more what else its imports find
 * @returns what it exports, and what it printed, line by line
 */
export async function runCode(
  code: string,
  more: Readonly<Record<string, object>> = {},
): Promise<{ exports: Record<string, unknown>; printed: string[] }> {
  const AsyncFunction = runCode.constructor as new (...args: string[]) => Body;
  const { code: plain } = transform(code, {
    transforms: ["typescript", "imports"],
    disableESTransforms: true,
  });
  const printed: string[] = [];
  const log = (...values: unknown[]): void => {
    const text = values.map((one) => (typeof one === "string" ? one : inspect(one))).join(" ");
    printed.push(...text.split("\n"));
  };
  const module = { exports: {} as Record<string, unknown> };
  const require = (name: string): object => {
    const found = more[name] ?? packages[name];
    if (found === undefined) throw new Error(`nothing is known of ${name}`);
    return found;
  };
  await new AsyncFunction("module", "exports", "require", "console", plain)(
    module,
    module.exports,
    require,
    { log },
  );
  return { exports: module.exports, printed };
}

/** What the comments behind a block's `console.log` lines promise. */
export function promised(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text!);
}

const pages = import.meta.glob<string>("../../src/content/docs/build/*.mdx", {
  eager: true,
  query: "?raw",
  import: "default",
});

/** The text of a page of the Build part. */
export function pageText(page: string): string {
  return pages[`../../src/content/docs/build/${page}.mdx`]!;
}

export const pageNames: readonly string[] = Object.keys(pages).map(
  (path) => /([^/]+)\.mdx$/.exec(path)![1]!,
);

/** A block of code on a page. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

/** All blocks of code on a page, in their order. */
export function blocksOf(page: string): CodeBlock[] {
  return [...pageText(page).matchAll(/^```(\w*)[^\n]*\n(.*?)^```/gms)].map(
    ([, language, code]) => ({ language: language!, code: code! }),
  );
}

/** Expect printed lines to be those of a text in which … stands for anything; alone on a line, for any lines. */
export function expectPrinted(printed: readonly string[], shown: string): void {
  const pattern = shown
    .trimEnd()
    .split("\n")
    .map((line) => {
      if (line === "…") return "(?:.*\n)*?";
      const literal = line.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      return `${literal.join(".*")} *\n`;
    })
    .join("");
  const text = `${printed.join("\n")}\n`;
  if (!new RegExp(`^${pattern}$`).test(text)) expect(text.trimEnd()).toBe(shown.trimEnd());
}
