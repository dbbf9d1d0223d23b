/** The thread that Python runs on, from its start to the program's end. */
import { parentPort, workerData } from "node:worker_threads";
import { PyrenaError } from "@pyrena/abi";
import { runProgram } from "./run-program.ts";
import type { ThreadData, ThreadMessage } from "./thread-data.ts";

const say = (message: ThreadMessage): void => parentPort!.postMessage(message);

try {
  const { exitCode, telemetry } = await runProgram(workerData as ThreadData, say);
  say({ type: "ended", exitCode, telemetry });
} catch (error) {
  say({
    type: "refused",
    code: error instanceof PyrenaError ? error.code : undefined,
    message: error instanceof Error ? error.message : String(error),
    stack: error instanceof Error ? error.stack : undefined,
  });
}
