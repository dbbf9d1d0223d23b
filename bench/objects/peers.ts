/** Who takes part: CPython by its C API and by Python loops, Pyodide, Pyrena in three ways, and other objects. */
import { join } from "node:path";
import { buildForPython, findCompiler, findPythons, OBJECTS_SOURCE } from "../src/native.ts";
import type { StartablePeer } from "../src/peer-process.ts";
import { REFERENCE_PYTHON } from "../src/peers.ts";

/** One peer. */
export interface ObjectsPeer extends StartablePeer {
  readonly id: string;
  readonly title: string;
  /** Why it cannot run here. */
  readonly skipped?: string;
}

const CHILD = join(import.meta.dirname, "child.ts");
const LOOPS = join(import.meta.dirname, "loops.py");

function javascript(id: string, title: string): ObjectsPeer {
  return {
    id,
    title,
    checked: true,
    command: async () => [process.execPath, "--expose-gc", CHILD, id],
  };
}

/** The peers of this machine; those that it lacks say why. */
export async function findObjectsPeers(
  scratch: string,
  pythons: readonly string[],
): Promise<ObjectsPeer[]> {
  const [compiler, found] = await Promise.all([findCompiler(), findPythons(pythons)]);
  const python = found.find(({ version }) => version.startsWith(`${REFERENCE_PYTHON}.`));
  const missing = `no CPython ${REFERENCE_PYTHON} with headers here`;
  const native = (id: string, title: string, rest: Partial<ObjectsPeer>): ObjectsPeer => ({
    id,
    title,
    checked: true,
    command: () => Promise.reject(new Error(missing)),
    ...(python === undefined && { skipped: missing }),
    ...rest,
  });
  const version = python?.version ?? REFERENCE_PYTHON;
  return [
    native("c", `CPython ${version}, C API`, {
      ...(compiler === undefined && { skipped: "no C compiler here" }),
      ...(python !== undefined &&
        compiler !== undefined && {
          command: async () => {
            const built = await buildForPython(compiler.command, python, scratch, OBJECTS_SOURCE);
            return [built.command, ...built.args];
          },
        }),
    }),
    native("python", `CPython ${version}, Python loops`, {
      ...(python !== undefined && { command: async () => [python.executable, "-I", LOOPS] }),
    }),
    javascript("pyodide", "Pyodide 3.14, Python loops"),
    javascript("objectbuffer", "@bnaya/objectbuffer"),
    javascript("plain", "plain JavaScript objects"),
    javascript("pyrena", "Pyrena objects, low-level"),
    javascript("pyrena-ilp32", "Pyrena objects, low-level, ilp32"),
    javascript("pyrena-handles", "Pyrena objects, handles"),
  ];
}

/** The peer that ratios are to. */
export const REFERENCE = "c";
