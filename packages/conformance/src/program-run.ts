/** Runs programs of allocator calls on an implementation and compares all that can be seen with the model. */
import { type Address, NULL } from "@pyrena/abi";
import { lawBroken } from "./law.ts";
import { type LiveBlock, LiveBlocks } from "./live-blocks.ts";
import { formatOperation, type Operation, type Program } from "./random-program.ts";
import { type AllocatorSubject, Calls, verifySubject } from "./subject.ts";

/** Where an exception is no one's business but A7's: nothing that the contract allows may throw. */
const THROWN = "A7";

/** One program on its way: step by step, so that a test can look in between. */
export class ProgramRun {
  /** The blocks that must be live now. */
  readonly live: LiveBlocks;
  readonly #subject: AllocatorSubject;
  readonly #calls: Calls;
  readonly #slots = new Map<number, LiveBlock>();
  #steps = 0;
  #granted = 0;
  #refused = 0;

  constructor(subject: AllocatorSubject) {
    this.#subject = subject;
    this.#calls = new Calls(subject.allocator, THROWN);
    this.live = new LiveBlocks(subject.memory, subject.abi);
  }

  /** Operations done. */
  get steps(): number {
    return this.#steps;
  }

  /** Requests answered with a block. */
  get granted(): number {
    return this.#granted;
  }

  /** Requests answered with NULL. */
  get refused(): number {
    return this.#refused;
  }

  /** The block that a slot holds. */
  block(slot: number): LiveBlock | undefined {
    return this.#slots.get(slot);
  }

  /**
   * Do one operation and check its result: alignment, overlap, kept contents, zeroes, and that the block which is
   * given up still holds what was written.
   * @throws PyrenaError `law-broken`
   */
  step(operation: Operation): void {
    const call = `step ${this.#steps}, ${formatOperation(operation)}:`;
    this.#steps += 1;
    const { slot } = operation;
    const held = this.#slots.get(slot);
    switch (operation.op) {
      case "malloc": {
        this.#release(slot, held, call);
        const address = this.#calls.malloc(operation.bytes);
        if (address === NULL) this.#refused += 1;
        else this.#hold(slot, address, operation.bytes, call);
        break;
      }
      case "calloc": {
        this.#release(slot, held, call);
        const bytes = operation.nelem * operation.elsize;
        const address = this.#calls.calloc(operation.nelem, operation.elsize);
        if (address === NULL) {
          this.#refused += 1;
          break;
        }
        const dirty = this.live.firstNonZero(address, bytes);
        if (dirty >= 0) {
          lawBroken("A3", `${call} byte ${dirty} of the new block is not 0`, {
            address,
            size: bytes,
          });
        }
        this.#hold(slot, address, bytes, call);
        break;
      }
      case "realloc": {
        if (held !== undefined) this.live.check(held, "A1", `before ${call}`);
        const address = this.#calls.realloc(held?.address ?? NULL, operation.bytes);
        if (address === NULL) {
          this.#refused += 1;
          if (held !== undefined) this.live.check(held, "A5", `in ${call} which failed`);
          break;
        }
        if (held !== undefined) {
          const lost = this.live.firstLost(held, address, Math.min(held.bytes, operation.bytes));
          if (lost >= 0) {
            lawBroken("A5", `${call} byte ${lost} of the old ${held.bytes} was not kept`, {
              address,
              size: operation.bytes,
            });
          }
          this.live.remove(held);
        }
        this.#hold(slot, address, operation.bytes, call);
        break;
      }
      case "free":
        if (held === undefined) this.#calls.free(NULL);
        else this.#release(slot, held, call);
    }
  }

  /** Check the contents of every live block, and let the implementation verify itself. */
  check(): void {
    this.live.checkAll("A1", `by step ${this.#steps - 1} or before`);
    verifySubject(this.#subject, THROWN, `after step ${this.#steps - 1}`);
  }

  /** Free everything that is left, checking contents. */
  finish(): void {
    for (const [slot, block] of [...this.#slots]) this.#release(slot, block, "at the end:");
    verifySubject(this.#subject, THROWN, "after everything was freed");
  }

  #hold(slot: number, address: Address, bytes: number, call: string): void {
    this.#granted += 1;
    this.#slots.set(slot, this.live.add(address, bytes, call));
  }

  #release(slot: number, held: LiveBlock | undefined, call: string): void {
    if (held === undefined) return;
    this.live.check(held, "A1", `before ${call}`);
    this.live.remove(held);
    this.#slots.delete(slot);
    this.#calls.free(held.address);
  }
}

/** How {@link runProgram} checks. */
export interface RunProgramOptions {
  /** Check every live block's contents and run `verify` after every so many steps; default 16; 1 = after each. */
  readonly checkEvery?: number;
  /** Free what is left at the end (default true). */
  readonly freeAtEnd?: boolean;
}

/**
 * Run a program and check everything.
 * @returns the run, for its counts and the blocks that are live
 * @throws PyrenaError `law-broken`; `invariant` is the law
 */
export function runProgram(
  subject: AllocatorSubject,
  program: Program,
  options: RunProgramOptions = {},
): ProgramRun {
  const { checkEvery = 16, freeAtEnd = true } = options;
  const run = new ProgramRun(subject);
  for (const operation of program) {
    run.step(operation);
    if (run.steps % checkEvery === 0) run.check();
  }
  run.check();
  if (freeAtEnd) run.finish();
  return run;
}
