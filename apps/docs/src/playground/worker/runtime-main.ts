/**
 * The worker of the second tab: TypeScript on a Python heap of Pyrena's. What it makes with `createRuntime` is seen, as
 * CPython's heap is in the first.
 */
import { FRAME_BYTES } from "../frame.ts";
import type { Command, Report } from "../protocol.ts";
import { type Link, MessageLink, SharedLink } from "./link.ts";
import { RuntimeSession } from "./runtime-session.ts";

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Command>) => void) | null;
  postMessage(report: Report, transfer?: Transferable[]): void;
};
const say = (report: Report, transfer: Transferable[] = []): void =>
  scope.postMessage(report, transfer);

let session: RuntimeSession | undefined;

scope.onmessage = ({ data }) => {
  if (data.type === "load") {
    const link: Link =
      data.shared === undefined
        ? new MessageLink("none", new ArrayBuffer(FRAME_BYTES), say)
        : new SharedLink(data.shared, say);
    session = new RuntimeSession(link, data.settings, say);
    const { reach } = link;
    say({ type: "ready", python: "", allocator: "Pyrena", reach, milliseconds: 0 });
  } else if (data.type === "run") {
    void session?.run(data.program, data.watch);
  } else if (data.type === "goOn") {
    void session?.goOn(data.program, data.moment);
  } else {
    session?.obey(data);
  }
};
