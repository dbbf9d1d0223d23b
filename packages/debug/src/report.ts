/**
 * What is said about a block that fails a check: as an object for programs, and as the text that CPython prints before
 * it aborts. Everything is read with the memory's end in view: a damaged size cannot lead outside, nor far.
 */
import {
  type Address,
  type Domain,
  domainApiIds,
  type HeapWalker,
  hex,
  type LinearMemory,
  PyrenaError,
} from "@pyrena/abi";
import {
  DEADBYTE,
  type FenceLayout,
  FORBIDDENBYTE,
  readExactSize,
  readSerial,
  readSize,
} from "./fence-layout.ts";

/**
 * What happened to a block:
 *
 * - `overflow`: something wrote behind it;
 * - `underflow`: something wrote before it: the pad, the id or the stored size is damaged;
 * - `bad-api`: it came through another domain than the one that it was given back to;
 * - `freed`: it had been freed already.
 */
export type DamageKind = "overflow" | "underflow" | "bad-api" | "freed";

/** One of the two pads, as found. */
export interface PadReport {
  /** Address of its first byte. */
  readonly address: Address;
  readonly bytes: readonly number[];
  /** Which of them are not FORBIDDENBYTE: indexes into `bytes`. */
  readonly wrong: readonly number[];
}

/** Everything that is known about a damaged block. */
export interface DebugReport {
  readonly kind: DamageKind;
  /** The block's address, as malloc returned it and the caller gave it back. */
  readonly address: Address;
  /** Bytes asked for, as stored before the block; bogus if that was overwritten. */
  readonly size: number;
  /** Whether a block of that size can lie there: it ends inside the memory, and inside the block below if that is known. */
  readonly sizePlausible: boolean;
  /** The call that found it. */
  readonly call: "free" | "realloc";
  /** CPython's words: `bad trailing pad byte`. */
  readonly reason: string;
  /** The id byte found before the block, and the one that the domain writes. */
  readonly api: { readonly found: number; readonly expected: number };
  readonly leading: PadReport;
  /** Undefined where the stored size leads outside the memory. */
  readonly trailing: PadReport | undefined;
  /** Up to 8 first and, beyond 16 in all, 8 last bytes of the block; up to 16 where there are no more. */
  readonly data: { readonly first: readonly number[]; readonly last: readonly number[] };
  /** Address of the first wrong byte of the pads, if one is wrong. */
  readonly firstWrong: Address | undefined;
  /** Which call made the block, if serial numbers are kept and can be read. */
  readonly serial: number | undefined;
}

/** A block failed a check of the debug hooks. The block is left as it was found; it has not been freed. */
export class DebugHookError extends PyrenaError {
  override readonly name: string = "DebugHookError";
  readonly report: DebugReport;
  /** What CPython prints: the dump of the block, an empty line, and the line of the fatal error. */
  readonly text: string;

  constructor(report: DebugReport, text: string) {
    super("bad-block", `${summary(report)}\n${text}`, {
      address: report.address,
      ...(report.sizePlausible ? { size: report.size } : {}),
    });
    this.report = report;
    this.text = text;
  }
}

/** The block under suspicion and where it lies. */
export interface Suspect {
  readonly memory: LinearMemory;
  readonly layout: FenceLayout;
  readonly domain: Domain;
  readonly call: "free" | "realloc";
  readonly address: Address;
  /** The underlying allocator's, if it has one: knows which blocks are live. */
  readonly walker: HeapWalker | undefined;
}

/** The error for a block that failed a check. */
export function damage(suspect: Suspect): DebugHookError {
  const report = examine(suspect);
  return new DebugHookError(report, describe(report, suspect));
}

function examine({ memory, layout, domain, call, address, walker }: Suspect): DebugReport {
  const { word, before, extra } = layout;
  const u8 = memory.u8;
  const base = address - before;
  const expected = domainApiIds[domain];
  const found = u8[base + word];
  const leading = pad(u8, base + word + 1, word - 1);
  const below = blockAt(walker, base);
  const size = readSize(memory, base, word);
  const tail = address + size;
  const sizePlausible =
    tail + extra - before <= memory.byteLength &&
    (below === undefined || !below.live || tail + extra - before <= below.address + below.bytes);
  const trailing = tail + word <= memory.byteLength ? pad(u8, tail, word) : undefined;
  const freed = below?.live === false || looksFreed(u8, address, word, found, leading);
  const reason = freed
    ? "block freed already"
    : found !== expected
      ? `bad ID: Allocated using API '${character(found)}', verified using API '${character(expected)}'`
      : leading.wrong.length > 0
        ? "bad leading pad byte"
        : "bad trailing pad byte";
  const kind: DamageKind = freed
    ? "freed"
    : found !== expected && domainApiIds.includes(found) && leading.wrong.length === 0
      ? "bad-api"
      : found !== expected || leading.wrong.length > 0 || !sizePlausible
        ? "underflow"
        : "overflow";
  const wrong = leading.wrong.length > 0 ? leading : trailing;
  return {
    kind,
    address,
    size,
    sizePlausible,
    call,
    reason,
    api: { found, expected },
    leading,
    trailing,
    data: freed ? { first: [], last: [] } : data(memory, address, size),
    firstWrong: wrong?.wrong[0] === undefined ? undefined : wrong.address + wrong.wrong[0],
    serial:
      layout.serial && sizePlausible && !freed ? readSerial(u8, tail + word, word) : undefined,
  };
}

