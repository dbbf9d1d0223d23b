/** `copy.copy` and `copy.deepcopy`. */
import type { Address } from "@pyrena/abi";

/** Copies of objects. New references; NULL with an exception pending. */
export interface CopyingApi {
  copy(this: void, object: Address): Address;
  /** With a memo dict of its own unless one is given (borrowed). */
  deepcopy(this: void, object: Address, memo?: Address): Address;
}
