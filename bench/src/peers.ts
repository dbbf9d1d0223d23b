/** Who runs: every peer, how its process is started, and what it is not asked to do. */
import { join } from "node:path";
import {
  buildForPython,
  buildPlain,
  comparable,
  findCompiler,
  findPythons,
  type NativeCommand,
} from "./native.ts";
import type { Workload } from "./workloads.ts";

/** What a peer is, for whoever reads the tables. */
export type PeerKind =
  /** The loop on an allocator that does nothing. */
  | "driver"
  /** Serves requests up to 512 bytes itself. */
  | "small"
  | "general"
  /** Replays recordings as a whole: decoding, allocating, comparing addresses. */
  | "replay";

/** One peer. */
export interface Peer {
  readonly id: string;
  readonly title: string;
  readonly language: "C" | "JavaScript" | "WebAssembly";
  readonly kind: PeerKind;
  readonly version: string;
  /** Whether its blocks keep what is written into them: all but the null allocators. */
  readonly checked: boolean;
  /** Why it cannot run here. */
  readonly skipped?: string;
  /**
   * Command and arguments of its process; builds what has to be built, once.
   * @throws Error that says why it cannot run here
   */
  command(): Promise<readonly string[]>;
  /** Why it sits a workload out; undefined if it does not. */
  sitsOut?(workload: Workload): string | undefined;
}

/** The reference among native Pythons: ratios are to its pymalloc. */
export const REFERENCE_PYTHON = "3.13";

/** What the caller may choose. */
export interface PeerOptions {
  /** Folder for what is built. */
  readonly scratch: string;
  /** Native Pythons to use instead of those that are found. */
  readonly pythons: readonly string[];
  /** Only the reference among native Pythons. */
  readonly onlyReference: boolean;
  /** Modules whose default export is an AllocatorFactory. */
  readonly modules: readonly string[];
  readonly versions: PeerVersions;
}

/** Versions of the npm packages among the peers. */
export interface PeerVersions {
  readonly pyrena: string;
  readonly pyodide: string;
  readonly assemblyscript: string;
  readonly thingMalloc: string;
}

const CHILD = join(import.meta.dirname, "child.ts");
const REPLAY_CHILD = join(import.meta.dirname, "replay-child.ts");

type Command = Peer["command"];

function inNode(...args: string[]): Command {
  const command = [process.execPath, CHILD, ...args];
  return async () => command;
}

/** Builds when it is first asked for. */
function built(build: () => Promise<NativeCommand>): Command {
  let command: Promise<readonly string[]> | undefined;
  return () => {
    command ??= build().then(({ command: program, args }) => [program, ...args]);
    return command;
  };
}

function absent(reason: string): Pick<Peer, "skipped" | "command"> {
  return {
    skipped: reason,
    command: async () => {
      throw new Error(reason);
    },
  };
}

function smallOnly(workload: Workload): string | undefined {
  return workload.audience === "general"
    ? "passes these requests on to a general allocator"
    : undefined;
}

