/** A model in a view: made once, changed by actions; what an action throws is shown, not lost. */
import { useMemo, useReducer, useState } from "preact/hooks";

/** What a view works with. */
export interface ModelUse<Model> {
  readonly model: Model;
  /** Change the model and show it again; what the action returns becomes the status. */
  act(action: (model: Model) => string | void): void;
  /** What the last action said, or what went wrong. */
  readonly status: string;
  readonly failed: boolean;
  /** Make the model anew. */
  reset(): void;
}

const NOTHING = { status: "", failed: false };

/** @param deps the model is made anew when one of them changes */
export function useModel<Model>(make: () => Model, deps: readonly unknown[] = []): ModelUse<Model> {
  const [round, reset] = useReducer<number, void>((n) => n + 1, 0);
  const [, show] = useReducer<number, void>((n) => n + 1, 0);
  const model = useMemo(make, [round, ...deps]);
  const [said, say] = useState<{ status: string; failed: boolean; of?: Model }>(NOTHING);
  return {
    model,
    // What was said of a model that is no longer there is not said of the new one.
    ...(said.of === model ? said : NOTHING),
    act(action) {
      try {
        const status = action(model);
        if (typeof status === "string") say({ status, failed: false, of: model });
      } catch (thrown) {
        const status = thrown instanceof Error ? thrown.message : String(thrown);
        say({ status, failed: true, of: model });
      }
      show();
    },
    reset,
  };
}
