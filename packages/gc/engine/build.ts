/**
 * Builds the WebAssembly engine: `node engine/build.ts` compiles engine/assembly and writes src/engine-bytes.ts, which
 * is committed, so that nobody who builds or uses the package needs the compiler. A test compiles again and compares.
 *
 * The module "./layout" that the AssemblyScript source imports exists only here, as text made of the numbers that the
 * TypeScript code has: so none is written twice.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { engineNumbers } from "../src/engine-numbers.ts";

const sources = join(import.meta.dirname, "assembly");
const target = join(import.meta.dirname, "../src/engine-bytes.ts");

/** The text of src/engine-bytes.ts. */
export async function buildEngine(): Promise<string> {
  const layout = Object.entries(engineNumbers)
    .map(([name, value]) => `export const ${name}: u32 = ${value};\n`)
    .join("");
  let bytes: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      "index.ts",
      ...["--outFile", "engine.wasm", "--runtime", "stub", "-O3", "--noAssert"],
      ...["--importMemory", "--initialMemory", "0"],
      ...["--enable", "bulk-memory", "--use", "abort="],
    ],
    {
      readFile: (name, directory) => {
        if (name === "layout.ts") return layout;
        // On disk they are called .as, so that no tool takes them for TypeScript, which they are not.
        const path = name.replace(/\.ts$/, ".as");
        try {
          return readFileSync(join(directory === "." ? sources : directory, path), "utf8");
        } catch {
          return null;
        }
      },
      writeFile: (_name, contents) => {
        if (typeof contents !== "string") bytes = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || bytes === undefined) {
    throw new Error(`the engine does not compile:\n${stderr.toString()}`, { cause: error });
  }
  return `/** The WebAssembly engine, ${bytes.length} bytes, in base64. Made by engine/build.ts from engine/assembly; not to be edited. */
export const ENGINE_BYTES: string =
  "${Buffer.from(bytes).toString("base64")}";
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(target, await buildEngine());
}
