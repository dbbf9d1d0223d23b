/** What stories about lifetimes are told with: objects that log their deaths, functions, classes. */
import type { AbiName, Address } from "@pyrena/abi";
import { NthFailure } from "@pyrena/conformance";
import type { Objects } from "@pyrena/objects";
import { testObjects } from "./heap.ts";

type Body = (frame: Address) => Address;

/** Tools over one heap. Whatever they return is a new reference unless said otherwise. */
export interface Story {
  readonly core: Objects;
  readonly log: string[];
  /** What the story itself holds. */
  readonly held: readonly Address[];
  /** The log so far, which starts anew. */
  told(): string[];
  /** An object whose `__del__` logs its name. */
  mortal(name: string): Address;
  fn(name: string, locals: readonly string[], argCount: number, body: Body): Address;
  /** A class with these methods, whose first local is `self`. */
  cls(
    name: string,
    methods: Readonly<Record<string, { locals: readonly string[]; argCount: number; body: Body }>>,
    bases?: readonly Address[],
  ): Address;
  none(): Address;
  attribute(object: Address, name: string): string;
  /** Names of the functions in an exception's traceback, outermost first. */
  trace(exception: Address): string[];
  typeName(object: Address): string;
  /** Call a function without arguments; drops the result, fails the test on an exception. */
  run(fn: Address): void;
  /** Drop everything the story itself holds. */
  end(): void;
}

export function tell(core: Objects): Story {
  const { refs, types, frames, functions, exceptions } = core;
  const log: string[] = [];
  const held: Address[] = [];
  const globals = core.modules.dict(core.modules.main());
  const hold = (object: Address): Address => {
    if (object === 0)
      throw new Error(`a story failed: ${core.protocol.repr(core.errors.occurred())}`);
    held.push(object);
    return object;
  };
  const story: Story = {
    core,
    log,
    held,
    told: () => log.splice(0),
    mortal: (name) => {
      const object = core.classes.call(mortal, []);
      const text = core.str.from(name);
      if (object === 0 || text === 0 || core.protocol.setAttribute(object, "n", text) < 0) {
        throw new Error("no room for a mortal");
      }
      refs.decref(text);
      return object;
    },
    fn: (name, locals, argCount, body) =>
      hold(functions.define({ name, locals, argCount, body }, globals)),
    cls: (name, methods, bases) =>
      hold(
        core.classes.create({
          name,
          ...(bases === undefined ? {} : { bases }),
          attributes: Object.entries(methods).map(
            ([method, spec]) =>
              [method, hold(functions.define({ name: method, ...spec }, globals))] as const,
          ),
        }),
      ),
    none: () => refs.newRef(core.constants.none),
    attribute: (object, name) => {
      const value = core.protocol.getAttribute(object, name);
      if (value === 0) throw new Error(`no attribute ${name}`);
      const text = core.str.check(value) ? core.str.value(value) : core.protocol.repr(value);
      refs.decref(value);
      return text;
    },
    trace: (exception) => {
      const names: string[] = [];
      for (let t = exceptions.traceback(exception); t !== 0; t = exceptions.tracebackNext(t)) {
        const frame = frames.frameOfObject(exceptions.tracebackFrame(t));
        names.push(core.str.value(functions.codeName(frames.codeOf(frame))));
      }
      return names;
    },
    typeName: (object) => types.name(types.typeOf(object)),
    run: (fn) => {
      const result = frames.callMoving(fn, [], 0);
      if (result === 0) throw new Error(core.protocol.repr(core.errors.occurred()));
      refs.decref(result);
    },
    end: () => {
      for (const object of held.splice(0).reverse()) refs.decref(object);
    },
  };
  const mortal = story.cls("M", {
    __del__: {
      locals: ["self"],
      argCount: 1,
      body: (frame) => {
        log.push(story.attribute(frames.local(frame, 0), "n"));
        return story.none();
      },
    },
  });
  return story;
}

/** A story in whose heap requests for memory, also for chunks of the data stack, can be made to fail. */
export interface FailingStory extends Story {
  /** Run something with the n-th request from now on failing; whether that request was made. */
  withFailure(n: number, body: () => void): boolean;
}

export function failingStory(version: string, abi: AbiName): FailingStory {
  let failure: NthFailure | undefined;
  const core = testObjects(version, abi, {
    wrapAllocator: (inner) => {
      const fails = (): boolean => failure?.strikes() === true;
      return {
        ctx: undefined,
        malloc: (_, size) => (fails() ? 0 : inner.malloc(inner.ctx, size)),
        calloc: (_, count, size) => (fails() ? 0 : inner.calloc(inner.ctx, count, size)),
        realloc: (_, ptr, size) => (fails() ? 0 : inner.realloc(inner.ctx, ptr, size)),
        free: (_, ptr) => inner.free(inner.ctx, ptr),
      };
    },
    wrapArenas: (inner) => ({
      ctx: undefined,
      alloc: (_, size) => (failure?.strikes() === true ? 0 : inner.alloc(inner.ctx, size)),
      free: (_, base, size) => inner.free(inner.ctx, base, size),
    }),
  });
  return {
    ...tell(core),
    withFailure: (n, body) => {
      const armed = new NthFailure(n);
      failure = armed;
      try {
        body();
      } finally {
        failure = undefined;
      }
      return armed.happened;
    },
  };
}
