/**
 * Bodies of functions are JavaScript, which has a stack of its own, of unknown size. Where it runs out an engine throws
 * from anywhere, also from the middle of an operation on the heap. So every {@link STEP} frames the guard looks whether
 * there is still room for that many more, and for what they may do: a call with very many arguments needs as much.
 *
 * This is about the engine's stack and not about the heap: nothing of it is kept there.
 */

/** Frames from one look to the next. */
const STEP = 16;
/** Words of stack that must be left. */
const HEADROOM = 12 * 1024;

/** Watches over the JavaScript stack. */
export interface StackGuard {
  /** Depth of frames for which there is room for certain. */
  reach: number;
  /** Below this depth `shrink` must be called: what is above may have to be looked at again. */
  keeps: number;
  /** Look further, from a depth; false if JavaScript's stack is nearly used up. */
  extend(this: void, depth: number): boolean;
  shrink(this: void, depth: number): void;
}

export function makeStackGuard(): StackGuard {
  const wide = new Array<number>(HEADROOM).fill(0);
  const nothing = (): void => {};
  const guard: StackGuard = {
    reach: 0,
    keeps: 0,
    extend: (depth) => {
      try {
        Reflect.apply(nothing, undefined, wide);
      } catch {
        return false;
      }
      guard.reach = depth + STEP;
      guard.keeps = depth - STEP;
      return true;
    },
    shrink: (depth) => {
      guard.reach = depth + STEP;
      guard.keeps = depth - STEP;
    },
  };
  return guard;
}
