/**
 * Requests and blocks that are not pymalloc's, passed on to the allocator before through its own function-table
 * entries: no call leaves WebAssembly. AssemblyScript.
 */
import { asked, count, FOREIGN } from "./figures";
import { engine, state } from "./host";
import { ENGINE_PREVIOUS, PREVIOUS_WORDS, STATE_RAW_ALLOCATED_BLOCKS } from "./layout";
import { enter, take } from "./record";

@inline
function previous(domain: u32): usize {
  return engine + ENGINE_PREVIOUS + domain * (PREVIOUS_WORDS * 4);
}

@inline
function rawAllocatedBlocks(by: i32): void {
  store<i32>(state, load<i32>(state, STATE_RAW_ALLOCATED_BLOCKS) + by, STATE_RAW_ALLOCATED_BLOCKS);
}

function born(address: u32): void {
  if (!address) return;
  enter(address);
  rawAllocatedBlocks(1);
}

export function mallocBefore(domain: u32, size: u32): u32 {
  const before = previous(domain);
  const address = call_indirect<u32>(load<u32>(before, 4), load<u32>(before), size);
  asked(<f64>size);
  born(address);
  return address;
}

export function callocBefore(domain: u32, nelem: u32, elsize: u32): u32 {
  const before = previous(domain);
  const address = call_indirect<u32>(load<u32>(before, 8), load<u32>(before), nelem, elsize);
  asked(<f64>nelem * <f64>elsize);
  born(address);
  return address;
}

export function reallocBefore(domain: u32, ptr: u32, newSize: u32): u32 {
  const before = previous(domain);
  asked(<f64>newSize);
  if (!take(ptr)) {
    count(domain, FOREIGN);
    return call_indirect<u32>(load<u32>(before, 12), load<u32>(before), ptr, newSize);
  }
  const address = call_indirect<u32>(load<u32>(before, 12), load<u32>(before), ptr, newSize);
  enter(address ? address : ptr);
  return address;
}

export function freeBefore(domain: u32, ptr: u32): void {
  if (!ptr) return;
  const before = previous(domain);
  if (take(ptr)) {
    rawAllocatedBlocks(-1);
  } else {
    count(domain, FOREIGN);
  }
  call_indirect<void>(load<u32>(before, 16), load<u32>(before), ptr);
}
