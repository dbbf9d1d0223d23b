/** The worker in which Python runs. */
import { FRAME_BYTES } from "../frame.ts";
import type { Command, Report } from "../protocol.ts";
import { MessageLink, SharedLink } from "./link.ts";
import { messageOf, Session } from "./session.ts";
import { promiseIntegration } from "./suspender.ts";

/** The worker's own global scope; TypeScript's library for it cannot be used beside that for pages. */
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Command>) => void) | null;
  postMessage(report: Report, transfer?: Transferable[]): void;
};

let session: Session | undefined;
let link: SharedLink | MessageLink | undefined;
const say = (report: Report, transfer: Transferable[] = []): void =>
  scope.postMessage(report, transfer);

scope.onmessage = ({ data }) => {
  if (data.type === "load") {
    void load(data);
  } else if (data.type === "run") {
    void session!.run(data.program, data.watch, data.replay);
  } else if (session !== undefined) {
    if (link instanceof MessageLink) link.arrived(data);
    else session.obey(data);
    session.takeCommands();
  }
};

async function load(command: Extract<Command, { type: "load" }>): Promise<void> {
  const { settings, files, shared, suspend, epoch, compiled } = command;
  link =
    shared !== undefined
      ? new SharedLink(shared, say)
      : new MessageLink(
          suspend && promiseIntegration !== undefined ? "suspending" : "none",
          new ArrayBuffer(FRAME_BYTES),
          say,
        );
  const starting = new Session(link, settings, epoch, say);
  try {
    await starting.start(files, compiled);
    session = starting;
  } catch (error) {
    say({ type: "refused", message: messageOf(error) });
  }
}
