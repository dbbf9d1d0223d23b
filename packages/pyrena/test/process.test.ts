/** A heap that is carried over into another process: Node runs the built packages there. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Handle } from "@pyrena/objects";
import { createRuntime, restore } from "pyrena";
import { expect, test } from "vitest";

const BUILT = join(import.meta.dirname, "..", "dist", "index.js");

/** What the other process does: it restores, looks, goes on, and saves again. */
const program = `
import { readFileSync, writeFileSync } from "node:fs";
import { restore } from ${JSON.stringify(BUILT)};
const [from, to] = process.argv.slice(2);
const log = [];
const runtime = restore(readFileSync(from), {
  types: [{ name: "Pair", fields: { first: "object", second: "object" } }],
  classes: {
    Node: {
      __init__(self, name) { self.setAttr("name", name); },
      __del__(self) { log.push(self.attr("name") + " is gone"); },
    },
  },
  functions: { twice: (n) => 2 * n },
  values: { settings: { colour: "red" } },
});
const { py, gc, globals } = runtime;
py.scope(() => {
  log.push(globals.ref("twice").call(21));
  log.push(globals.ref("settings").value.colour);
  log.push(globals.ref("pair").attr("first").repr());
  globals.ref("cycle").attrRef("other").setAttr("seen", "by the other process");
  globals.set("answer", [log.length]);
});
globals.delete("doomed");
log.push(gc.collect());
runtime.verify();
writeFileSync(to, runtime.save());
console.log(JSON.stringify(log));
`;

test("a heap goes on in another process, and comes back", () => {
  if (!existsSync(BUILT)) throw new Error(`${BUILT} is not there: build the package first`);
  const definitions = {
    types: [{ name: "Pair", fields: { first: "object", second: "object" } }],
    classes: {
      Node: {
        __init__(self: Handle, name: string) {
          self.setAttr("name", name);
        },
        __del__() {},
      },
    },
    functions: { twice: (n: number) => 2 * n },
    values: { settings: { colour: "blue" } },
  } as const;
  const runtime = createRuntime(definitions);
  const { py, globals } = runtime;
  py.scope(() => {
    const Node = py.class("Node", definitions.classes.Node);
    globals.set("Node", Node);
    for (const name of ["cycle", "doomed"]) {
      const [node, other] = [Node.new(name), Node.new(`${name}'s other`)];
      node.setAttr("other", other);
      other.setAttr("other", node);
      globals.set(name, node);
    }
    globals.set("twice", py.function("twice", definitions.functions.twice));
    globals.set("settings", py.js(definitions.values.settings));
    const first = py.list([1, 2]);
    globals.set("pair", py.context.handle(runtime.type("Pair").create({ first: first.live })));
  });
  const folder = mkdtempSync(join(tmpdir(), "pyrena-image-"));
  try {
    const [from, to, script] = ["from.image", "to.image", "program.mjs"].map((name) =>
      join(folder, name),
    );
    writeFileSync(from, runtime.save());
    writeFileSync(script, program);
    const answer: unknown = JSON.parse(
      execFileSync(process.execPath, [script, from, to], { encoding: "utf8" }),
    );
    expect(answer).toEqual([42, "red", "[1, 2]", "doomed is gone", "doomed's other is gone", 2]);
    const back = restore(readFileSync(to), definitions);
    back.py.scope(() => {
      const other = back.globals.ref("cycle")!.attrRef("other");
      expect(other.attr("seen")).toBe("by the other process");
      expect(back.globals.ref("answer")!.repr()).toBe("[3]");
      expect(back.globals.has("doomed")).toBe(false);
    });
    back.verify();
    back.dispose();
  } finally {
    rmSync(folder, { recursive: true });
  }
  // What was saved knows nothing of it.
  expect(globals.has("doomed")).toBe(true);
  expect(globals.has("answer")).toBe(false);
  runtime.verify();
  runtime.dispose();
});
