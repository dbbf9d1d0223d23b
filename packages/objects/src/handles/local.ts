/** A local of a frame as a value: no reference of its own. */
import type { Address } from "@pyrena/abi";

/** What a local needs of its frame. */
interface OfFrame {
  readonly address: Address;
}

/** Stands for a local wherever a value is wanted. */
export class Local {
  declare readonly frame: OfFrame;
  declare readonly index: number;

  constructor(frame: OfFrame, index: number) {
    this.frame = frame;
    this.index = index;
  }
}
