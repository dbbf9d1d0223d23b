/** Random programs: the same seed, the same program. Statements are chosen by weight among those that make sense. */
import { classDefinitions } from "./generate/classes.ts";
import { automaticMain } from "./generate/collecting.ts";
import { Draft } from "./generate/draft.ts";
import { kindsFor } from "./generate/weights.ts";
import { Model } from "./model.ts";
import type { Collecting, Program } from "./program.ts";
import { Random } from "./random.ts";

/** What a generated program may contain. */
export interface GeneratorOptions {
  /** The version: `3.13`. */
  readonly python: string;
  /** Ask for the counts of objects that CPython makes once and for all; only immortal ones have a fixed count (3.12 on). */
  readonly singletonCounts: boolean;
}

const COLLECTING: readonly Collecting[] = ["off", "off", "called", "automatic"];

/** The program of a seed. */
export function generate(seed: number, options: GeneratorOptions): Program {
  const random = new Random(seed);
  const collecting = random.pick(COLLECTING);
  const classes = classDefinitions(random, collecting);
  const model = new Model({ classes, ...options, collecting });
  const draft = new Draft(random, model, kindsFor(options.python, collecting));
  const body = collecting === "automatic" ? automaticMain(draft) : draft.block().statements;
  return { seed, ...options, collecting, classes, body };
}
