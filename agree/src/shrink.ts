/** The smallest program that still differs: statements are left out as long as the difference stays. */

import { countStatements, type Program, type Statement } from "./program.ts";
import { sensible } from "./sensible.ts";

/** A place in the tree of statements: indices from the outermost list inwards; lists are body 0 and handler 1. */
type Path = readonly number[];

/** All statements, with their places, outer ones first. */
function places(
  statements: readonly Statement[],
  prefix: Path = [],
): { path: Path; statement: Statement }[] {
  return statements.flatMap((statement, index) => {
    const path = [...prefix, index];
    const inner: { path: Path; statement: Statement }[] = [];
    if ("body" in statement) inner.push(...places(statement.body, [...path, 0]));
    if (statement.s === "try") inner.push(...places(statement.handler, [...path, 1]));
    return [{ path, statement }, ...inner];
  });
}

/** The list with one statement replaced by others. */
function replaced(
  statements: readonly Statement[],
  path: Path,
  by: readonly Statement[],
): Statement[] {
  const [index = 0, which, ...rest] = path;
  if (which === undefined)
    return [...statements.slice(0, index), ...by, ...statements.slice(index + 1)];
  return statements.map((statement, i) => {
    if (i !== index) return statement;
    if (statement.s === "try" && which === 1)
      return { ...statement, handler: replaced(statement.handler, rest, by) };
    if ("body" in statement) return { ...statement, body: replaced(statement.body, rest, by) };
    return statement;
  });
}

/** Programs that are a little smaller than this one, boldest first. Each has been made sensible again. */
export function* smaller(program: Program): Generator<Program> {
  const made = (body: readonly Statement[]): Program => sensible({ ...program, body });
  // Long runs of the outermost list, from the back.
  for (let run = program.body.length >> 1; run > 1; run >>= 1) {
    for (let at = program.body.length - run; at >= 0; at -= run) {
      yield made([...program.body.slice(0, at), ...program.body.slice(at + run)]);
    }
  }
  const all = places(program.body).reverse();
  for (const { path } of all) yield made(replaced(program.body, path, []));
  // What holds statements is replaced by them.
  for (const { path, statement } of all) {
    if (statement.s === "try")
      yield made(replaced(program.body, path, [...statement.body, ...statement.handler]));
    else if ("body" in statement) yield made(replaced(program.body, path, statement.body));
    if (statement.s === "try" && statement.keeps !== null)
      yield made(replaced(program.body, path, [{ ...statement, keeps: null }]));
    if (statement.s === "bulk" && statement.to > statement.from + 1) {
      const to = statement.from + ((statement.to - statement.from) >> 1);
      yield made(replaced(program.body, path, [{ ...statement, to }]));
      yield made(replaced(program.body, path, [{ ...statement, to: statement.to - 1 }]));
    }
    if (statement.s === "set" && "items" in statement.value && statement.value.items.length > 0) {
      for (let i = 0; i < statement.value.items.length; i++) {
        if (statement.value.e === "slice" || statement.value.e === "range") break;
        const items = (statement.value.items as readonly unknown[]).filter((_, j) => j !== i);
        const value = { ...statement.value, items } as typeof statement.value;
        yield made(replaced(program.body, path, [{ ...statement, value }]));
      }
    }
  }
  // Classes become plain.
  for (let i = 0; i < program.classes.length; i++) {
    const change = (different: Partial<Program["classes"][number]>): Program =>
      sensible({
        ...program,
        classes: program.classes.map((one, j) => (j === i ? { ...one, ...different } : one)),
      });
    const { finalizer, attributes, base, slots } = program.classes[i]!;
    if (finalizer !== "none") yield change({ finalizer: "none" });
    if (finalizer !== "none" && finalizer !== "log") yield change({ finalizer: "log" });
    if (attributes.length > 0) yield change({ attributes: [] });
    if (base >= 0 && slots === null) yield change({ base: -1 });
    if (i === program.classes.length - 1 && !usesClass(program, i) && i > 0)
      yield { ...program, classes: program.classes.slice(0, -1) };
  }
}

function usesClass(program: Program, index: number): boolean {
  return places(program.body).some(
    ({ statement }) =>
      ((statement.s === "new" || statement.s === "nest") && statement.cls === index) ||
      JSON.stringify(statement).includes(`{"e":"class","v":${index}}`),
  );
}

/** What a program weighs: statements first, then how much text it takes to say it. */
function weight(program: Program): number {
  return countStatements(program) * 1e6 + JSON.stringify(program).length;
}

/**
 * Shrinks a program that differs.
 * @param differs whether one of its smaller versions still does; given many at a time, gives an answer for each
 * @param rounds most that are tried
 */
export async function shrink(
  program: Program,
  differs: (programs: readonly Program[]) => Promise<readonly boolean[]>,
  rounds = 200,
): Promise<Program> {
  let smallest = program;
  for (let round = 0; round < rounds; round++) {
    const bound = weight(smallest);
    const candidates = [...smaller(smallest)].filter((candidate) => weight(candidate) < bound);
    let found: Program | undefined;
    for (let at = 0; at < candidates.length && !found; at += 16) {
      const batch = candidates.slice(at, at + 16);
      const answers = await differs(batch);
      const best = batch.filter((_, i) => answers[i]).sort((a, b) => weight(a) - weight(b))[0];
      found = best;
    }
    if (!found) return smallest;
    smallest = found;
  }
  return smallest;
}
