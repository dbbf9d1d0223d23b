/** What the machine is: a class, not an identity. */
import { readFileSync } from "node:fs";
import { arch, cpus, release, type as systemType, totalmem } from "node:os";
import { compilerFlags, findCompiler } from "./native.ts";
import type { Machine } from "./result.ts";

/** The machine that runs this. */
export async function describeMachine(): Promise<Machine> {
  const compiler = await findCompiler();
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${systemType()} ${release().split("-")[0]} ${arch()}`,
    transparentHugePages: hugePages(),
    node: process.versions.node,
    v8: process.versions.v8,
    compiler: compiler?.version ?? "none",
    compilerFlags: compilerFlags.join(" "),
  };
}

function hugePages(): string {
  try {
    const text = readFileSync("/sys/kernel/mm/transparent_hugepage/enabled", "utf8");
    return /\[(\w+)\]/.exec(text)?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}
