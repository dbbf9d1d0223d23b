/** A document with its history on a heap, which can be saved as bytes and opened again. */
import { type Runtime, restore } from "pyrena";
import { liveRuntime } from "../shared/runtime.ts";
import { bytesOf, History } from "./history.ts";

const PARAGRAPHS = [
  "Call me Ishmael.",
  "Some years ago …",
  "I thought I would sail about a little.",
];

export class HistoryLab {
  runtime: Runtime;
  history: History;

  constructor() {
    this.runtime = liveRuntime();
    const { py, globals } = this.runtime;
    py.scope(() => globals.set("document", py.tuple(PARAGRAPHS)));
    this.history = new History(this.runtime);
  }

  /** Bytes of all versions: if each were a copy, and as they are. */
  bytes(): { readonly copies: number; readonly shared: number } {
    const { versions } = this.history;
    return {
      copies: versions.reduce((sum, version) => sum + bytesOf(this.runtime, [version]), 0),
      shared: bytesOf(this.runtime, versions),
    };
  }

  /** The whole heap. */
  save(): Uint8Array<ArrayBuffer> {
    return this.runtime.save() as Uint8Array<ArrayBuffer>;
  }

  /** Forget this heap, and go on with another one. */
  open(image: Uint8Array): void {
    this.runtime = restore(image, { onLost: () => {} });
    this.history = new History(this.runtime);
  }
}
