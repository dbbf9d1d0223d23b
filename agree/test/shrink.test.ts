import { describe, expect, it } from "vitest";
import { generate } from "../src/generate.ts";
import { countStatements, type Program, visitStatements } from "../src/program.ts";
import { sensible } from "../src/sensible.ts";
import { shrink, smaller } from "../src/shrink.ts";

const options = { python: "3.13", singletonCounts: true };

function has(program: Program, op: string): boolean {
  let found = false;
  visitStatements(program.body, (statement) => {
    if (statement.s === "op" && statement.op === op) found = true;
  });
  return found;
}

describe("shrinking", () => {
  it("only tries programs that make sense and are smaller", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const program = generate(seed, options);
      for (const candidate of smaller(program)) {
        expect(sensible(candidate)).toEqual(candidate);
        expect(countStatements(candidate)).toBeLessThanOrEqual(countStatements(program));
      }
    }
  });

  it("leaves what a planted difference needs, and little else", async () => {
    let tried = 0;
    for (let seed = 1; tried < 10; seed++) {
      const program = generate(seed, options);
      if (!has(program, "popitem") || countStatements(program) < 15) continue;
      tried++;
      const smallest = await shrink(program, async (programs) =>
        programs.map((one) => has(one, "popitem")),
      );
      expect(has(smallest, "popitem")).toBe(true);
      // The dict, perhaps where it comes from, and the operation.
      expect(countStatements(smallest)).toBeLessThanOrEqual(4);
    }
  });
});
