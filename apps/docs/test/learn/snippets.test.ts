/** The JavaScript on the first pages and in the course, run as it stands there. */
import { createRuntime } from "pyrena";
import { expect, it } from "vitest";

const pages = import.meta.glob<string>("../../src/content/docs/{start,learn}/*.mdx", {
  eager: true,
  query: "?raw",
  import: "default",
});

function blocks(page: string): string[] {
  const text = pages[`../../src/content/docs/${page}.mdx`]!;
  return [...text.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code!);
}

it("makes a cycle, and collects it, in the example of the two commands", () => {
  const [code] = blocks("start/two-commands");
  const said: unknown[] = [];
  const body = code!.replace(/^import .*$/m, "");
  new Function("createRuntime", "console", body)(createRuntime, {
    log: (...values: unknown[]) => said.push(...values),
  });
  // What the comments beside console.log say.
  const promised = [...code!.matchAll(/console\.log\(.*\); \/\/ (\d+)/g)].map(([, number]) =>
    Number(number),
  );
  expect(promised).toEqual([2, 2]);
  expect(said).toEqual(promised);
});

it("counts, in the example of the domains", () => {
  const [code] = blocks("learn/domains");
  const counting = new Function(`${code}; return counting;`)();
  let counted: { ctx: { calls: number } } | undefined;
  const runtime = createRuntime({
    allocator: { obj: (next) => (counted = { ...counting(next), walker: next.walker }) as never },
  });
  const before = counted!.ctx.calls;
  const floats = [0.5, 1.5, 2.5].map((value) => runtime.py.float(value));
  expect(counted!.ctx.calls - before).toBe(3);
  for (const float of floats) float.release();
  runtime.verify();
});

it("has no other JavaScript that nobody runs", () => {
  const found = Object.values(pages).flatMap((text) => text.match(/```(js|ts)\n/g) ?? []);
  expect(found).toHaveLength(2);
});
