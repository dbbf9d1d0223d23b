/** An allocator that somebody typed in. */
import * as abi from "@pyrena/abi";
import * as debug from "@pyrena/debug";
import * as pymalloc from "@pyrena/pymalloc";
import * as raw from "@pyrena/raw";
import * as stats from "@pyrena/stats";

/** What its `import`s find. */
const packages: Readonly<Record<string, object>> = {
  "@pyrena/abi": abi,
  "@pyrena/debug": debug,
  "@pyrena/pymalloc": pymalloc,
  "@pyrena/raw": raw,
  "@pyrena/stats": stats,
};

/**
 * The factory that a module exports by default.
 * @param code JavaScript in CommonJS form
 * @throws Error saying what is missing; or what the module throws
 */
export function allocatorFactory(code: string): abi.AllocatorFactory {
  const module = { exports: {} as { default?: unknown } };
  const require = (name: string): object => {
    const found = packages[name];
    if (found !== undefined) return found;
    throw new Error(
      `the allocator imports ${name}, but finds here only ${Object.keys(packages).join(", ")}`,
    );
  };
  new Function("module", "exports", "require", code)(module, module.exports, require);
  const factory = module.exports.default;
  if (typeof factory !== "function") {
    throw new Error(
      `the allocator's default export must be a function, (next, { memory, domain }) => PyMemAllocatorEx, not ${
        factory === undefined ? "absent" : `of type ${typeof factory}`
      }`,
    );
  }
  return factory as abi.AllocatorFactory;
}
