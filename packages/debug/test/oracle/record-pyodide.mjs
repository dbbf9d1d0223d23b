/**
 * Ask Pyodide's CPython, whose pointers have 4 bytes, what its debug hooks do: the ilp32 half of `record.py`.
 *
 *     node record-pyodide.mjs PATH/TO/pyodide.mjs > ../fixtures/pyodide-3.14.json
 *
 * The scenarios are those of a native recording, with offsets into the fences moved to where they are in ilp32. A
 * failed check ends the interpreter, so each scenario has one of its own: it takes some minutes.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { loadPyodide } = await import(pathToFileURL(resolve(process.argv[2])).href);
const native = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/cpython-3.13.json"), "utf8"),
);

/** Offsets of lp64 in ilp32: the id is at p-4 and the last byte of the size at p-5; pads are 3 and 4 bytes. */
function moved(scenario) {
  const end = scenario.realloc ?? scenario.n;
  const poke = scenario.poke?.flatMap(([offset, byte]) => {
    if (offset === -8) return [[-4, byte]];
    if (offset === -9) return [[-5, byte]];
    return offset < -3 || offset >= end + 4 ? [] : [[offset, byte]];
  });
  return { ...scenario, ...(poke && { poke }) };
}

const names = { r: "PyMem_Raw", m: "PyMem_", o: "PyObject_" };

async function ask(scenario) {
  const lines = [];
  const python = await loadPyodide({
    env: { PYTHONMALLOC: "malloc_debug" },
    stdout: () => {},
    stderr: (line) => lines.push(line),
  });
  const module = python._module;
  const call = (domain, name, ...args) => module[`_${names[domain]}${name}`](...args) >>> 0;
  let n = scenario.n;
  let p = scenario.calloc ? call(scenario.d, "Calloc", 1, n) : call(scenario.d, "Malloc", n);
  for (let at = 0; scenario.fill && at < n; at++) module.HEAPU8[p + at] = (at * 7 + 1) & 255;
  if (scenario.realloc !== undefined) {
    n = scenario.realloc;
    p = call(scenario.d, "Realloc", p, n);
  }
  for (const [offset, byte] of scenario.poke ?? []) module.HEAPU8[p + offset] = byte;
  const bytes = Buffer.from(module.HEAPU8.slice(p - 8, p + n + 4)).toString("hex");
  try {
    const by = scenario.by ?? scenario.d;
    if (scenario.op === "realloc") call(by, "Realloc", p, 5);
    else call(by, "Free", p);
  } catch {
    // The abort; what there is to say is on stderr.
  }
  const fatal = lines.findIndex((line) => line.startsWith("Fatal Python error"));
  const text = lines
    .slice(0, fatal + 1)
    .join("\n")
    .replaceAll(/(?<==)0x[0-9a-f]+/g, (address) => {
      const offset = Number(address) - p;
      return offset === 0 ? "P" : `P${offset > 0 ? "+" : ""}${offset}`;
    });
  const full = python.version;
  return { full, answer: { scenario, bytes, text } };
}

const answers = [];
let full = "";
for (const { scenario } of native.answers) {
  const asked = await ask(moved(scenario));
  full = asked.full;
  answers.push(JSON.stringify(asked.answer));
}
const head = `{"python": "3.14", "full": "3.14.2 as WebAssembly (Pyodide ${full})", "answers": [`;
process.stdout.write(`${head}\n${answers.join(",\n")}\n]}\n`);
