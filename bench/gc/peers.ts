/** Whose collectors take part: CPython's, natively and in Pyodide, and Pyrena's. */
import { join } from "node:path";
import { findPythons } from "../src/native.ts";
import type { StartablePeer } from "../src/peer-process.ts";
import { REFERENCE_PYTHON } from "../src/peers.ts";
import type { GcWorkload } from "./workloads.ts";

/** One peer. */
export interface CollectorPeer extends StartablePeer {
  readonly id: string;
  readonly title: string;
  /** Whether it does full collections, or growing heaps, or both. */
  readonly does: readonly ("full" | "growing")[];
  /** Why it cannot run here. */
  readonly skipped?: string;
}

/** The peer that ratios are to. */
export const REFERENCE = "python";

const CHILD = join(import.meta.dirname, "child.ts");
const COLLECT = join(import.meta.dirname, "collect.py");

/** KiB of stack: CPython frees chains of objects by recursion, more deeply than Node's default allows. */
const STACK = 4000;

function javascript(
  id: string,
  title: string,
  ...does: CollectorPeer["does"][number][]
): CollectorPeer {
  const command = [process.execPath, `--stack-size=${STACK}`, CHILD, id];
  return { id, title, checked: true, does, command: async () => command };
}

/** Whether a peer takes part in a workload. */
export function takesPart({ does }: CollectorPeer, { kind }: GcWorkload): boolean {
  return does.includes(kind === "growing" ? "growing" : "full");
}

/** The peers of this machine; those that it lacks say why. */
export async function findCollectorPeers(pythons: readonly string[]): Promise<CollectorPeer[]> {
  const found = await findPythons(pythons);
  const python = found.find(({ version }) => version.startsWith(`${REFERENCE_PYTHON}.`));
  const missing = `no CPython ${REFERENCE_PYTHON} here`;
  return [
    {
      id: REFERENCE,
      title: `CPython ${python?.version ?? REFERENCE_PYTHON}`,
      checked: true,
      does: ["full", "growing"],
      command: async () => {
        if (python === undefined) throw new Error(missing);
        return [python.executable, "-I", COLLECT];
      },
      ...(python === undefined && { skipped: missing }),
    },
    javascript("pyodide", "Pyodide 3.13", "full", "growing"),
    javascript("pyodide-3.14", "Pyodide 3.14, incremental", "growing"),
    javascript("pyrena", "Pyrena 3.13, generational", "full", "growing"),
    javascript("pyrena-ilp32", "Pyrena 3.13, generational, ilp32", "full"),
    javascript("pyrena-incremental", "Pyrena 3.14, incremental", "growing"),
  ];
}
