/** Runs a collector on a graph of Python lists, and notes what it does to them, call by call. */
import type { Address, CollectorFactory, ObjectGraph } from "@pyrena/abi";
import { liveRuntime } from "../shared/runtime.ts";

/** A graph: names of its objects, those that a variable holds, and references `AB` = A refers to B. */
export interface Picture {
  readonly nodes: string;
  readonly variables: string;
  readonly references: readonly string[];
}

/** What the collector did. */
export interface Event {
  /**
   * A root was shown to it; it looked at an object's references; it was shown one of them; it asked for a count; it took a
   * reference of its own; it let go of one; it had an object cleared; an object died.
   */
  readonly what: "root" | "look" | "refers" | "count" | "incref" | "decref" | "clear" | "died";
  readonly at: string;
  readonly to?: string;
}

/** All of it. */
export interface Watched {
  /** Objects that had died by their counts before the collector ran. */
  readonly deadBefore: readonly string[];
  readonly events: readonly Event[];
  /** What `gc.collect()` returned. */
  readonly returned: number;
  readonly left: readonly string[];
}

/** Build the picture's graph on a fresh heap, and let the collector run on it once. */
export function watchCollection(collector: CollectorFactory, picture: Picture): Watched {
  const names = new Map<Address, string>();
  const events: Event[] = [];
  let watching = false;
  const note = (what: Event["what"], object: Address, to?: Address): void => {
    const at = names.get(object);
    if (!watching || at === undefined) return;
    const target = to === undefined ? undefined : names.get(to);
    if (to !== undefined && target === undefined) return;
    events.push({ what, at, ...(target !== undefined && { to: target }) });
  };
  const spied: CollectorFactory = (graph, host) => {
    const each =
      (visitAll: ObjectGraph["traverse"]): ObjectGraph["traverse"] =>
      (ctx, object, visit) => {
        note("look", object);
        visitAll(ctx, object, (referent) => {
          note("refers", object, referent);
          visit(referent);
        });
      };
    const telling =
      (what: Event["what"], act: (ctx: unknown, object: Address) => void) =>
      (ctx: unknown, object: Address): void => {
        note(what, object);
        act(ctx, object);
      };
    const made = collector(
      {
        ...graph,
        traverse: each(graph.traverse),
        ...(graph.references !== undefined && { references: each(graph.references) }),
        roots(ctx, visit) {
          graph.roots(ctx, (object, holder) => {
            note("root", object);
            visit(object, holder);
          });
        },
        refcount(ctx, object) {
          note("count", object);
          return graph.refcount(ctx, object);
        },
        incref: telling("incref", graph.incref),
        decref: telling("decref", graph.decref),
        clear: telling("clear", graph.clear),
      },
      host,
    );
    return {
      ...made,
      // A list is untracked when its count has fallen to 0; its memory may be kept for the next one.
      untrack(ctx, object) {
        note("died", object);
        names.delete(object);
        made.untrack(ctx, object);
      },
    };
  };
  const runtime = liveRuntime({ collector: spied });
  const { py, gc } = runtime;
  const lists = new Map([...picture.nodes].map((name) => [name, py.list()]));
  for (const [name, list] of lists) names.set(list.id, name);
  for (const [from, to] of picture.references) lists.get(from!)?.append(lists.get(to!));
  for (const [name, list] of lists) if (!picture.variables.includes(name)) list.release();
  const alive = new Set(names.values());
  const deadBefore = [...picture.nodes].filter((name) => !alive.has(name));
  watching = true;
  const returned = gc.collect();
  watching = false;
  runtime.verify();
  return { deadBefore, events, returned, left: [...names.values()] };
}
