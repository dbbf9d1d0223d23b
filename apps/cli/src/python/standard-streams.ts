/**
 * File descriptors 0, 1 and 2 of Python as this process's own: bytes as they are, nothing kept back, and
 * `isatty`, `fstat` and the size of the terminal as they really are.
 *
 * They are written to at once, as Python's own buffering expects of a file descriptor. Reading blocks; a terminal or a
 * pipe is read by the main thread (stdin-relay.ts), so that Ctrl-C can interrupt it.
 */
import { fstatSync, readSync, type Stats, writeSync } from "node:fs";
import { isatty } from "node:tty";
import type {
  FileAttributes,
  FileStream,
  PythonModule,
  StreamOperations,
  TerminalOperations,
} from "./emscripten.ts";
import {
  ASKED,
  COLUMNS,
  IDLE,
  INPUT,
  INTERRUPTED,
  LENGTH,
  READY,
  ROWS,
  SIGNAL,
} from "./thread-data.ts";
import { pause } from "./waiting.ts";

/** How long to wait before trying again to write to a pipe that is full, in milliseconds. */
const FULL_PIPE_WAIT = 2;

/** Where the streams get their input and their signals from. */
export interface StreamsHost {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  /** Ask the main thread for input. */
  askForInput(): void;
}

/**
 * Put this process's descriptors in the place of Emscripten's console devices. Before Python is initialised.
 * @param others further descriptors that shall be there as `/dev/fd/N`
 */
export function connectStandardStreams(
  module: PythonModule,
  host: StreamsHost,
  others: readonly number[],
): void {
  const { FS } = module;
  const errno = (code: string): Error => new FS.ErrnoError(module.ERRNO_CODES[code] ?? 29);
  const major = FS.createDevice.major++;
  for (const fd of [0, 1, 2]) FS.closeStream(fd);
  for (const [fd, name] of ["stdin", "stdout", "stderr"].entries()) {
    const device = FS.makedev(major, fd);
    FS.registerDevice(device, streamOperations(fd, host, errno));
    FS.unlink(`/dev/${name}`);
    FS.mkdev(`/dev/${name}`, device);
    FS.open(`/dev/${name}`, fd === 0 ? 0 : 1);
  }
  if (others.length > 0) FS.mkdirTree("/dev/fd");
  for (const fd of others) {
    const device = FS.makedev(major, fd);
    FS.registerDevice(device, streamOperations(fd, host, errno));
    FS.mkdev(`/dev/fd/${fd}`, device);
  }
}

function streamOperations(
  fd: number,
  host: StreamsHost,
  errno: (code: string) => Error,
): StreamOperations {
  const terminal = isatty(fd);
  const { words } = host;
  const direct = fd !== 0 || readsDirectly(fd);
  /** Run a call of Node's; its errors become Python's. */
  const attempt = (call: () => number): number => {
    for (;;) {
      try {
        return call();
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EOF") return 0;
        if (code !== "EAGAIN") throw errno(code ?? "EIO");
        // Someone made the pipe non-blocking, and its reader is slow.
        if (pause(words, FULL_PIPE_WAIT)) throw errno("EINTR");
      }
    }
  };
  return {
    open(stream) {
      stream.seekable = false;
      stream.tty = terminal ? { ops: terminalOperations(words) } : undefined;
    },
    close() {},
    fsync() {},
    getattr: (stream) => attributes(fd, stream),
    read(_stream, buffer, offset, length) {
      // C's streams ask for nothing first, and for the rest then.
      if (length === 0) return 0;
      const target = new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length);
      return direct
        ? attempt(() => readSync(fd, target))
        : readThroughMain(host, target, () => errno("EINTR"));
    },
    write(_stream, buffer, offset, length) {
      const source = new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length);
      // All of it, as on a descriptor that blocks: unbuffered streams of Python rely on that, and would lose the rest.
      let written = 0;
      while (written < length) {
        try {
          written += attempt(() => writeSync(fd, source, written));
        } catch (error) {
          if (written === 0) throw error;
          break;
        }
      }
      return written;
    },
  };
}

/** Whether reading the descriptor cannot block for long: files and devices that are no terminals. */
function readsDirectly(fd: number): boolean {
  try {
    const stats = fstatSync(fd);
    return stats.isFile() || stats.isDirectory() || (stats.isCharacterDevice() && !isatty(fd));
  } catch {
    return true;
  }
}

function readThroughMain(
  { words, bytes, askForInput }: StreamsHost,
  target: Uint8Array,
  interrupted: () => Error,
): number {
  if (Atomics.load(words, SIGNAL) !== 0) throw interrupted();
  // What is asked for fits the buffer; the main thread never gives more than was asked for.
  Atomics.store(words, LENGTH, Math.min(target.length, bytes.length));
  Atomics.store(words, INPUT, ASKED);
  askForInput();
  Atomics.wait(words, INPUT, ASKED);
  const state = Atomics.exchange(words, INPUT, IDLE);
  if (state === INTERRUPTED) throw interrupted();
  const length = state === READY ? Atomics.load(words, LENGTH) : 0;
  target.set(bytes.subarray(0, length));
  return length;
}

/** What `os.fstat` tells: of the descriptor itself, so that programs see a pipe as a pipe. */
function attributes(fd: number, stream: FileStream): FileAttributes {
  const now = new Date();
  let stats: Stats | undefined;
  try {
    stats = fstatSync(fd);
  } catch {
    // Closed: Python notices by itself when it uses it.
  }
  return {
    dev: stats?.dev ?? 0,
    ino: stream.node.id,
    mode: stats?.mode ?? stream.node.mode,
    nlink: stats?.nlink ?? 1,
    uid: stats?.uid ?? 0,
    gid: stats?.gid ?? 0,
    rdev: stats?.rdev ?? 0,
    size: stats?.size ?? 0,
    atime: stats?.atime ?? now,
    mtime: stats?.mtime ?? now,
    ctime: stats?.ctime ?? now,
    blksize: stats?.blksize ?? 4096,
    blocks: stats?.blocks ?? 0,
  };
}

/** A terminal in its usual mode. Changes to the mode are accepted and have no effect. */
function terminalOperations(words: Int32Array): TerminalOperations {
  return {
    ioctl_tcgets: () => ({
      c_iflag: 0o66400,
      c_oflag: 0o5,
      c_cflag: 0o277,
      c_lflag: 0o105073,
      // ^C ^\ DEL ^U ^D, no time-out, at least one byte, …, ^Q ^S ^Z, …, ^R ^O ^W ^V
      c_cc: [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, ...Array(16).fill(0)],
    }),
    ioctl_tcsets: () => 0,
    ioctl_tiocgwinsz: () => [Atomics.load(words, ROWS) || 24, Atomics.load(words, COLUMNS) || 80],
  };
}
