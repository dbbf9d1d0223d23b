import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { createProgress } from "../src/progress.ts";

/** A terminal that keeps what is written to it. */
function recordingTerminal(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  let text = "";
  const stream = Object.assign(new PassThrough(), {
    isTTY,
    columns: 80,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
    clearScreenDown: () => true,
  });
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}

it("says nothing in the first second, then shows how far it is", () => {
  const { stream, text } = recordingTerminal(true);
  let now = 0;
  const progress = createProgress(stream, {}, "replaying", 200, () => now);
  now = 900;
  progress.update(20);
  expect(text()).toBe("");
  now = 1100;
  progress.update(50);
  expect(text()).toContain("replaying");
  expect(text()).toContain("25 %");
  progress.stop();
});

it.each([
  ["in a pipe", false, {}, 200],
  ["in a build", true, { CI: "1" }, 200],
  ["where the length is not known", true, {}, undefined],
])("is silent %s", (_, isTTY, env, total) => {
  const { stream, text } = recordingTerminal(isTTY);
  let now = 0;
  const progress = createProgress(stream, env, "replaying", total, () => now);
  now = 5000;
  progress.update(50);
  progress.stop();
  expect(text()).toBe("");
});
