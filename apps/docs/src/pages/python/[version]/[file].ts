/** The interpreters' files, out of their npm packages into the site: nothing is fetched from elsewhere. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { APIRoute, GetStaticPaths } from "astro";
import { filesOf, pythonVersions } from "../../../playground/versions.ts";

const types: Readonly<Record<string, string>> = {
  mjs: "text/javascript",
  js: "text/javascript",
  wasm: "application/wasm",
  zip: "application/zip",
  json: "application/json",
};

export const getStaticPaths: GetStaticPaths = () => {
  // Resolved from the site's root, since this file runs as part of a bundle that lies elsewhere.
  const { resolve } = createRequire(join(process.cwd(), "package.json"));
  return pythonVersions.flatMap((version) => {
    const folder = dirname(resolve(`${version.from}/package.json`));
    return filesOf(version).map((file) => ({
      params: { version: version.python, file },
      props: { path: join(folder, file) },
    }));
  });
};

export const GET: APIRoute<{ path: string }> = async ({ params, props }) => {
  const type = types[params["file"]!.split(".").at(-1)!] ?? "application/octet-stream";
  if (type === "application/json") {
    // Which packages there are elsewhere is nothing to this site.
    const { info } = JSON.parse(await readFile(props.path, "utf8")) as { info: unknown };
    return Response.json({ info, packages: {} });
  }
  return new Response(await readFile(props.path), { headers: { "content-type": type } });
};
