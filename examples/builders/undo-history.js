/**
 * An undo history that shares structure. A document is a tree of tuples and dicts that nobody changes once it is made;
 * an edit makes a new tree that shares every branch but the one that leads to the change. Undo and redo move roots
 * between two lists. Nobody keeps books about what may be thrown away: reference counts do.
 *
 *     {"title": str, "chapters": ({"title": str, "paragraphs": (str, …)}, …)}
 *
 *     node undo-history.js
 */
import assert from "node:assert/strict";
import { createRuntime, restore } from "pyrena";

/**
 * @typedef {import("pyrena").Runtime} Runtime
 * @typedef {import("@pyrena/objects").DictHandle} Dict
 * @typedef {import("@pyrena/objects").ListHandle} List
 * @typedef {import("@pyrena/objects").TupleHandle} Tuple
 */

/** The versions of one document. All of its state lies in the heap's globals, so that it is saved with the heap. */
class History {
  /** @param {Runtime} runtime with a history in it already, or with a document in its global `present` */
  constructor(runtime) {
    this.runtime = runtime;
    this.py = runtime.py;
    this.globals = runtime.globals;
    for (const name of ["past", "future"]) {
      if (!this.globals.has(name)) this.globals.set(name, []);
    }
  }

  /**
   * Replace the text of a paragraph.
   * @param {number} chapter @param {number} paragraph @param {string} text
   */
  edit(chapter, paragraph, text) {
    const { py, globals } = this;
    py.scope(() => {
      const document = this.present();
      const chapters = /** @type {Tuple} */ (document.ref("chapters"));
      const before = /** @type {Dict} */ (chapters.ref(chapter));
      const paragraphs = /** @type {Tuple} */ (before.ref("paragraphs"));
      // New are the text, and a tuple and a dict on each level of the way to it. Everything beside it is shared.
      const after = py.copy(before).set("paragraphs", paragraphs.with(paragraph, text));
      const next = py.copy(document).set("chapters", chapters.with(chapter, after));
      this.list("past").append(document);
      this.list("future").clear();
      globals.set("present", next);
    });
  }

  /** Go one version back. Whether there was one. */
  undo() {
    return this.move("past", "future");
  }

  /** Go one version forward again. Whether there was one. */
  redo() {
    return this.move("future", "past");
  }

  /** @param {"past" | "future"} from @param {"past" | "future"} to */
  move(from, to) {
    return this.py.scope(() => {
      if (this.list(from).length === 0) return false;
      this.list(to).append(this.present());
      this.globals.set("present", this.list(from).pop());
      return true;
    });
  }

  /** Forget all versions but the present one. */
  forget() {
    this.py.scope(() => {
      this.list("past").clear();
      this.list("future").clear();
    });
  }

  /** @param {number} chapter @param {number} paragraph @returns {string} */
  text(chapter, paragraph) {
    return this.py.scope(() => {
      const chapters = /** @type {Tuple} */ (this.present().ref("chapters"));
      const found = /** @type {Dict} */ (chapters.ref(chapter));
      const paragraphs = /** @type {Tuple} */ (found.ref("paragraphs"));
      return /** @type {string} */ (paragraphs.get(paragraph));
    });
  }

  /** @returns {Dict} */
  present() {
    return /** @type {Dict} */ (this.globals.ref("present"));
  }

  /** @param {"past" | "future"} name @returns {List} */
  list(name) {
    return /** @type {List} */ (this.globals.ref(name));
  }

  /** Addresses of the roots of all versions. */
  roots() {
    return this.py.scope(() => {
      const versions = [...this.list("past").refs(), this.present()];
      return versions.map(({ id }) => id);
    });
  }
}

/**
 * Bytes of everything that can be reached from some objects, each counted once: `sys.getsizeof` summed up.
 * @param {Runtime} runtime @param {readonly number[]} roots
 */
function bytesOf({ objects }, roots) {
  const seen = new Set(roots);
  let bytes = 0;
  // A Set visits what is added while it is visited.
  for (const object of seen) {
    bytes += objects.protocol.getsizeof(object);
    objects.inspect.references(object, (referent) => seen.add(referent));
  }
  return bytes;
}

/** Bytes in live blocks of all allocators. @param {Runtime} runtime */
const bytesInUse = (runtime) => runtime.snapshot().totals.liveBytes;

const kib = (/** @type {number} */ bytes) => `${Math.round(bytes / 1024)} KiB`;

const CHAPTERS = 30;
const PARAGRAPHS = 40;
const EDITS = 500;

const numbers = (/** @type {number} */ count) => Array.from({ length: count }, (_, n) => n);

const runtime = createRuntime({ python: "3.13" });
const { py } = runtime;
const empty = bytesInUse(runtime);
py.scope(() => {
  const chapters = numbers(CHAPTERS).map((chapter) =>
    py.dict({
      title: `Chapter ${chapter + 1}`,
      paragraphs: py.tuple(
        numbers(PARAGRAPHS).map((n) =>
          `This is paragraph ${n + 1} of chapter ${chapter + 1}. `.repeat(5),
        ),
      ),
    }),
  );
  runtime.globals.set("present", { title: "A long book", chapters: py.tuple(chapters) });
});
const history = new History(runtime);
const one = bytesInUse(runtime) - empty;
console.log(`a document of ${CHAPTERS} chapters: ${kib(one)}`);

for (const n of numbers(EDITS)) {
  history.edit(n % CHAPTERS, (7 * n) % PARAGRAPHS, `Edit ${n + 1} says this.`);
}
const roots = history.roots();
const copies = roots.reduce((sum, root) => sum + bytesOf(runtime, [root]), 0);
const shared = bytesOf(runtime, roots);
console.log(`${roots.length} versions of it: ${kib(copies)} as copies, ${kib(shared)} shared`);
assert.equal(roots.length, EDITS + 1);
assert.ok(shared < copies / 50);

for (let n = 0; n < 3; n++) assert.ok(history.undo());
assert.ok(history.redo());
console.log(`three undone, one redone: ${history.text(497 % CHAPTERS, (7 * 497) % PARAGRAPHS)}`);
assert.equal(history.text(497 % CHAPTERS, (7 * 497) % PARAGRAPHS), "Edit 498 says this.");

// The image is the whole history: its reader needs nothing but these bytes and the class above.
const image = runtime.save();
const again = new History(restore(image));
let undone = 0;
while (again.undo()) undone++;
console.log(
  `restored from ${kib(image.length)}: ${undone} undone, then "${again.text(0, 0).slice(0, 30)}…"`,
);
assert.equal(undone, EDITS - 2);
again.runtime.verify();

// What only forgotten versions held is given back at once: no cycles, so no collector is needed.
const full = bytesInUse(runtime);
history.forget();
const left = bytesInUse(runtime);
console.log(`history forgotten: ${kib(full - left)} come back, ${kib(left - empty)} are left`);
assert.ok(left - empty < 1.1 * one);
runtime.verify();
runtime.dispose();
