/** Reads the packages' sources with TypeDoc: who exports what, and what the docstrings say. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import {
  Application,
  type Comment,
  type CommentDisplayPart,
  type Context,
  Converter,
  type DeclarationReflection,
  type ReferenceReflection,
  ReflectionKind,
  type SignatureReflection,
  TypeScript as ts,
} from "typedoc";
import type {
  ApiPackage,
  Concept,
  Doc,
  Entry,
  EntryKind,
  Member,
  Note,
  Reexport,
} from "./model.ts";
import { folderOf, type ListedPackage, listedPackages } from "./packages.ts";

/** What TypeDoc read, and what it complained of. */
export interface Extract {
  readonly packages: readonly ApiPackage[];
  readonly warnings: readonly string[];
}

/**
 * Read all public packages.
 * @param root folder of the repository
 * @throws Error if the sources cannot be read
 */
export async function extractApi(root: string): Promise<Extract> {
  const here = join(root, "apps/docs/src/reference/api");
  // Those that depend on others come after them: a name belongs to the package that is read first.
  const order = [...listedPackages].reverse();
  const app = await Application.bootstrap({
    entryPoints: order.map(({ name }) => join(root, "packages", folderOf(name), "src/index.ts")),
    tsconfig: join(here, "tsconfig.json"),
    basePath: root,
    displayBasePath: root,
    disableGit: true,
    sourceLinkTemplate: "{path}",
    readme: "none",
    sort: ["source-order"],
    excludePrivate: true,
    excludeInternal: true,
    // The compiler has checked them.
    skipErrorChecking: true,
  });
  const warnings: string[] = [];
  app.logger.warn = (message: string): void => {
    warnings.push(message);
  };
  let packages: ApiPackage[] = [];
  app.converter.on(Converter.EVENT_END, (context: Context) => {
    const modules = context.project.children ?? [];
    packages = listedPackages.map((listed) => {
      const module = modules.find(({ name }) => name === `packages/${folderOf(listed.name)}/src`);
      if (module === undefined) throw new Error(`TypeDoc has not read ${listed.name}`);
      return readPackage(root, context, listed, module);
    });
  });
  const project = await app.convert();
  if (project === undefined) throw new Error("TypeDoc could not read the packages");
  return { packages, warnings };
}

function readPackage(
  root: string,
  context: Context,
  listed: ListedPackage,
  module: DeclarationReflection,
): ApiPackage {
  const folder = folderOf(listed.name);
  const base = join(root, "packages", folder);
  const manifest = JSON.parse(readFileSync(join(base, "package.json"), "utf8")) as {
    description: string;
  };
  const byFile = new Map<string, Entry[]>();
  const reexports: Reexport[] = [];
  for (const child of module.children ?? []) {
    if (child.kind === ReflectionKind.Reference) {
      const target = (child as ReferenceReflection).getTargetReflectionDeep();
      reexports.push({ name: child.name, folder: folderOfModule(target.parent?.name) });
      continue;
    }
    const entry = readEntry(root, context, child);
    const prefix = `packages/${folder}/src/`;
    if (!entry.file.startsWith(prefix)) {
      throw new Error(`${entry.name} of ${listed.name} is declared in ${entry.file}`);
    }
    const file = entry.file.slice(prefix.length).replace(/\.ts$/, "");
    byFile.set(file, [...(byFile.get(file) ?? []), entry]);
  }
  const concepts = [...byFile].map(([file, entries]): Concept => {
    const name = nameOf(file);
    const twice = [...byFile.keys()].filter((other) => nameOf(other) === name).length > 1;
    return {
      file,
      slug: twice ? file.replaceAll("/", "-") : name,
      title: listed.titles?.[file] ?? titleOf(name, entries),
      intro: introOf(join(base, "src", `${file}.ts`)),
      entries,
    };
  });
  return {
    name: listed.name,
    folder,
    description: manifest.description,
    intro: introOf(join(base, "src/index.ts")),
    example:
      /```(?:js|ts)\n[\s\S]*?```/.exec(readFileSync(join(base, "README.md"), "utf8"))?.[0] ?? "",
    concepts: inOrder(listed, concepts),
    reexports,
  };
}

/** What a file is about: its name, or its folder's. */
function nameOf(file: string): string {
  return file
    .replace(/\/index$/, "")
    .split("/")
    .at(-1)!;
}

function inOrder({ name, first }: ListedPackage, concepts: readonly Concept[]): Concept[] {
  const early = first.map((file) => {
    const found = concepts.find((concept) => concept.file === file);
    if (found === undefined) throw new Error(`${name} exports nothing of ${file}.ts`);
    return found;
  });
  const others = concepts.filter((concept) => !early.includes(concept));
  return [...early, ...others.sort((a, b) => a.title.localeCompare(b.title, "en"))];
}

