import type { Address } from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";
import { type Story, tell } from "./stories.ts";

/** As CPython 3.11 to 3.15 tell it. */
describe.each(everyProfile)("with statements in %s %s", (version, abi) => {
  const last = version === "3.14" || version === "3.15";
  const inOrder = (...names: string[]): string[] => (last ? names.reverse() : names);

  interface Scene extends Story {
    /** `C(name, swallows)`, whose methods log; `exit` in place of the usual `__exit__`. */
    manager(name: string, swallows?: boolean, exit?: () => Address): Address;
    raising: Address;
    /** Run statements in a frame with these locals. */
    within(locals: readonly string[], body: (frame: Address) => void): void;
    call(fn: Address): number;
  }

  function begin(): Scene {
    const story = tell(testObjects(version, abi));
    const { core, log } = story;
    const { frames, refs, classes, str, protocol, int, exceptions, errors, constants } = core;
    let onExit: (() => Address) | undefined;
    const nameOf = (frame: Address): string => story.attribute(frames.local(frame, 0), "n");
    const C = story.cls("C", {
      __enter__: {
        locals: ["self"],
        argCount: 1,
        body: (frame) => {
          log.push(`enter ${nameOf(frame)} ${frames.getrefcount(frame, 0)}`);
          return story.mortal(`entered ${nameOf(frame)}`);
        },
      },
      __exit__: {
        locals: ["self", "type", "value", "traceback"],
        argCount: 4,
        body: (frame) => {
          const value = frames.local(frame, 2);
          const type = frames.local(frame, 1);
          const what =
            value === constants.none
              ? "normally"
              : `${core.types.name(type)} through ${story.trace(value).join(" ")}`;
          expect(exceptions.handled()).toBe(value === constants.none ? 0 : value);
          expect(frames.local(frame, 3)).toBe(
            value === constants.none ? value : exceptions.traceback(value),
          );
          log.push(`exit ${nameOf(frame)} ${frames.getrefcount(frame, 0)} ${what}`);
          if (onExit !== undefined) return onExit();
          return protocol.getAttribute(frames.local(frame, 0), "swallows");
        },
      },
      __del__: {
        locals: ["self"],
        argCount: 1,
        body: (frame) => {
          log.push(`del ${nameOf(frame)}`);
          return story.none();
        },
      },
    });
    const raising = story.fn("f2", ["a", "b"], 0, (frame) => {
      frames.store(frame, 0, story.mortal("a"));
      frames.store(frame, 1, story.mortal("b"));
      return errors.raise("ValueError", "no");
    });
    return {
      ...story,
      raising,
      manager: (name, swallows = false, exit) => {
        onExit = exit;
        const manager = classes.call(C, []);
        const text = str.from(name);
        protocol.setAttribute(manager, "n", text);
        protocol.setAttribute(manager, "swallows", int.fromBoolean(swallows));
        refs.decref(text);
        return manager;
      },
      within: (locals, body) => {
        story.run(
          story.fn("w", locals, 0, (frame) => {
            body(frame);
            return story.none();
          }),
        );
      },
      call: (fn) => {
        const result = frames.callMoving(fn, [], 0);
        refs.xdecref(result);
        return result === 0 ? -1 : 0;
      },
    };
  }

  function finish(scene: Scene): void {
    expect(scene.core.errors.occurred()).toBe(0);
    scene.core.inspect.verify({ held: scene.held });
    scene.end();
    scene.core.inspect.verify();
  }

  it("enters, runs the body, exits, and lets the manager die", () => {
    const scene = begin();
    const { frames } = scene.core;
    scene.within([], () => {
      const body = (): number => {
        scene.log.push("body");
        return 0;
      };
      const options = { steals: true, discards: true };
      expect(frames.with(scene.manager("a"), body, options)).toBe(0);
      scene.log.push("after");
    });
    expect(scene.told()).toEqual([
      `enter a ${last ? 2 : 4}`,
      "entered a",
      "body",
      `exit a ${last ? 1 : 3} normally`,
      "del a",
      "after",
    ]);
    finish(scene);
  });

  it("binds what was entered to a local, and lends a manager that is one", () => {
    const scene = begin();
    const { frames } = scene.core;
    scene.within(["d", "q"], (frame) => {
      frames.store(frame, 0, scene.manager("a"));
      const body = (entered: Address): number => {
        expect(frames.local(frame, 1)).toBe(entered);
        scene.log.push(`body ${frames.getrefcount(frame, 0)}`);
        return 0;
      };
      expect(frames.with(frames.local(frame, 0), body, { local: 1 })).toBe(0);
      scene.log.push("after");
    });
    expect(scene.told()).toEqual([
      `enter a ${last ? 1 : 5}`,
      `body ${last ? 1 : 3}`,
      `exit a ${last ? 1 : 4} normally`,
      "after",
      ...inOrder("del a", "entered a"),
    ]);
    finish(scene);
  });

  it("swallows an exception where __exit__ says so", () => {
    const scene = begin();
    const { frames } = scene.core;
    scene.within([], () => {
      const options = { steals: true, discards: true };
      const body = (): number => scene.call(scene.raising);
      expect(frames.with(scene.manager("a", true), body, options)).toBe(0);
      scene.log.push("after");
    });
    expect(scene.told().filter((line) => !line.startsWith("enter a"))).toEqual([
      "entered a",
      `exit a ${last ? 2 : 3} ValueError through w f2`,
      ...inOrder("a", "b"),
      "del a",
      "after",
    ]);
    finish(scene);
  });

  it("lets an exception go on with the frame in its traceback once", () => {
    const scene = begin();
    const { frames } = scene.core;
    const w5 = scene.fn("w5", ["p", "q"], 0, () => {
      const inner = (): number =>
        frames.with(scene.manager("b"), () => scene.call(scene.raising), {
          steals: true,
          local: 1,
        });
      const outer = frames.with(scene.manager("a"), inner, { steals: true, local: 0 });
      return outer < 0 ? 0 : scene.none();
    });
    scene.within([], () => {
      frames.tryExcept(() => scene.call(w5), {
        handle: (exception) => {
          scene.log.push(scene.trace(exception).join(" "));
          return 0;
        },
      });
      scene.log.push("after");
    });
    expect(scene.told().filter((line) => !line.startsWith("enter "))).toEqual([
      `exit b ${last ? 2 : 3} ValueError through w5 f2`,
      "del b",
      `exit a ${last ? 2 : 3} ValueError through w5 f2`,
      "del a",
      "w w5 f2",
      ...inOrder("a", "b"),
      ...inOrder("entered a", "entered b"),
      "after",
    ]);
    finish(scene);
  });

  it("chains what __exit__ raises to the exception that it was given", () => {
    const scene = begin();
    const { frames, exceptions, errors } = scene.core;
    scene.within([], () => {
      const withStatement = (): number => {
        const fail = (): Address => errors.raise("KeyError", "x");
        const body = (): number => scene.call(scene.raising);
        const options = { steals: true, discards: true };
        return frames.with(scene.manager("a", false, fail), body, options);
      };
      frames.tryExcept(withStatement, {
        kinds: ["KeyError"],
        handle: (exception) => {
          const context = exceptions.context(exception);
          scene.log.push(scene.trace(exception).join(" "));
          scene.log.push(`${scene.typeName(context)} ${scene.trace(context).join(" ")}`);
          return 0;
        },
      });
      scene.log.push("after");
    });
    expect(scene.told().slice(2)).toEqual([
      `exit a ${last ? 2 : 3} ValueError through w f2`,
      "w __exit__",
      "ValueError w f2",
      "del a",
      ...inOrder("a", "b"),
      "after",
    ]);
    finish(scene);
  });

  it("refuses objects that are no context managers", () => {
    const scene = begin();
    const { frames, errors, list } = scene.core;
    scene.within([], () => {
      expect(frames.with(list.create(0), () => 0, { steals: true })).toBe(-1);
      expect(errors.matches("TypeError")).toBe(true);
      errors.clear();
    });
    finish(scene);
  });

  it("takes managers of types defined in TypeScript, whose attributes are bound", () => {
    const scene = begin();
    const { core } = scene;
    const { frames, types, alloc, refs } = core;
    const enter = scene.fn("enter", [], 0, () => {
      scene.log.push("enter");
      return scene.none();
    });
    const exit = scene.fn("exit", ["t", "v", "tb"], 3, () => {
      scene.log.push("exit");
      return scene.none();
    });
    const type = types.define({
      name: "Lock",
      basicsize: 2 * core.word,
      flags: 0,
      slots: {
        name: "test.Lock",
        dealloc: alloc.freeObject,
        getAttribute: (_, name) =>
          name === "__enter__" ? refs.newRef(enter) : name === "__exit__" ? refs.newRef(exit) : 0,
      },
    });
    const lock = alloc.object(type, 2 * core.word);
    scene.within([], () => {
      expect(frames.with(lock, () => 0, { steals: true, discards: true })).toBe(0);
    });
    expect(scene.told()).toEqual(["enter", "exit"]);
    finish(scene);
  });

  it("does not run the body where __enter__ raises", () => {
    const scene = begin();
    const { frames, errors } = scene.core;
    const bad = scene.cls("Bad", {
      __enter__: { locals: ["self"], argCount: 1, body: () => errors.raise("ValueError", "no") },
      __exit__: { locals: ["self"], argCount: 1, body: () => scene.none() },
    });
    const result = scene.core.classes.call(bad, []);
    scene.within([], () => {
      const body = (): number => {
        scene.log.push("body");
        return 0;
      };
      expect(frames.with(result, body, { steals: true })).toBe(-1);
      expect(errors.matches("ValueError")).toBe(true);
      errors.clear();
    });
    expect(scene.told()).toEqual([]);
    finish(scene);
  });
});
