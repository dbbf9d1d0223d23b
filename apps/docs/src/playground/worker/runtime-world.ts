/** One runtime of the second tab, as it is seen: its heap, its globals, its moments. */
import type { Address } from "@pyrena/abi";
import type { Runtime } from "pyrena";
import type { Graph, GraphNode, PoolBlocks } from "../protocol.ts";
import { type HeapImage, HeapImages } from "./heap-images.ts";
import { type RuntimeSource, runtimeSource } from "./heap-source.ts";
import { Observer } from "./observer.ts";

/** Objects that are shown. */
const MOST_NODES = 80;
const LONGEST_TEXT = 32;
const SIZED: ReadonlySet<string> = new Set(["list", "tuple", "dict", "set", "frozenset"]);

/** What a runtime was made with. */
export type Options = Readonly<Record<string, unknown>>;

/** A runtime and what looks at it. */
export class World {
  readonly runtime: Runtime;
  /** For `restore`: what the heap needs of JavaScript. */
  readonly options: Options;
  readonly observer: Observer;
  readonly #source: RuntimeSource;
  readonly #images: HeapImages;

  /**
   * @param frame where pictures are written
   * @param allocated called after each allocation
   */
  constructor(
    runtime: Runtime,
    options: Options,
    frame: { readonly frame: ArrayBufferLike; readonly frameAt: number },
    allocated: () => void,
  ) {
    this.runtime = runtime;
    this.options = options;
    this.#source = runtimeSource(runtime, allocated);
    this.observer = new Observer(this.#source, frame.frame, frame.frameAt);
    this.#images = new HeapImages(() => {
      runtime.memory.refresh();
      return runtime.memory.u32;
    });
  }

  /** What it is, in words. */
  get label(): string {
    const { profile, heap, collector, domains } = this.runtime;
    const { name } = domains.obj.allocator as { name?: string };
    const allocator = this.options["allocator"];
    const said = typeof allocator === "string" ? allocator : (name ?? "pymalloc");
    return `TypeScript, ${profile.python} ${heap.abi.name}, ${said}, ${collector.name}`;
  }

  /** The bytes as they are now. */
  take(): { image: HeapImage; digest: number } {
    const image = this.#images.take();
    return { image, digest: this.#images.digest(image) };
  }

  release(image: HeapImage): void {
    this.#images.release(image);
  }

  /** Look at the heap as it was; then it is as it is now again. */
  back<Result>(image: HeapImage, look: () => Result): Result {
    const now = this.#images.take();
    this.#images.put(image);
    try {
      return look();
    } finally {
      this.#images.put(now);
      this.#images.release(now);
    }
  }

  /** The image that `restore` goes on from. @throws PyrenaError where it cannot be made: inside a callback */
  save(): Uint8Array {
    return this.#source.unwrapped(() => this.runtime.save());
  }

  blocksOf(address: number): PoolBlocks | undefined {
    return this.observer.blocksOf(address);
  }

  /** Some of the globals, and what they lead to. Only reads. */
  graph(names: readonly string[]): Graph {
    const { objects } = this.runtime;
    const { graph } = objects.inspect;
    const roots: Graph["roots"][number][] = [];
    const found: Address[] = [];
    const seen = new Set<Address>();
    const add = (address: Address): boolean => {
      if (seen.has(address)) return true;
      if (found.length >= MOST_NODES) return false;
      seen.add(address);
      found.push(address);
      return true;
    };
    for (const [name, value] of this.#globals()) {
      if (!names.includes(name)) continue;
      roots.push({ name, id: value });
      add(value);
    }
    roots.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
    const nodes: GraphNode[] = [];
    let cut = false;
    for (let n = 0; n < found.length; n++) {
      const object = found[n]!;
      const refers: Address[] = [];
      // A class refers to half of the interpreter.
      if (!objects.classes.check(object)) {
        (graph.references ?? graph.traverse)(graph.ctx, object, (referent) => {
          if (objects.classes.check(referent) || referent === objects.types.typeOf(object)) return;
          if (add(referent)) refers.push(referent);
          else cut = true;
        });
      }
      nodes.push({
        id: object,
        type: graph.typeName(graph.ctx, object),
        text: this.#text(object),
        refcount: graph.isImmortal(graph.ctx, object)
          ? Number.POSITIVE_INFINITY
          : graph.refcount(graph.ctx, object),
        bytes: objects.protocol.getsizeof(object),
        refers,
      });
    }
    return { roots, nodes, cut };
  }

  *#globals(): Generator<[string, Address]> {
    const { modules, dict, str } = this.runtime.objects;
    const main = modules.main();
    if (main === 0) return;
    const cursor = { position: 0, key: 0, value: 0 };
    const globals = modules.dict(main);
    while (dict.next(globals, cursor)) yield [str.value(cursor.key), cursor.value];
  }

  #text(object: Address): string {
    const { inspect, protocol } = this.runtime.objects;
    const { graph } = inspect;
    const type = graph.typeName(graph.ctx, object);
    if (SIZED.has(type)) return `${type} of ${protocol.length(object)}`;
    return protocol.repr(object, LONGEST_TEXT).replace(/\s+/g, " ").slice(0, LONGEST_TEXT);
  }
}
