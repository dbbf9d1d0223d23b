/**
 * What a program must bring along, because it cannot lie in linear memory: JavaScript functions and values. A heap
 * names them; whoever opens a saved heap gives them again under the same names.
 *
 * | in the heap                                | its name                                  | given by     |
 * |--------------------------------------------|-------------------------------------------|--------------|
 * | function made by `py.function`             | its `__qualname__`: `greet`               | `functions`  |
 * | method of a class made by `py.class`       | its `__qualname__`: `Node.__init__`       | `classes`    |
 * | function made by `objects.functions`       | its `__qualname__`                        | `bodies`     |
 * | type made by `defineType`, `types.define`  | the type's name                           | `types`      |
 * | JavaScript value (`py.js`, conversions)    | its key in `values` when it was saved, or `#` and its number | `values` |
 * | destructor of a capsule                    | the capsule's name                        | `destructors` |
 *
 * Several functions of the same `__qualname__` (made in a loop, say) get the same body.
 */
import type { Address } from "@pyrena/abi";
import type { Body, FunctionBody, Objects, UserTypeSpec } from "@pyrena/objects";

/** A type of the user's: fields for `defineType`, or a function that defines types by `objects.types.define`. */
export type TypeDefinition = UserTypeSpec<string> | ((objects: Objects) => unknown);

/** JavaScript that a heap refers to by name. */
export interface Definitions {
  /** Types; they are defined when the runtime is made or restored, in this order. */
  readonly types?: readonly TypeDefinition[];
  /** Members of classes that were made by `py.class`, by the class's name. */
  readonly classes?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Bodies of functions that were made by `py.function`, by `__qualname__`. */
  readonly functions?: Readonly<Record<string, FunctionBody>>;
  /** Bodies of functions that were made on addresses, by `__qualname__`. */
  readonly bodies?: Readonly<Record<string, Body>>;
  /** JavaScript values that objects hold: what they are called in images. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Destructors of capsules, by the capsule's name; `""` for those without one. */
  readonly destructors?: Readonly<Record<string, (capsule: Address) => void>>;
}