/** The one value of a file is its title; otherwise the file's name is. */
function titleOf(file: string, entries: readonly Entry[]): string {
  const values = entries.filter(({ kind }) => kind !== "interface" && kind !== "type");
  const only = values.length === 1 ? values[0] : entries.length === 1 ? entries[0] : undefined;
  if (only !== undefined && only.kind !== "constant") return only.name;
  const words = file
    .replaceAll("-", " ")
    .replace(/\bgc\b/, "GC")
    .replace(/\bmro\b/, "MRO");
  return words[0]!.toUpperCase() + words.slice(1);
}

/** The comment at the start of a file, if it is the file's own and not its first declaration's. */
function introOf(path: string): string {
  const text = readFileSync(path, "utf8");
  const [whole, comment] = /^\/\*\*([\s\S]*?)\*\//.exec(text) ?? [];
  if (whole === undefined || comment === undefined) return "";
  const next = text.slice(whole.length).trimStart();
  const isFiles = /^(import\b|\/\*\*|export \{|export type \{)/.test(next);
  const plainText = comment.replace(/^[ \t]*\*( |$)?/gm, "").replace(/\{@link ([^}]+)\}/g, "`$1`");
  return isFiles ? plainText.trim() : "";
}

function declarationsOf(context: Context, reflection: DeclarationReflection): ts.Declaration[] {
  return context.getSymbolFromReflection(reflection)?.declarations ?? [];
}

function folderOfModule(module: string | undefined): string {
  return module?.split("/")[1] ?? "";
}

const kinds: ReadonlyMap<ReflectionKind, EntryKind> = new Map([
  [ReflectionKind.Function, "function"],
  [ReflectionKind.Class, "class"],
  [ReflectionKind.Interface, "interface"],
  [ReflectionKind.TypeAlias, "type"],
  [ReflectionKind.Variable, "constant"],
]);

function readEntry(root: string, context: Context, reflection: DeclarationReflection): Entry {
  const { name } = reflection;
  const nodes = declarationsOf(context, reflection);
  const node = nodes[0];
  const kind = kinds.get(reflection.kind);
  if (kind === undefined || node === undefined) {
    throw new Error(`${name}: no page is made of a ${ReflectionKind[reflection.kind]}`);
  }
  const hasMembers = kind === "class" || kind === "interface";
  return {
    name,
    kind,
    signature: nodes.filter(isDeclared).map(entryText).join("\n"),
    doc: docOf(reflection),
    members: hasMembers ? readMembers(context, reflection) : [],
    file: relative(root, node.getSourceFile().fileName),
  };
}

/** Of a function with overloads, the implementation is nobody's business. */
function isDeclared(node: ts.Declaration, _: number, all: readonly ts.Declaration[]): boolean {
  const hasBody = ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
  return (
    all.length === 1 || !hasBody || all.every((one) => "body" in one && one.body !== undefined)
  );
}

function readMembers(context: Context, reflection: DeclarationReflection): Member[] {
  const members: Member[] = [];
  for (const child of reflection.children ?? []) {
    if (child.inheritedFrom !== undefined) continue;
    const nodes = declarationsOf(context, child);
    if (child.kind === ReflectionKind.Constructor) {
      const node = child.signatures?.[0] && constructorOf(context, reflection);
      if (node === undefined || isNotForUsers(context, node)) continue;
      members.push({
        name: "constructor",
        isStatic: false,
        isProperty: false,
        signature: `new ${reflection.name}${withoutBody(node).replace(/^[\s\S]*?constructor/, "")}`,
        doc: docOf(child),
      });
      continue;
    }
    const declared = nodes.filter(isDeclared);
    if (declared.length === 0) continue;
    const isProperty = child.kind !== ReflectionKind.Method;
    members.push({
      name: child.name.replace(/^\[(\w+)\]$/, "[Symbol.$1]"),
      isStatic: child.flags.isStatic,
      isProperty,
      signature: accessorText(declared) ?? declared.map(memberText).join("\n"),
      doc: docOf(child),
    });
  }
  return members;
}

function constructorOf(
  context: Context,
  reflection: DeclarationReflection,
): ts.ConstructorDeclaration | undefined {
  return declarationsOf(context, reflection)
    .filter((node) => ts.isClassDeclaration(node))
    .flatMap(({ members }) => [...members])
    .find((member) => ts.isConstructorDeclaration(member));
}

/** Whether a constructor takes something that users cannot have: a type that its package keeps to itself. */
function isNotForUsers(context: Context, node: ts.ConstructorDeclaration): boolean {
  const checker = context.programs[0]!.getTypeChecker();
  return node.parameters.some(({ type }) => {
    if (type === undefined || !ts.isTypeReferenceNode(type)) return false;
    const symbol = checker.getSymbolAtLocation(type.typeName);
    const target =
      symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const local = target?.declarations?.[0]?.getSourceFile().fileName.includes("/packages/");
    return local === true && context.getReflectionFromSymbol(target!) === undefined;
  });
}

/** A getter and its setter read as the field that they stand for. */
function accessorText(nodes: readonly ts.Declaration[]): string | undefined {
  const getter = nodes.find((node) => ts.isGetAccessorDeclaration(node));
  if (getter === undefined) return undefined;
  const isStatic = getter.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword);
  const writable = nodes.some((node) => ts.isSetAccessorDeclaration(node));
  const type = getter.type === undefined ? "unknown" : dedented(getter.type);
  return `${isStatic ? "static " : ""}${writable ? "" : "readonly "}${getter.name.getText()}: ${type}`;
}

