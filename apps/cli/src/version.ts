/** The version of this package, from its manifest. */
import { readFileSync } from "node:fs";

const manifest: { readonly version: string } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
);

/** `0.1.0`. */
export const version: string = manifest.version;
