/** Saving a heap. */
import { PyrenaError } from "@pyrena/abi";
import { namedValues } from "./bindings.ts";
import type { Definitions } from "./definitions.ts";
import { encodeImage } from "./image.ts";
import type { Layers } from "./layers.ts";
import { LINE_BYTES } from "./pieces.ts";

/**
 * The heap's image.
 * @throws PyrenaError `bad-argument` inside a collection or a callback
 */
export function saveImage(layers: Layers, { values = {} }: Definitions): Uint8Array {
  const { memory, heap, objects, py, allocators, origins } = layers;
  if (py.context.depth > 0) {
    throw new PyrenaError(
      "bad-argument",
      "a heap cannot be saved inside of a function, callback, with or catch body that is under way: JavaScript holds " +
        "references there that the heap does not know of. Save it when that has returned",
    );
  }
  const collector = objects.gc.collector();
  if (collector.control?.isCollecting(collector.ctx) === true) {
    throw new PyrenaError("bad-argument", "a heap cannot be saved inside a collection");
  }
  memory.refresh();
  const { domains, installed, names, hooks } = allocators;
  const structs = [domains.raw, domains.mem, domains.obj];
  const [raw, mem, obj] = structs.map(({ allocator }, domain) =>
    allocator === installed[domain] ? names[domain] : "user:replaced while it ran",
  );
  return encodeImage(
    {
      profile: heap.profile.name,
      python: heap.profile.python,
      abi: heap.abi.name,
      memory: { bytes: wholeLines(memory.byteLength), maxBytes: wholeLines(memory.maxByteLength) },
      ...origins,
      allocators: [raw, mem, obj],
      hooks,
      collector: collector.name,
      collecting: collector.control?.isEnabled(collector.ctx) ?? false,
      values: namedValues(objects, values),
    },
    memory.u8,
  );
}

function wholeLines(bytes: number): number {
  return Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
}
