/** The site's table of contents. Labels in Chinese stand beside the English ones. */
import type { StarlightUserConfig } from "@astrojs/starlight/types";

type Sidebar = NonNullable<StarlightUserConfig["sidebar"]>;

const group = (label: string, chinese: string, directory: string): Sidebar[number] => ({
  label,
  translations: { "zh-CN": chinese },
  items: [{ autogenerate: { directory } }],
});

export const sidebar: Sidebar = [
  group("Start", "开始", "start"),
  group("Learn", "学习", "learn"),
  { label: "Playground", translations: { "zh-CN": "演练场" }, link: "/playground/" },
  group("Diagnose", "诊断", "diagnose"),
  group("Build", "构建", "build"),
];
