/** What `pyrena heap` prints. */
import type { Address } from "@pyrena/abi";
import type { Colors } from "../terminal.ts";
import { describeHeap } from "./describe-heap.ts";
import { describeObject } from "./describe-object.ts";
import { lookInto, readImage } from "./open-image.ts";
import { renderHeap } from "./render-heap.ts";
import { renderObject } from "./render-object.ts";

/** What is asked about an image, and how the answer is to look. */
export interface HeapQuestion {
  /** About one object; absent: about the whole heap. */
  readonly object?: Address;
  /** Rows of each list. */
  readonly top: number;
  /** By what types are sorted. */
  readonly sort: "bytes" | "count";
  readonly json?: boolean;
  readonly colors: Colors;
  /** Width of the terminal, if it is one. */
  readonly columns?: number | undefined;
}

/**
 * The text or JSON, ending in a newline.
 * @param path of the image; `-`: standard input
 * @throws CliError if there is no answer
 */
export async function heapText(path: string, question: HeapQuestion): Promise<string> {
  const { object, top, sort, json = false, colors } = question;
  const bytes = await readImage(path);
  return lookInto(path, bytes, (image, objects) => {
    if (object !== undefined) {
      const report = describeObject(path, objects, object);
      return json ? asJson(report) : renderObject(report, colors, question);
    }
    const report = describeHeap(image, objects, { largest: top, sort });
    return json ? asJson(report) : renderHeap(report, colors, question);
  });
}

function asJson(report: object): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
