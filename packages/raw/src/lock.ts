/**
 * The lock of a heap in shared memory: RAW is the one domain that several threads may call at once.
 *
 * One lock guards the region manager, the raw allocator and the arena source. Their public functions take it once and
 * the functions below them never do, so there is no order to keep and nothing to deadlock with. It is not reentrant:
 * a stats sink or a visitor that is called under it must not come back in.
 *
 * Three states (Drepper, "Futexes Are Tricky", 2011): 0 open, 1 held, 2 held and somebody may wait. The word after it
 * names the holder by the number of its attachment, so that the owner of a lock which is never released can be told.
 *
 * Where `Atomics.wait` is allowed a thread sleeps; where it is not (the main thread of a browser) it spins with
 * growing pauses.
 */

/** Attempts before sleeping; the lock is held for some tens of nanoseconds. */
const SPINS = 64;
/** Longest pause of a thread that must not sleep, in turns of an empty loop. */
const LONGEST_PAUSE = 4096;

const OPEN = 0;
const HELD = 1;
const CONTENDED = 2;

/** Whether this thread may sleep in `Atomics.wait`: decided once, by trying. */
let maySleep: boolean | undefined;

function canSleep(): boolean {
  if (maySleep === undefined) {
    try {
      // The value differs, so where waiting is allowed this returns at once.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
      maySleep = true;
    } catch {
      maySleep = false;
    }
  }
  return maySleep;
}

/**
 * Take the lock, waiting for it if need be.
 * @param words a view of the shared memory; an old one that is too short for the whole will do
 * @param index word index of the lock; the owner's word follows it
 * @param owner number of the caller's attachment, not 0
 */
export function acquire(words: Int32Array, index: number, owner: number): void {
  if (Atomics.compareExchange(words, index, OPEN, HELD) !== OPEN) {
    contend(words, index, canSleep());
  }
  words[index + 1] = owner;
}

/** Let go of the lock, and wake one thread that waits. */
export function release(words: Int32Array, index: number): void {
  words[index + 1] = 0;
  if (Atomics.exchange(words, index, OPEN) === CONTENDED) Atomics.notify(words, index, 1);
}

/** The slow path of {@link acquire}, exported for its test. */
export function contend(words: Int32Array, index: number, sleeps: boolean): void {
  for (let n = 0; n < SPINS; n++) {
    if (
      Atomics.load(words, index) === OPEN &&
      Atomics.compareExchange(words, index, OPEN, HELD) === OPEN
    ) {
      return;
    }
  }
  // From here on it is taken as CONTENDED, even when nobody else waits: one notify too many is harmless, one too few
  // would leave a sleeper asleep.
  let pause = 1;
  while (Atomics.exchange(words, index, CONTENDED) !== OPEN) {
    if (sleeps) {
      Atomics.wait(words, index, CONTENDED);
    } else {
      for (let n = 0; n < pause; n++) Atomics.load(words, index);
      if (pause < LONGEST_PAUSE) pause *= 2;
    }
  }
}
