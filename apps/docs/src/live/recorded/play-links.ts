/** Addresses that open the example programs in the playground. */
import { toHash } from "../../playground/links.ts";

const programs: Readonly<Record<string, string>> = import.meta.glob(
  "../../../../../examples/diagnose/*.py",
  { query: "?raw", import: "default", eager: true },
);

/** Variables whose graph is worth looking at. */
const watched: Readonly<Record<string, string>> = {
  "sessions.py": "failed_logins",
  "worker.py": "failures when_done",
  "documents.py": "document",
  "orders.py": "quotes",
};

const base = import.meta.env.BASE_URL.replace(/\/?$/, "/");

/** By the file's name. */
export const playLinks: Readonly<Record<string, string>> = Object.fromEntries(
  await Promise.all(
    Object.entries(programs).map(async ([path, program]) => {
      const name = path.slice(path.lastIndexOf("/") + 1);
      const hash = await toHash({ program, settings: {}, watch: watched[name] ?? "" });
      return [name, `${base}playground/${hash}`] as const;
    }),
  ),
);
