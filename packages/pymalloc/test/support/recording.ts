/**
 * Reads just as much of a recording (`.pyrt.gz`) as these tests need: allocations and arenas. The trace package has
 * the real reader; what checks this package's addresses shares no code with the rest.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** The header's JSON, as far as it is needed. */
export interface RecordingHeader {
  readonly python: string;
  readonly abi: "lp64" | "ilp32";
}

export interface RecordingEvents {
  malloc(domain: number, size: number, result: number): void;
  calloc(domain: number, nelem: number, elsize: number, result: number): void;
  realloc(domain: number, old: number, size: number, result: number): void;
  free(domain: number, ptr: number): void;
  arenaAlloc(size: number, base: number): void;
  arenaFree(size: number, base: number): void;
}

/** An opened recording: `play` calls back for each event in order and returns the number of records. */
export interface Recording {
  readonly header: RecordingHeader;
  play(events: RecordingEvents): number;
}

export function openRecording(path: string | URL): Recording {
  const packed = readFileSync(path);
  const bytes = packed[0] === 0x1f ? gunzipSync(packed) : packed;
  let at = 0;
  const uv = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  };
  const str = (): string => {
    const length = uv();
    at += length;
    return bytes.toString("utf8", at - length, at);
  };
  if (bytes.toString("latin1", 0, 8) !== "PYRTRACE" || bytes[8] !== 1) {
    throw new Error(`${path}: not a recording of version 1`);
  }
  at = 9;
  const header = JSON.parse(str()) as RecordingHeader;
  const start = at;

  const play = (events: RecordingEvents): number => {
    at = start;
    let last = 0;
    const addr = (): number => {
      const zigzag = uv();
      const half = Math.floor(zigzag / 2);
      last += zigzag % 2 === 0 ? half : -half - 1;
      return last;
    };
    for (let records = 0; ; records++) {
      const tag = bytes[at++]!;
      const domain = tag >> 4;
      switch (tag & 15) {
        case 1: {
          const size = uv();
          events.malloc(domain, size, addr());
          break;
        }
        case 2: {
          const nelem = uv();
          const elsize = uv();
          events.calloc(domain, nelem, elsize, addr());
          break;
        }
        case 3: {
          const old = addr();
          const size = uv();
          events.realloc(domain, old, size, addr());
          break;
        }
        case 4:
          events.free(domain, addr());
          break;
        case 5: {
          const size = uv();
          events.arenaAlloc(size, addr());
          break;
        }
        case 6: {
          const base = addr();
          events.arenaFree(uv(), base);
          break;
        }
        case 7:
          str();
          break;
        case 8:
          uv();
          uv();
          uv();
          uv();
          break;
        case 9:
        case 10:
        case 11:
        case 12:
        case 14:
          uv();
          break;
        case 13:
          uv();
          uv();
          uv();
          break;
        case 15:
          uv();
          return records;
        default:
          throw new Error(`${path}: unknown tag ${tag} at byte ${at - 1}`);
      }
    }
  };
  return { header, play };
}
