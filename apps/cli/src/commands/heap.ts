/** `pyrena heap`: what a saved heap holds. */
import process from "node:process";
import type { Address } from "@pyrena/abi";
import { Command, InvalidArgumentError, Option } from "commander";
import { colorsFor } from "../terminal.ts";

// One line a paragraph: commander breaks them to the width of the terminal.
const DESCRIPTION = [
  "Print what a saved heap holds: its memory, objects by type, garbage, the largest objects; or everything about one object.",
  "",
  "IMAGE is a file that runtime.save() of the package pyrena made, or - for standard input. The heap is only looked at: no code of its program is needed, and none runs.",
].join("\n");

const HELP_AFTER = `
Exit codes:
  0  the image was read
  2  wrong usage, an image that can't be read, or no object at ADDR

Examples:
  $ pyrena heap app.image
  $ pyrena heap app.image --top 30 --sort count
  $ pyrena heap app.image --object 0x120050    what it is, and why it lives
  $ pyrena heap app.image --json | jq .garbage`;

/** Rows of lists unless --top says otherwise. */
const TOP = 10;

interface HeapFlags {
  readonly object?: Address;
  readonly top: number;
  readonly sort: "bytes" | "count";
  readonly json?: boolean;
}

/** The command. */
export function heapCommand(): Command {
  return new Command("heap")
    .summary("say what a saved heap holds")
    .description(DESCRIPTION)
    .usage("[options] IMAGE")
    .argument("<image>")
    .option(
      "--object <address>",
      "everything about one object, such as 0x120050: what it refers to, who refers to it, why it lives",
      parseAddress,
    )
    .option("--top <n>", "rows of each list", parseCount, TOP)
    .addOption(
      new Option("--sort <key>", "by what types are sorted")
        .choices(["bytes", "count"])
        .default("bytes"),
    )
    .option("--json", "print all figures as one JSON object on stdout")
    .helpOption("-h, --help", "print help and exit")
    .addHelpText("after", HELP_AFTER)
    .action(showHeap);
}

async function showHeap(path: string, flags: HeapFlags): Promise<void> {
  // All layers of a heap take their time to load, which other commands have no use for.
  const { heapText } = await import("../heap/heap-text.ts");
  const { stdout, env } = process;
  stdout.write(
    await heapText(path, {
      ...flags,
      colors: colorsFor(stdout, env),
      columns: stdout.columns,
    }),
  );
}

/** An address as hexadecimal digits after 0x, or in decimal. */
function parseAddress(text: string): Address {
  const address = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (!(address > 0 && address < 2 ** 32)) {
    throw new InvalidArgumentError("An address is a number such as 0x120050.");
  }
  return address;
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("A whole number is needed.");
  return Number(text);
}