/** Whether the bytes around an address are what `free` leaves, as far as the allocator below has not written there. */
function looksFreed(
  u8: Uint8Array,
  address: Address,
  word: number,
  found: number,
  leading: PadReport,
): boolean {
  const dead = (byte: number): boolean => byte === DEADBYTE;
  if (dead(found) && leading.bytes.every(dead)) return true;
  // Its links may cover size, id and pad. What follows them is dead then: the block, or the trailing pad if it is short.
  const header = domainApiIds.includes(found) || leading.wrong.length < leading.bytes.length;
  return !header && u8.subarray(address, address + word).every(dead);
}

function pad(u8: Uint8Array, address: Address, count: number): PadReport {
  const bytes = [...u8.subarray(address, address + count)];
  const wrong = bytes.flatMap((byte, n) => (byte === FORBIDDENBYTE ? [] : [n]));
  return { address, bytes, wrong };
}

function data(memory: LinearMemory, address: Address, size: number): DebugReport["data"] {
  const { u8, byteLength } = memory;
  const short = size <= 16;
  const first = [...u8.subarray(address, Math.min(address + (short ? size : 8), byteLength))];
  const inside = !short && address + size <= byteLength;
  return { first, last: inside ? [...u8.subarray(address + size - 8, address + size)] : [] };
}

/** The block of the allocator below that holds an address: walked only when something is wrong already. */
function blockAt(
  walker: HeapWalker | undefined,
  base: Address,
): { address: Address; bytes: number; live: boolean } | undefined {
  let found: { address: Address; bytes: number; live: boolean } | undefined;
  try {
    if (walker?.owns(base) !== true) return undefined;
    walker.walk({
      block(address, bytes, live) {
        if (base >= address && base < address + Math.max(1, bytes))
          found = { address, bytes, live };
      },
    });
  } catch {
    // Whatever damaged the block may have damaged the allocator's own structures: then they tell nothing.
    return undefined;
  }
  return found;
}

/** CPython's dump, and the fatal error that follows it. */
function describe(report: DebugReport, { memory, layout }: Suspect): string {
  const { address, api, leading, trailing } = report;
  const { word } = layout;
  const lines = [`Debug memory block at address p=${hex(address)}: API '${character(api.found)}'`];
  if (report.kind !== "freed") {
    const size = readExactSize(memory, address - layout.before, word);
    lines.push(`    ${size} bytes originally requested`);
  }
  const before = word - 1;
  if (leading.wrong.length === 0) {
    lines.push(`    The ${before} pad bytes at p-${before} are FORBIDDENBYTE, as expected.`);
  } else {
    lines.push(`    The ${before} pad bytes at p-${before} are not all FORBIDDENBYTE (0xfd):`);
    leading.bytes.forEach((byte, n) => void lines.push(padLine(`p-${before - n}`, byte)));
    if (report.kind !== "freed") {
      lines.push(
        "    Because memory is corrupted at the start, the count of bytes requested",
        "       may be bogus, and checking the trailing pad bytes may segfault.",
      );
    }
  }
  if (report.kind === "freed") {
    lines.push(
      "    The block has been freed already: freed blocks are filled with DEADBYTE (0xdd).",
    );
  } else {
    lines.push(...tailLines(report, trailing, memory, word));
  }
  const worker = report.call === "free" ? "_PyMem_DebugRawFree" : "_PyMem_DebugRawRealloc";
  return `${lines.join("\n")}\n\nFatal Python error: ${worker}: ${report.reason}`;
}

function tailLines(
  report: DebugReport,
  trailing: PadReport | undefined,
  memory: LinearMemory,
  word: number,
): string[] {
  const { first, last } = report.data;
  if (trailing === undefined) {
    return [
      `    The ${word} pad bytes at p+${report.size} would lie outside the memory, which ends at ${hex(memory.byteLength)}.`,
    ];
  }
  const lines: string[] = [];
  const where = `    The ${word} pad bytes at tail=${hex(trailing.address)} are`;
  if (trailing.wrong.length === 0) {
    lines.push(`${where} FORBIDDENBYTE, as expected.`);
  } else {
    lines.push(`${where} not all FORBIDDENBYTE (0xfd):`);
    trailing.bytes.forEach((byte, n) => void lines.push(padLine(`tail+${n}`, byte)));
  }
  if (report.serial !== undefined) {
    lines.push(`    The block was made by call #${report.serial} to debug malloc/realloc.`);
  }
  if (first.length > 0) {
    const dots = report.size > 16 ? [" ..."] : [];
    const text = [...first.map(pair), ...dots, ...last.map(pair)].join("");
    lines.push(`    Data at p:${text}`);
  }
  return lines;
}

function padLine(where: string, byte: number): string {
  const ouch = byte === FORBIDDENBYTE ? "" : " *** OUCH";
  return `        at ${where}: 0x${byte.toString(16).padStart(2, "0")}${ouch}`;
}

function pair(byte: number): string {
  return ` ${byte.toString(16).padStart(2, "0")}`;
}

/** The id as CPython prints it; a byte that is not printable ASCII as an escape, where CPython emits it as it is. */
function character(byte: number): string {
  return byte >= 0x20 && byte < 0x7f
    ? String.fromCharCode(byte)
    : `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** One line for people. */
function summary(report: DebugReport): string {
  const at = hex(report.address);
  switch (report.kind) {
    case "freed":
      return `${report.call} of the block at ${at}, which has been freed already`;
    case "bad-api":
      return `the block at ${at} was allocated through API '${character(report.api.found)}' and given back through '${character(report.api.expected)}'`;
    case "underflow":
      return `something wrote before the block at ${at}`;
    case "overflow": {
      const offset = (report.firstWrong ?? report.address) - report.address;
      return `something wrote behind the block of ${report.size} bytes at ${at}: first wrong byte at offset ${offset}`;
    }
  }
}
