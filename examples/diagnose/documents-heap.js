/**
 * The trees of documents.py on a heap of Pyrena's own, saved as an image for `pyrena heap` to look into: one document that
 * a variable holds, and nine that nobody needs any more.
 *
 *     node documents-heap.js documents.image
 *     pyrena heap documents.image
 */
import { writeFileSync } from "node:fs";
import process from "node:process";
import { createRuntime } from "pyrena";

const classes = {
  Document: { __del__: () => {} },
};
const runtime = createRuntime({ python: "3.13", classes });
const { py, gc, globals } = runtime;
gc.disable();

py.scope(() => {
  const Document = py.class("Document", classes.Document);
  const Section = py.class("Section");
  for (let number = 0; number < 10; number++) {
    const document = Document.new();
    const root = Section.new();
    document.setAttr("root", root);
    root.setAttr("document", document);
    const children = py.list();
    root.setAttr("children", children);
    for (const title of ["Arenas", "Garbage"]) {
      const section = Section.new();
      section.setAttr("title", title);
      section.setAttr("parent", root);
      children.append(section);
    }
    if (number === 0) globals.set("document", document);
  }
});

writeFileSync(process.argv[2] ?? "documents.image", runtime.save());
