/** The site: Starlight's pages, with islands of Preact where a page is alive. */
import preact from "@astrojs/preact";
import starlight from "@astrojs/starlight";
import { defineConfig } from "astro/config";
import links from "starlight-links-validator";
import { apiReference } from "./src/reference/api/write.ts";
import { sidebar } from "./src/sidebar.ts";

/**
 * Search and the list of headings come when the page is idle, which one with a live part that runs may never be: after
 * two seconds they come all the same.
 */
const IDLE_SOON = `
if (window.requestIdleCallback) {
  const whenIdle = window.requestIdleCallback.bind(window);
  window.requestIdleCallback = (callback, options) => whenIdle(callback, { timeout: 2000, ...options });
}`;

export default defineConfig({
  integrations: [
    apiReference(),
    starlight({
      title: "Pyrena",
      description: "CPython's memory manager, to read, to run and to watch.",
      defaultLocale: "root",
      locales: {
        root: { label: "English", lang: "en" },
        "zh-cn": { label: "简体中文", lang: "zh-CN" },
      },
      sidebar,
      head: [{ tag: "script", content: IDLE_SOON }],
      customCss: ["./src/styles/site.css", "./src/reference/reference.css"],
      // Pages that are not translated yet show the English text, at the same address below zh-cn.
      plugins: [links({ errorOnFallbackPages: false })],
    }),
    preact(),
  ],
});
