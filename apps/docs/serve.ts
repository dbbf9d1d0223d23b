/**
 * `npm run docs`: serves the built site on this machine, with the two headers that give pages shared memory.
 *
 *     node serve.ts [--port 4321] [--plain]
 *
 * `--plain` leaves the headers out, as static hosts do.
 */
import { createReadStream, existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import sirv from "sirv";

const SITE = join(import.meta.dirname, "dist");

/** How to serve. */
export interface ServeOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** Whether pages are isolated from other origins (COOP, COEP), and may therefore share memory. */
  readonly isolated: boolean;
  /** The folder of the built site. */
  readonly folder?: string;
}

/** A site that is being served. */
export interface Served {
  /** Ends in a slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serve the built site to this machine alone. */
export async function serve({ port, isolated, folder = SITE }: ServeOptions): Promise<Served> {
  const files = sirv(folder, {
    etag: true,
    setHeaders(response, path) {
      // Such files have their content's hash in their names.
      if (path.startsWith("/_astro/")) {
        response.setHeader("cache-control", "public,max-age=31536000,immutable");
      }
      if (!isolated) return;
      response.setHeader("cross-origin-opener-policy", "same-origin");
      response.setHeader("cross-origin-embedder-policy", "require-corp");
      response.setHeader("cross-origin-resource-policy", "same-origin");
    },
  });
  const server: Server = createServer((request, response) =>
    files(request, response, () => {
      response.statusCode = 404;
      const page = createReadStream(join(folder, "404.html"));
      page.on("error", () => response.end("Not found"));
      page.once("open", () => {
        response.setHeader("content-type", "text/html;charset=utf-8");
        page.pipe(response);
      });
    }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** What is wrong, in one line that says what to do. @throws whatever is not foreseen */
function explain(error: unknown, port: number): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return `Port ${port} is taken: choose another with --port, or any that is free with --port 0`;
    case "EACCES":
      return `Port ${port} is not ours to take: choose one from 1024 on with --port`;
    default:
      throw error;
  }
}

async function main(): Promise<string | undefined> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "4321" },
      plain: { type: "boolean", default: false },
    },
  });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    return `--port takes a number from 0 to 65535, not '${values.port}'`;
  }
  if (!existsSync(join(SITE, "index.html"))) {
    return "The site is not built: `npm run docs` builds and serves it";
  }
  try {
    const { url } = await serve({ port, isolated: !values.plain });
    process.stdout.write(`The docs are at ${url} (Ctrl-C ends this)\n`);
    return undefined;
  } catch (error) {
    return explain(error, port);
  }
}

if (import.meta.main) {
  const problem = await main().catch((error: NodeJS.ErrnoException) => {
    if (error.code?.startsWith("ERR_PARSE_ARGS")) {
      const [what] = error.message.split(". ");
      return `${what}: there are --port NUMBER (4321; 0 for any that is free) and --plain (without the headers)`;
    }
    throw error;
  });
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    process.exitCode = 2;
  }
}
