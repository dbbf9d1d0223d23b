/**
 * A program that is being made: what has been decided, and how the next statement is chosen. Each is tried in the model
 * first; one that makes no sense there is forgotten, and another kind is tried. The kinds are handed in, since those that
 * hold statements come back here for them.
 */
import type { Model } from "../model.ts";
import type { Expression, Statement, Variable } from "../program.ts";
import type { Random } from "../random.ts";
import { Invalid, Raised } from "../values.ts";
import { Choice } from "./choice.ts";

/** How many kinds are tried for a statement before it is given up. */
const ATTEMPTS = 30;
/** Statements of `main`, give or take those that are made together. */
const MOST_STATEMENTS = 200;

/** Statements that the model has performed. */
export interface Made {
  readonly statements: Statement[];
  /** Whether the last of them raises: nothing may follow. */
  readonly raises: boolean;
}

/** A kind of statement, and how often it is tried, measured against the others. */
export interface StatementKind {
  readonly weight: number;
  /** @throws Invalid if it makes no sense now */
  readonly make: (draft: Draft) => Made;
}

/** A program that is being made. */
export class Draft {
  readonly random: Random;
  readonly model: Model;
  readonly choice: Choice;
  /** How many calls, `try` and `with` statements the next statement is in. */
  depth = 0;
  /** Numbers that the next instance, callback and manager get: the log tells them apart by these. */
  tags = 0;
  callbacks = 0;
  managers = 0;
  /** Statements still to be made. */
  #budget: number;
  readonly #kinds: readonly StatementKind[];
  readonly #totalWeight: number;

  constructor(random: Random, model: Model, kinds: readonly StatementKind[]) {
    this.random = random;
    this.model = model;
    this.choice = new Choice(random, model);
    this.#kinds = kinds;
    this.#totalWeight = kinds.reduce((sum, { weight }) => sum + weight, 0);
    this.#budget = random.oneIn(4) ? random.between(30, 70) : random.between(6, 30);
  }

  /** Statements up to a number, or until one raises. */
  block(length: number = MOST_STATEMENTS): Made {
    const statements: Statement[] = [];
    while (statements.length < length && this.#budget > 0) {
      const made = this.#one();
      statements.push(...made.statements);
      if (made.raises) return { statements, raises: true };
    }
    return { statements, raises: false };
  }

  /**
   * Performs a statement that holds no others in the model and gives it back, guarded if it fails.
   * @throws Invalid if it makes no sense
   */
  do(statement: Statement): Made {
    try {
      this.model.step(statement);
      return { statements: [statement], raises: false };
    } catch (error) {
      if (!(error instanceof Raised)) throw error;
      if (statement.s === "raise") return { statements: [statement], raises: true };
      if (statement.s !== "op") throw new Invalid("fails");
      // Errors on purpose, but not too many: they clear what is known of identities.
      if (!this.random.oneIn(3)) throw new Invalid("fails");
      this.model.mess();
      return { statements: [{ ...statement, guarded: true }], raises: false };
    }
  }

  /** The same with an operation of {@link ../operations.ts}. */
  op(
    op: string,
    on: Variable,
    args: readonly Expression[] = [],
    to: Variable | null = null,
    guarded = false,
  ): Made {
    return this.do({ s: "op", op, on, args, to, guarded });
  }

  #one(): Made {
    this.#budget--;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        return this.#kind().make(this);
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
      }
    }
    return { statements: [], raises: false };
  }

  #kind(): StatementKind {
    let at = this.random.below(this.#totalWeight);
    return this.#kinds.find(({ weight }) => (at -= weight) < 0)!;
  }
}
