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
  group("Build", "构建", "build"),
  group("Diagnose", "诊断", "diagnose"),
  group("Reference", "参考", "reference"),
];
