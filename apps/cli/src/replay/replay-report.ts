/** The figures of a replay: what `--json` prints and the text is made of. */
import type { ReplayResult, TraceHeader } from "@pyrena/trace";
import { version } from "../version.ts";

/** Version of {@link ReplayReport}; new keys alone do not change it. */
export const REPLAY_REPORT_VERSION = 1;

/** What a replay tells: the result of `@pyrena/trace`'s `replay`, and what it was done with. */
export interface ReplayReport extends ReplayResult {
  readonly schema: "pyrena-replay";
  readonly version: typeof REPLAY_REPORT_VERSION;
  /** Version of this command. */
  readonly pyrena: string;
  /** The file as it was named. */
  readonly trace: string;
  /** What was recorded: the trace's header. */
  readonly header: TraceHeader;
  /** How long the replay took. */
  readonly seconds: number;
}

/** The report of a replay. */
export function replayReport(
  trace: string,
  header: TraceHeader,
  result: ReplayResult,
  seconds: number,
): ReplayReport {
  return {
    schema: "pyrena-replay",
    version: REPLAY_REPORT_VERSION,
    pyrena: version,
    trace,
    header,
    seconds,
    ...result,
  };
}
