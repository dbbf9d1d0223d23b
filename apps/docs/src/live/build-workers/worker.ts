/** One of the workers that share a heap. */
import { serveJobs } from "../build-code/job.ts";
import { type ShareJob, type ShareReport, work } from "./work.ts";

serveJobs<ShareJob, ShareReport>((job) => work(job));
