/** Python's standard streams: what it writes is gathered and sent in few messages; what it reads comes line by line. */
import type { PythonModule } from "./python-module.ts";

/** Bytes of one stream that are sent at a time; of more, the middle is left out. */
const MOST_AT_ONCE = 65_536;
const BAD_DESCRIPTOR = 8;
const EIO = 29;
const EINTR = 27;

/** What the streams need of their surroundings. */
export interface StreamsHost {
  output(to: "stdout" | "stderr", text: string): void;
  /** The next line with its end, or null at the end of the input; undefined if the waiting was broken off. */
  line(): Uint8Array | null | undefined;
}

/** The standard streams of one interpreter. */
export class Streams {
  readonly #host: StreamsHost;
  readonly #gathered: [Gathered, Gathered] = [new Gathered(), new Gathered()];
  #rest: Uint8Array = new Uint8Array(0);
  /** In the order in which they were first written to since they were last sent. */
  #order: (0 | 1)[] = [];

  constructor(host: StreamsHost) {
    this.#host = host;
  }

  /** Put them in the place of Emscripten's console devices. Before Python is initialised. */
  connect(module: PythonModule): void {
    const { FS } = module;
    const major = FS.createDevice.major++;
    for (const fd of [0, 1, 2]) FS.closeStream(fd);
    for (const [fd, name] of ["stdin", "stdout", "stderr"].entries()) {
      const device = FS.makedev(major, fd);
      FS.registerDevice(device, {
        open: (stream: { seekable: boolean }) => {
          stream.seekable = false;
        },
        close() {},
        fsync() {},
        read: (_stream: unknown, buffer: Int8Array, offset: number, length: number): number => {
          if (fd !== 0) throw new FS.ErrnoError(BAD_DESCRIPTOR);
          // C's streams ask for nothing first, and for the rest then.
          if (length === 0) return 0;
          const read = this.#read(length);
          if (read === undefined) throw new FS.ErrnoError(EINTR);
          new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length).set(read);
          return read.length;
        },
        write: (_stream: unknown, buffer: Int8Array, offset: number, length: number): number => {
          if (fd === 0) throw new FS.ErrnoError(EIO);
          this.#write(
            (fd - 1) as 0 | 1,
            new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length),
          );
          return length;
        },
      });
      FS.unlink(`/dev/${name}`);
      FS.mkdev(`/dev/${name}`, device);
      FS.open(`/dev/${name}`, fd === 0 ? 0 : 1);
    }
  }

  /** Whether a read would find something without asking for it. */
  get hasInput(): boolean {
    return this.#rest.length > 0;
  }

  /** What is read next, before the host is asked again. */
  give(bytes: Uint8Array): void {
    this.#rest = bytes;
  }

  /** Send what was written since the last time. */
  flush(): void {
    for (const which of this.#order) {
      const text = this.#gathered[which].take();
      if (text !== "") this.#host.output(which === 0 ? "stdout" : "stderr", text);
    }
    this.#order = [];
  }

  #write(which: 0 | 1, bytes: Uint8Array): void {
    if (this.#order.at(-1) !== which) {
      // Text of the other stream that came earlier stays earlier.
      if (this.#order.includes(which)) this.flush();
      this.#order.push(which);
    }
    this.#gathered[which].add(bytes);
  }

  #read(length: number): Uint8Array | undefined {
    if (this.#rest.length === 0) {
      this.flush();
      const line = this.#host.line();
      if (line === undefined) return undefined;
      this.#rest = line ?? new Uint8Array(0);
    }
    const read = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(read.length);
    return read;
  }
}

/** The beginning and the end of what was written. */
class Gathered {
  readonly #decoder = new TextDecoder();
  #texts: string[] = [];
  #length = 0;
  #leftOut = 0;

  add(bytes: Uint8Array): void {
    // A copy, since decoders refuse memory that may grow under them.
    const text = this.#decoder.decode(bytes.slice(), { stream: true });
    this.#texts.push(text);
    this.#length += text.length;
    while (this.#length > MOST_AT_ONCE && this.#texts.length > 2) {
      const [left] = this.#texts.splice(1, 1);
      this.#length -= left!.length;
      this.#leftOut += left!.length;
    }
  }

  take(): string {
    const [first = "", ...others] = this.#texts;
    const gap = this.#leftOut === 0 ? "" : `\n… ${this.#leftOut} characters left out …\n`;
    this.#texts = [];
    this.#length = 0;
    this.#leftOut = 0;
    return first + gap + others.join("");
  }
}
