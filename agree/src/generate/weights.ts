/** The kinds of statement and how often each is tried. */
import { collectsAnywhere } from "../exact.ts";
import type { Collecting } from "../program.ts";
import { call, tryStatement, withStatement } from "./calls.ts";
import { burst, census, collect, collectorLog, switches } from "./collecting.ts";
import { cycle } from "./cycles.ts";
import type { StatementKind } from "./draft.ts";
import {
  convert,
  copy,
  onAttribute,
  onCallable,
  onDict,
  onList,
  onNumber,
  onSequence,
  onSet,
} from "./operations.ts";
import {
  alias,
  atom,
  bulk,
  closure,
  container,
  instance,
  log,
  nest,
  raise,
  rescue,
  reuse,
  swap,
  unbind,
  weakref,
} from "./statements.ts";

/** Of programs that leave the collector alone. */
const USUAL: readonly StatementKind[] = [
  { weight: 14, make: container },
  { weight: 7, make: alias },
  { weight: 5, make: atom },
  { weight: 8, make: instance },
  { weight: 5, make: unbind },
  { weight: 13, make: onList },
  { weight: 11, make: onDict },
  { weight: 8, make: onSet },
  { weight: 9, make: onSequence },
  { weight: 3, make: onNumber },
  { weight: 11, make: onAttribute },
  { weight: 6, make: weakref },
  { weight: 3, make: closure },
  { weight: 4, make: onCallable },
  { weight: 4, make: call },
  { weight: 3, make: tryStatement },
  { weight: 2, make: withStatement },
  { weight: 2, make: raise },
  { weight: 1, make: swap },
  { weight: 2, make: nest },
  { weight: 2, make: bulk },
  { weight: 1, make: rescue },
  { weight: 4, make: copy },
  { weight: 4, make: convert },
  { weight: 3, make: reuse },
  { weight: 34, make: log },
];
/** Of those that meet it. */
const COLLECTING: readonly StatementKind[] = [
  ...USUAL,
  { weight: 16, make: cycle },
  { weight: 16, make: collect },
  { weight: 6, make: switches },
  { weight: 18, make: census },
  { weight: 14, make: collectorLog },
];
/** Of those in which collections run by themselves, but at certain places only. */
const IN_BURSTS: readonly StatementKind[] = [...COLLECTING, { weight: 30, make: burst }];

/** The kinds that a program may have. */
export function kindsFor(python: string, collecting: Collecting): readonly StatementKind[] {
  if (collecting === "off") return USUAL;
  return collecting === "called" || collectsAnywhere(python) ? COLLECTING : IN_BURSTS;
}
