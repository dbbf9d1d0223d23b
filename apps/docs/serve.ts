/**
 * `pnpm docs`: serves the built site on this machine, with the two headers that give pages shared memory.
 *
 *     node serve.ts [--port 4321] [--plain]
 *
 * `--plain` leaves the headers out, as static hosts do.
 */
import { createReadStream } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import sirv from "sirv";

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
export async function serve({
  port,
  isolated,
  folder = join(import.meta.dirname, "dist"),
}: ServeOptions): Promise<Served> {
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

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "4321" },
      plain: { type: "boolean", default: false },
    },
  });
  const { url } = await serve({ port: Number(values.port), isolated: !values.plain });
  process.stdout.write(`The docs are at ${url}\n`);
}