/** Every peer, those that cannot run here included. */
export async function findPeers(options: PeerOptions): Promise<Peer[]> {
  const { scratch, versions } = options;
  const general = { kind: "general", checked: true } as const;
  return [
    ...(await nativePeers(options)),
    {
      ...general,
      id: "dlmalloc",
      title: "dlmalloc (Pyodide's), from JavaScript",
      language: "WebAssembly",
      version: `pyodide ${versions.pyodide}`,
      command: inNode("dlmalloc"),
    },
    {
      ...general,
      id: "tlsf",
      title: "AssemblyScript TLSF, from JavaScript",
      language: "WebAssembly",
      version: `assemblyscript ${versions.assemblyscript}`,
      command: inNode("tlsf", scratch),
    },
    {
      ...general,
      id: "thing-malloc",
      title: "@thi.ng/malloc",
      language: "JavaScript",
      version: versions.thingMalloc,
      command: inNode("thing-malloc"),
      sitsOut: ({ id }) =>
        ["random-1k", "random-20k", "lifo", "fifo"].includes(id)
          ? undefined
          : "each free and realloc walks the list of live blocks",
    },
    {
      id: "null-js",
      title: "loop alone, JavaScript",
      language: "JavaScript",
      kind: "driver",
      version: "",
      checked: false,
      command: inNode("null"),
    },
    {
      ...general,
      id: "raw",
      title: "Pyrena raw",
      language: "JavaScript",
      version: versions.pyrena,
      command: inNode("raw", "ilp32"),
    },
    {
      id: "pymalloc",
      title: "Pyrena pymalloc",
      language: "JavaScript",
      kind: "small",
      checked: true,
      version: versions.pyrena,
      command: inNode("pymalloc", "lp64"),
      sitsOut: smallOnly,
    },
    {
      id: "pymalloc-struct",
      title: "Pyrena pymalloc, without its domain",
      language: "JavaScript",
      kind: "small",
      checked: true,
      version: versions.pyrena,
      command: inNode("pymalloc", "lp64,struct"),
      sitsOut: smallOnly,
    },
    {
      id: "pymalloc-ilp32",
      title: "Pyrena pymalloc, ilp32",
      language: "JavaScript",
      kind: "small",
      checked: true,
      version: versions.pyrena,
      command: inNode("pymalloc", "ilp32"),
      sitsOut: smallOnly,
    },
    {
      id: "replay",
      title: "Pyrena replay: decode, allocate, compare",
      language: "JavaScript",
      kind: "replay",
      checked: true,
      version: versions.pyrena,
      command: async () => [process.execPath, REPLAY_CHILD],
      sitsOut: ({ trace }) => (trace === undefined ? "replays recordings only" : undefined),
    },
    ...options.modules.map(
      (path): Peer => ({
        ...general,
        id: path,
        title: path,
        language: "JavaScript",
        version: "",
        command: inNode("module", path),
      }),
    ),
  ];
}

async function nativePeers({ scratch, pythons, onlyReference }: PeerOptions): Promise<Peer[]> {
  const cPymalloc = { id: "c-pymalloc", language: "C", kind: "small", checked: true } as const;
  const glibc = {
    id: "glibc",
    title: "glibc malloc",
    language: "C",
    kind: "general",
    checked: true,
  } as const;
  const loop = {
    id: "null-c",
    title: "loop alone, C",
    language: "C",
    kind: "driver",
    checked: false,
  } as const;
  const anyPymalloc = { ...cPymalloc, title: "CPython's pymalloc", version: "" };
  const compiler = await findCompiler();
  if (compiler === undefined) {
    const none = absent("no C compiler (gcc, cc, clang or $CC)");
    return [
      { ...anyPymalloc, ...none },
      { ...glibc, version: "", ...none },
      { ...loop, version: "", ...none },
    ];
  }
  const found = await findPythons(pythons);
  const reference = found.find(({ version }) => isReference(version)) ?? found[0];
  const chosen = onlyReference ? found.filter((python) => python === reference) : found;
  const { command: cc, version } = compiler;
  return [
    ...chosen.map((python): Peer => {
      const note = python.optimized === "" ? "" : ` (${python.optimized})`;
      return {
        ...cPymalloc,
        id: `c-pymalloc-${python.version}`,
        title: `CPython ${python.version} pymalloc${note}`,
        version: python.version,
        sitsOut: smallOnly,
        command: built(() => buildForPython(cc, python, scratch)),
      };
    }),
    ...(chosen.length > 0
      ? []
      : [{ ...anyPymalloc, ...absent("no CPython from 3.8 on with its C headers") }]),
    { ...glibc, version: glibcVersion(), command: built(() => buildPlain(cc, "GLIBC", scratch)) },
    { ...loop, version, command: built(() => buildPlain(cc, "NULL", scratch)) },
  ];
}

/** Whether ratios are to this version. */
export function isReference(version: string): boolean {
  return version === REFERENCE_PYTHON || version.startsWith(`${REFERENCE_PYTHON}.`);
}

/** The peer that ratios of pymalloc are to: C pymalloc of 3.13, else of the newest Python. */
export function referenceOf<
  P extends {
    readonly id: string;
    readonly version: string;
    readonly skipped?: string | undefined;
  },
>(peers: readonly P[]): P | undefined {
  const native = peers
    .filter(({ id, skipped }) => id.startsWith("c-pymalloc-") && skipped === undefined)
    .sort((a, b) => comparable(b.version) - comparable(a.version));
  return native.find(({ version }) => isReference(version)) ?? native[0];
}

function glibcVersion(): string {
  const report = process.report?.getReport() as
    | { header?: { glibcVersionRuntime?: string } }
    | undefined;
  return report?.header?.glibcVersionRuntime ?? "";
}
