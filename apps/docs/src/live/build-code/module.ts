/** A module of the reader's, run where there is nothing but the packages. */
import * as abi from "@pyrena/abi";
import * as stats from "@pyrena/stats";

/** What its `import`s find. */
const packages: Readonly<Record<string, object>> = { "@pyrena/abi": abi, "@pyrena/stats": stats };

/**
 * What a module exports by default.
 * @param code JavaScript in CommonJS form
 * @param kind what it should be, for the message: "a collector is a function, (graph, host) => Collector"
 * @throws Error saying what is missing; or what the module throws
 */
export function defaultFunction<Exported>(code: string, kind: string): Exported {
  const module = { exports: {} as { default?: unknown } };
  const require = (name: string): object => {
    const found = packages[name];
    if (found !== undefined) return found;
    throw new Error(
      `the code imports ${name}, but finds here only ${Object.keys(packages).join(", ")}`,
    );
  };
  new Function("module", "exports", "require", code)(module, module.exports, require);
  const exported = module.exports.default;
  if (typeof exported !== "function") {
    throw new Error(
      `${kind}, and has to be the default export, which is ${
        exported === undefined ? "absent" : `of type ${typeof exported}`
      }`,
    );
  }
  return exported as Exported;
}
