/** The `pyrena` command. */
import process from "node:process";
import { describeFailure } from "./errors.ts";
import { createProgram, markProgramArguments } from "./program.ts";

// The reader at the other end of a pipe may leave early (`pyrena … | head`). That is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(process.exitCode ?? 0);
  });
}

try {
  const program = createProgram();
  await program.parseAsync(markProgramArguments(program, process.argv.slice(2)), { from: "user" });
} catch (error) {
  const failure = describeFailure(error);
  if (failure.text !== "") process.stderr.write(`${failure.text}\n`);
  process.exitCode = failure.exitCode;
}