/** A declaration's text, its lines moved to the left as far as the first one stands. */
function dedented(node: ts.Node, end = node.getEnd()): string {
  const file = node.getSourceFile();
  const start = node.getStart();
  const text = file.text.slice(start, end);
  const { line } = file.getLineAndCharacterOfPosition(start);
  const indent = /^ */.exec(file.text.slice(file.getPositionOfLineAndCharacter(line, 0)))![0];
  return text.replaceAll(`\n${indent}`, "\n").trim();
}

function withoutBody(node: ts.FunctionLikeDeclaration): string {
  return dedented(node, node.body?.getFullStart() ?? node.getEnd());
}

/** What nobody needs who calls: how it is exported, overridden, declared for V8's sake. */
function plain(text: string): string {
  return text
    .replace(/^(?:(?:export|declare|override|async|default|public|abstract) )+/, "")
    .replace(/^((?:static |readonly )*)(?:(?:declare|override|async) )+/, "$1")
    .replace(/\(this: void(?:, )?/g, "(")
    .replace(/\(\n\s*this: void,/g, "(")
    .replace(/[;,]$/, "");
}

function entryText(node: ts.Declaration): string {
  if (ts.isFunctionDeclaration(node)) return plain(withoutBody(node));
  if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) {
    const open = node.getChildren().find(({ kind }) => kind === ts.SyntaxKind.OpenBraceToken)!;
    return plain(dedented(node, open.getStart()));
  }
  if (ts.isVariableDeclaration(node)) {
    const type = node.type === undefined ? "" : `: ${dedented(node.type)}`;
    return `const ${node.name.getText()}${type}${valueText(node.initializer)}`;
  }
  return plain(dedented(node));
}

/** The value of a constant, where it is one at a glance. */
function valueText(value: ts.Expression | undefined): string {
  const text = value?.getText() ?? "";
  const obvious = /^(?:0x[\da-f_]+|[\d_]+|"[^"]*"|[\d\s*<+-]+)$/i.test(text);
  return obvious && text.length <= 40 ? ` = ${text}` : "";
}

function memberText(node: ts.Declaration): string {
  if (ts.isMethodDeclaration(node)) return plain(withoutBody(node));
  if (ts.isPropertyDeclaration(node)) {
    const end = node.type?.getEnd() ?? node.name.getEnd();
    return plain(dedented(node, end) + (node.type ? "" : valueText(node.initializer)));
  }
  return plain(dedented(node));
}

function docOf(reflection: DeclarationReflection): Doc {
  const typed = reflection.type?.type === "reflection" ? reflection.type.declaration : undefined;
  const signatures: SignatureReflection[] = [
    ...(reflection.signatures ?? []),
    ...(reflection.getSignature === undefined ? [] : [reflection.getSignature]),
    ...(typed?.signatures ?? []),
  ];
  const comments = [reflection.comment, ...signatures.map(({ comment }) => comment)].filter(
    (comment) => comment !== undefined,
  );
  const tags = (tag: string): string[] =>
    unique(
      comments.flatMap(({ blockTags }) =>
        blockTags.filter((block) => block.tag === tag).map(({ content }) => markdownOf(content)),
      ),
    );
  const params = new Map<string, Note>();
  for (const { parameters } of signatures) {
    for (const { name, comment } of parameters ?? []) {
      const text = comment === undefined ? "" : summaryOf(comment);
      if (text !== "" && !params.has(name)) params.set(name, { name, text });
    }
  }
  return {
    text: unique(comments.map(summaryOf)).join("\n\n"),
    params: [...params.values()],
    returns: tags("@returns").join("\n\n"),
    throws: tags("@throws"),
    examples: tags("@example"),
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== "");
}

function summaryOf({ summary }: Comment): string {
  return markdownOf(summary);
}

function markdownOf(parts: readonly CommentDisplayPart[]): string {
  return parts
    .map((part) => (part.kind === "inline-tag" ? `\`${part.text}\`` : part.text))
    .join("")
    .trim();
}
