/** What becomes of instances' `__dict__`s, against what CPython answered (test/fixtures). */
import type { Address } from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import { answersOf, questions, type Step } from "./answers.ts";
import { everyProfile } from "./heap.ts";
import { Stage } from "./stage.ts";

describe.each(everyProfile)("attributes in %s %s", (version, abi) => {
  it("take as much memory after every operation as CPython's", () => {
    const answers = answersOf(version, abi).operations.instance;
    const stage = new Stage(version, abi);
    questions.operations.instance.forEach((steps, i) => {
      const expected = answers[i];
      if (expected) expect(run(stage, steps), `sequence ${i}`).toEqual(expected);
      stage.core.inspect.verify({ held: [stage.markClass] });
    });
  });
});

/** record.py's `run_instance`. */
function run(stage: Stage, steps: readonly Step[]): [number, string][] {
  const { core } = stage;
  const { classes, dict, refs, str, int, protocol } = core;
  const cls = stage.cls("Some");
  const rows: [number, string][] = [];
  let one = 0;

  const row = (table: Address): void => {
    const keys: (string | number)[] = [];
    const cursor = { position: 0, key: 0, value: 0 };
    while (dict.next(table, cursor)) {
      keys.push(str.check(cursor.key) ? str.value(cursor.key) : Number(int.value(cursor.key)));
    }
    rows.push([protocol.getsizeof(table), keys.join(" ")]);
  };
  const make = (): Address => classes.call(cls, []);
  const give = (object: Address, k: number): void => {
    expect(protocol.setAttribute(object, `a${k}`, stage.none)).toBe(0);
  };
  const withKey = (k: number, use: (key: Address) => unknown): void => {
    const key = str.interned(`a${k}`);
    use(key);
    refs.decref(key);
  };
  const withDict = (use: (table: Address) => unknown): void => {
    const table = classes.dict(one);
    use(table);
    refs.decref(table);
  };
  const filled = (start: number, n: number): Address => {
    const table = dict.create();
    for (let k = start; k < start + n; k++)
      withKey(k, (key) => dict.setItem(table, key, stage.none));
    return table;
  };

  for (const [name, a = 0, b = 0] of steps) {
    switch (name) {
      case "fill":
        for (let n = 0; n < a; n++) {
          const other = make();
          for (let k = 0; k < b; k++) give(other, k);
          refs.decref(other);
        }
        break;
      case "new":
        refs.xdecref(one);
        one = make();
        break;
      case "set":
        give(one, a);
        break;
      case "delete":
        withKey(a, (key) => {
          const found = classes.findAttribute(one, key);
          if (found === 0) return;
          refs.decref(found);
          expect(classes.deleteAttribute(one, key)).toBe(0);
        });
        break;
      case "measure":
        withDict(row);
        break;
      case "dictSet":
        withDict((table) => {
          withKey(a, (key) => dict.setItem(table, key, stage.none));
        });
        break;
      case "dictSetInt":
        withDict((table) => {
          const key = int.from(a);
          dict.setItem(table, key, stage.none);
          refs.decref(key);
        });
        break;
      case "dictSetDefault":
        withDict((table) => {
          withKey(a, (key) => dict.setDefault(table, key, stage.none));
        });
        break;
      case "dictDelete":
        withDict((table) => {
          withKey(a, (key) => {
            refs.xdecref(dict.pop(table, key));
          });
        });
        break;
      case "dictPopItem":
        withDict((table) => {
          if (dict.length(table) > 0) refs.decref(dict.popItem(table));
        });
        break;
      case "dictClear":
        withDict((table) => {
          dict.clear(table);
        });
        break;
      case "replace": {
        const table = filled(a, 1);
        expect(classes.setDict(one, table)).toBe(0);
        refs.decref(table);
        break;
      }
      case "dictUpdate":
        withDict((table) => {
          const other = filled(a, b);
          dict.update(table, other);
          refs.decref(other);
        });
        break;
      case "copy":
        withDict((table) => {
          const copy = dict.copy(table);
          row(copy);
          refs.decref(copy);
        });
        break;
      case "outlive":
        withDict((table) => {
          const before = one;
          one = make();
          refs.decref(before);
          row(table);
        });
        break;
      default:
        throw new Error(`no operation "${name}" on instances`);
    }
  }
  stage.dropAll([one, cls]);
  return rows;
}
