/** What passes between a page and the worker in which the reader's code runs. */
import type { CheckResult } from "./check.ts";

/** What the worker says: checks as they are done, then what came of it all, or what went wrong. */
export type Reply<Result> =
  | { readonly type: "check"; readonly check: CheckResult }
  | { readonly type: "done"; readonly result: Result }
  | { readonly type: "failed"; readonly message: string };

/** Seconds after which a worker is ended: code that takes longer most likely never ends. */
export const TIME_LIMIT = 20;

/** On the page: have a job done by a worker of its own, which is ended afterwards. */
export function runJob<Result>(
  worker: Worker,
  job: unknown,
  onCheck: (check: CheckResult) => void = () => {},
  seconds: number = TIME_LIMIT,
): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const limit = setTimeout(() => {
      reject(new Error(`Stopped after ${seconds} seconds. Is there a loop that never ends?`));
    }, seconds * 1000);
    const settled = (settle: () => void): void => {
      clearTimeout(limit);
      settle();
    };
    worker.onmessage = ({ data }: MessageEvent<Reply<Result>>) => {
      if (data.type === "check") onCheck(data.check);
      else if (data.type === "done") settled(() => resolve(data.result));
      else settled(() => reject(new Error(data.message)));
    };
    worker.onerror = (event) =>
      settled(() => reject(new Error(event.message || "the worker failed")));
    worker.postMessage(job);
  }).finally(() => worker.terminate());
}

/** In the worker: do each job that comes, and say what came of it. */
export function serveJobs<Job, Result>(
  work: (job: Job, tell: (check: CheckResult) => void) => Result | Promise<Result>,
): void {
  const scope = globalThis as unknown as {
    onmessage: ((event: MessageEvent<Job>) => void) | null;
    postMessage(reply: Reply<Result>): void;
  };
  scope.onmessage = async ({ data }) => {
    try {
      const result = await work(data, (check) => scope.postMessage({ type: "check", check }));
      scope.postMessage({ type: "done", result });
    } catch (thrown) {
      const message =
        thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
      scope.postMessage({ type: "failed", message });
    }
  };
}
