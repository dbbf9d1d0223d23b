/** The site's table of contents. Labels in Chinese stand beside the English ones. */
import type { StarlightUserConfig } from "@astrojs/starlight/types";
import { folderOf, listedPackages } from "./reference/api/packages.ts";

type Sidebar = NonNullable<StarlightUserConfig["sidebar"]>;

const group = (label: string, chinese: string, directory: string): Sidebar[number] => ({
  label,
  translations: { "zh-CN": chinese },
  items: [{ autogenerate: { directory } }],
});

const reference: Sidebar[number] = {
  label: "Reference",
  translations: { "zh-CN": "参考" },
  items: [
    "reference/cli",
    {
      label: "Packages",
      translations: { "zh-CN": "包" },
      collapsed: true,
      items: [
        "reference/api",
        ...listedPackages.map(({ name }) => ({
          label: name,
          collapsed: true,
          items: [{ autogenerate: { directory: `reference/api/${folderOf(name)}` } }],
        })),
      ],
    },
    "reference/structs",
    "reference/structs-code",
    "reference/structs-state",
    "reference/profiles",
    "reference/trace-format",
    "reference/compatibility",
    "reference/benchmarks",
    "reference/glossary",
  ],
};

export const sidebar: Sidebar = [
  group("Start", "开始", "start"),
  group("Learn", "学习", "learn"),
  { label: "Playground", translations: { "zh-CN": "演练场" }, link: "/playground/" },
  group("Diagnose", "诊断", "diagnose"),
  group("Build", "构建", "build"),
  reference,
];
