/** The header of a trace: magic, version and a JSON object. */
import { abis } from "@pyrena/abi";
import { badTrace } from "./bad-trace.ts";
import {
  MAX_FIELD_BYTES,
  TRACE_MAGIC,
  TRACE_VERSION,
  type TraceHeader,
  type TracePymalloc,
} from "./format.ts";

/** A header's JSON is at most so long, in bytes: twice what Linux allows a command line. */
export const MAX_HEADER_BYTES: number = 1 << 22;

const AT_VERSION = TRACE_MAGIC.length;
const AT_JSON = AT_VERSION + 1;

/** A header and where it ends. */
export interface DecodedHeader {
  readonly header: TraceHeader;
  /** Bytes that it takes: the offset of the first record. */
  readonly bytes: number;
}

/**
 * Read the header at the start of `bytes`.
 * @returns undefined if it goes on beyond these bytes
 * @throws PyrenaError `bad-trace` as soon as the bytes can't become a header
 */
export function decodeHeader(bytes: Uint8Array): DecodedHeader | undefined {
  for (let n = 0; n < Math.min(bytes.length, AT_VERSION); n++) {
    if (bytes[n] !== TRACE_MAGIC.charCodeAt(n)) {
      throw badTrace(`not a Pyrena trace: it does not begin with "${TRACE_MAGIC}"`, n, 0);
    }
  }
  if (bytes.length <= AT_VERSION) return undefined;
  const version = bytes[AT_VERSION];
  if (version !== TRACE_VERSION) {
    throw badTrace(
      version > TRACE_VERSION
        ? `format version ${version} is newer than this reader, which reads version ${TRACE_VERSION}: use a newer Pyrena`
        : `there is no format version ${version}`,
      AT_VERSION,
      0,
    );
  }
  let length = 0;
  let at = AT_JSON;
  for (;;) {
    if (at === bytes.length) return undefined;
    const byte = bytes[at];
    length += (byte & 0x7f) * 128 ** (at - AT_JSON);
    at++;
    if (byte < 0x80) break;
    if (at - AT_JSON === MAX_FIELD_BYTES) throw badTrace("the header's length is no number", at, 0);
  }
  if (length > MAX_HEADER_BYTES) {
    throw badTrace(
      `the header claims ${length} bytes, more than the ${MAX_HEADER_BYTES} allowed`,
      AT_JSON,
      0,
    );
  }
  if (at + length > bytes.length) return undefined;
  return { header: parseHeader(bytes.subarray(at, at + length), at), bytes: at + length };
}

function parseHeader(json: Uint8Array, offset: number): TraceHeader {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    throw badTrace("the header's JSON does not parse", offset, 0, cause);
  }
  const wrong = (what: string) => badTrace(`the header's JSON ${what}`, offset, 0);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw wrong("is not an object");
  }
  const found = value as Record<string, unknown>;
  if (typeof found["python"] !== "string") throw wrong('has no string "python"');
  const abiName = found["abi"];
  if (typeof abiName !== "string" || !Object.hasOwn(abis, abiName)) {
    throw wrong(`has no "abi" of ${Object.keys(abis).join(" or ")}`);
  }
  const abi = abis[abiName as keyof typeof abis];
  const pointerBytes = found["pointerBytes"] ?? abi.pointerBytes;
  if (pointerBytes !== abi.pointerBytes) {
    throw wrong(`has "pointerBytes" ${String(pointerBytes)}, which ${abi.name} does not have`);
  }
  const command = found["command"] ?? [];
  if (!Array.isArray(command) || command.some((word) => typeof word !== "string")) {
    throw wrong('has a "command" that is not an array of strings');
  }
  const platform = found["platform"] ?? "";
  const startedAt = found["startedAt"] ?? "";
  if (typeof platform !== "string") throw wrong('has a "platform" that is not a string');
  if (typeof startedAt !== "string") throw wrong('has a "startedAt" that is not a string');
  // A recorder that does not say from where on it recorded has not promised the beginning.
  const from = found["from"] ?? "attached";
  if (from !== "start" && from !== "attached") {
    throw wrong('has a "from" that is neither "start" nor "attached"');
  }
  return {
    ...found,
    python: found["python"],
    abi: abi.name,
    pointerBytes: abi.pointerBytes,
    pymalloc: parsePymalloc(found["pymalloc"], wrong),
    command,
    platform,
    startedAt,
    from,
  };
}

function parsePymalloc(value: unknown, wrong: (what: string) => Error): TracePymalloc | null {
  if (value === null) return null;
  if (typeof value !== "object") throw wrong('has no "pymalloc": an object, or null');
  const found = value as Record<string, unknown>;
  for (const name of ["alignment", "threshold", "arenaBytes", "poolBytes"]) {
    const bytes = found[name];
    if (!Number.isSafeInteger(bytes) || (bytes as number) <= 0) {
      throw wrong(`has no whole number "pymalloc.${name}" above 0`);
    }
  }
  return { ...(value as TracePymalloc) };
}

/** The bytes of a header: everything before the first record. */
export function encodeHeader(header: TraceHeader): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length: number[] = [];
  let rest = json.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) length.push((rest % 128) | 0x80);
  length.push(rest);
  const bytes = new Uint8Array(AT_JSON + length.length + json.length);
  bytes.set(new TextEncoder().encode(TRACE_MAGIC));
  bytes[AT_VERSION] = TRACE_VERSION;
  bytes.set(length, AT_JSON);
  bytes.set(json, AT_JSON + length.length);
  return bytes;
}
