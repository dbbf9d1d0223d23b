/** Look at what types' `traverse` shows before each collection, and say what is wrong: for any collector. */
import {
  type Collector,
  type CollectorFactory,
  type CollectorHost,
  PyrenaError,
} from "@pyrena/abi";
import { diagnose } from "./diagnose.ts";

/**
 * A collector before whose collections all objects are checked, as {@link diagnose} does: slow. What it finds is reported
 * to the host's `unraisable`, once for each object; the collection then runs as it would have.
 * @param factory makes the collector, which must tell its host of collections (`event`)
 */
export function debugging(factory: CollectorFactory): CollectorFactory {
  return (graph, host) => {
    const told = new Set<string>();
    const report = (text: string, address: number): void => {
      if (told.has(text)) return;
      told.add(text);
      const error = new PyrenaError("heap-corrupt", text, { address, invariant: "O1" });
      host.unraisable?.(error, "a check before a collection");
    };
    // All else is the host's own, also what it is given later.
    const watched: CollectorHost = Object.create(host, {
      event: {
        value: (...[phase, info]: Parameters<NonNullable<CollectorHost["event"]>>) => {
          if (phase === "start") {
            const { excess, broken } = diagnose(graph, collector);
            for (const { object, text } of [...excess, ...broken]) report(text, object);
          }
          host.event?.(phase, info);
        },
      },
    });
    const collector: Collector = factory(graph, watched);
    return collector;
  };
}
