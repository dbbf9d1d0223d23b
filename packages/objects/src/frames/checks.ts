/** Debug mode of frames: they must be running, or owned by a frame object, and locals must be theirs. */
import { type Address, hex, PyrenaError } from "@pyrena/abi";
import type { FramesApi } from "../api/frames.ts";
import type { Core } from "../core/core.ts";
import { frameHeaderLayout, OWNED_BY_FRAME_OBJECT } from "./layout.ts";

/** Functions of a frame, and of a frame and the index of a local. */
const ofFrame = [
  "localCount",
  "locals",
  "functionOf",
  "codeOf",
  "frameObject",
  "popValue",
  "pushValue",
];
const ofLocal = [
  ...["localName", "local", "load", "store", "delete", "assign", "getrefcount"],
  ...["makeCell", "loadCell", "storeCell", "deleteCell"],
];

type Call = (frame: Address, ...rest: unknown[]) => unknown;

/** The API with checks before what takes frames and indices. */
export function checkedFrames(core: Core, api: FramesApi): FramesApi {
  const { at } = frameHeaderLayout(core.profile.abi, core.facts);

  function isFrame(frame: Address): boolean {
    for (let f = api.current(); f !== 0; f = api.previous(f)) if (f === frame) return true;
    return (
      frame > 0 &&
      frame % core.word === 0 &&
      frame + at.owner < core.memory.byteLength &&
      core.memory.u8[frame + at.owner] === OWNED_BY_FRAME_OBJECT
    );
  }

  function checkFrame(frame: Address, name: string): void {
    if (isFrame(frame)) return;
    throw new PyrenaError(
      "dead-object",
      `${name} of ${hex(frame)}, which is no frame: it was left, and no frame object took it over`,
      { address: frame },
    );
  }

  function checkIndex(frame: Address, index: number, name: string): void {
    const count = api.localCount(frame);
    if (Number.isInteger(index) && index >= 0 && index < count) return;
    throw new PyrenaError(
      "bad-argument",
      `${name} of local ${index} of the frame at ${hex(frame)}, which has ${count}`,
      { address: frame },
    );
  }

  const result = Object.defineProperties(
    {},
    Object.getOwnPropertyDescriptors(api),
  ) as unknown as Record<string, Call>;
  for (const name of [...ofFrame, ...ofLocal]) {
    const inner = result[name];
    const takesIndex = ofLocal.includes(name);
    result[name] = (frame, ...rest) => {
      checkFrame(frame, name);
      if (takesIndex) checkIndex(frame, rest[0] as number, name);
      if (name === "assign") checkIndex(frame, rest[1] as number, name);
      return inner(frame, ...rest);
    };
  }
  return result as unknown as FramesApi;
}
