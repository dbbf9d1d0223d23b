/** Recorded results, as they lie in the repository. */
import type { APIRoute, GetStaticPaths } from "astro";
import { rawFiles } from "../../../reference/shared/raw.ts";

export const getStaticPaths: GetStaticPaths = () =>
  rawFiles().map(({ path, text }) => ({ params: { path }, props: { text } }));

export const GET: APIRoute = ({ props }) =>
  new Response(String(props["text"]), { headers: { "content-type": "application/json" } });
