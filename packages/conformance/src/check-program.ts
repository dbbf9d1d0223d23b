/** Runs a program on a fresh subject and, where it breaks a law, finds the few calls that it takes. */
import { PyrenaError } from "@pyrena/abi";
import { type ProgramRun, runProgram } from "./program-run.ts";
import { formatProgram, type Program, shrinkProgram } from "./random-program.ts";
import type { AllocatorSubject } from "./subject.ts";

/**
 * Run one program on a fresh subject; where it breaks a law, find the shortest part that breaks one.
 * @param origin names the program in the message
 * @throws PyrenaError `law-broken` with the short program in the message
 */
export function checkProgram(
  make: () => AllocatorSubject,
  program: Program,
  origin = "a program",
): ProgramRun {
  const attempt = (candidate: Program): unknown => {
    try {
      runProgram(make(), candidate, { checkEvery: 8 });
      return undefined;
    } catch (cause) {
      return cause;
    }
  };
  try {
    return runProgram(make(), program);
  } catch (cause) {
    if (!(cause instanceof PyrenaError) || cause.invariant === undefined) throw cause;
    const law = cause.invariant;
    const breaksIt = (candidate: Program): boolean => {
      const error = attempt(candidate);
      return error instanceof PyrenaError && error.invariant === law;
    };
    const short = shrinkProgram(program, breaksIt);
    const last = attempt(short);
    const seen = last instanceof PyrenaError && last.invariant === law ? last : cause;
    throw new PyrenaError(
      "law-broken",
      `${seen.message}\n  in ${origin}, cut down to ${short.length} operations: ${formatProgram(short)}`,
      {
        invariant: law,
        cause: seen,
        ...(seen.address === undefined ? {} : { address: seen.address }),
        ...(seen.size === undefined ? {} : { size: seen.size }),
      },
    );
  }
}
