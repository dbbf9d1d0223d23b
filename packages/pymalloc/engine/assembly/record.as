/** The record of blocks that were passed on (engine-state.ts). AssemblyScript. */
import { engine, forgetBlock, recordBlock } from "./host";
import { ENGINE_RECORD, RECORD_OVERFLOW, RECORD_PAGE_SHIFT, RECORD_SIZE } from "./layout";

const PAGE_WORD_MASK: u32 = (1 << (RECORD_PAGE_SHIFT - 8)) - 1;

@inline
function wordAt(page: u32, address: u32): u32 {
  return page + (((address >>> 8) & PAGE_WORD_MASK) << 2);
}

@inline
function bitOf(address: u32): u32 {
  return 1 << ((address >>> 3) & 31);
}

/** Enter a block that is not in the record. */
export function enter(address: u32): void {
  const record = load<u32>(engine, ENGINE_RECORD);
  if (!record) return;
  const page = load<u32>(record + ((address >>> RECORD_PAGE_SHIFT) << 2));
  if (!page) {
    recordBlock(address);
    return;
  }
  const word = wordAt(page, address);
  store<u32>(word, load<u32>(word) | bitOf(address));
  store<u32>(record, load<u32>(record, RECORD_SIZE) + 1, RECORD_SIZE);
}

/** Take a block out. False if it is not in the record; where none is kept, every block counts as one of ours. */
export function take(address: u32): bool {
  const record = load<u32>(engine, ENGINE_RECORD);
  if (!record) return true;
  const page = load<u32>(record + ((address >>> RECORD_PAGE_SHIFT) << 2));
  if (page) {
    const word = wordAt(page, address);
    const bits = load<u32>(word);
    if (bits & bitOf(address)) {
      store<u32>(word, bits ^ bitOf(address));
      store<u32>(record, load<u32>(record, RECORD_SIZE) - 1, RECORD_SIZE);
      return true;
    }
  }
  return load<u32>(record, RECORD_OVERFLOW) != 0 && forgetBlock(address) != 0;
}
