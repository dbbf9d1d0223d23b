/** A lock in the heap itself: what CPython's GIL is to pymalloc. The word at `address` is 0 where nobody has it. */
export function makeGil(memory, address) {
  const word = address >>> 2;
  return function holding(body) {
    while (Atomics.compareExchange(memory.i32, word, 0, 1) !== 0) Atomics.wait(memory.i32, word, 1);
    try {
      memory.refresh(); // whoever had it before may have made the memory larger
      return body();
    } finally {
      Atomics.store(memory.i32, word, 0);
      Atomics.notify(memory.i32, word, 1);
    }
  };
}
