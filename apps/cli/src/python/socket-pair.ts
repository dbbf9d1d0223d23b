/**
 * `socket.socketpair()` inside the process. Emscripten has none, and asyncio's event loop needs one to wake itself:
 * without it `asyncio.run` fails. Each end is a socket of Emscripten's with operations of its own; what one end sends
 * waits in the other's queue.
 */
import type { PythonModule, Socket, SocketOperations } from "./emscripten.ts";

const O_NONBLOCK = 0o4000;
const POLLIN = 1;
const POLLOUT = 4;
const POLLHUP = 16;
const FIONREAD = 0x541b;
const FIONBIO = 0x5421;
const S_IFSOCK = 0o140000;
const AF_UNIX = 1;

interface End extends Socket {
  peer: End | undefined;
  readonly queue: Uint8Array[];
}

/** Two connected sockets, as file descriptors. */
export function socketPair(module: PythonModule, type: number): readonly [number, number] {
  const left = createEnd(module, type);
  const right = createEnd(module, type);
  left.peer = right;
  right.peer = left;
  return [left.stream.fd, right.stream.fd];
}

function createEnd(module: PythonModule, type: number): End {
  const { FS, SOCKFS } = module;
  const name = SOCKFS.nextname();
  const node = FS.createNode(SOCKFS.root, name, S_IFSOCK, 0);
  const stream = FS.createStream({
    path: name,
    node,
    flags: 2,
    seekable: false,
    stream_ops: SOCKFS.stream_ops,
  });
  const end: End = {
    family: AF_UNIX,
    type,
    protocol: 0,
    sock_ops: operations(module),
    stream,
    peer: undefined,
    queue: [],
  };
  node.sock = end;
  return end;
}

function operations(module: PythonModule): SocketOperations {
  const errno = (code: string): Error => new module.FS.ErrnoError(module.ERRNO_CODES[code]!);
  return {
    poll(socket) {
      const { queue, peer } = socket as End;
      if (peer === undefined) return POLLIN | POLLHUP;
      return queue.length > 0 ? POLLIN | POLLOUT : POLLOUT;
    },
    ioctl(socket, request, argument) {
      const { queue, stream } = socket as End;
      if (request === FIONBIO) {
        const on = module.HEAPU32[argument >>> 2] !== 0;
        stream.flags = on ? stream.flags | O_NONBLOCK : stream.flags & ~O_NONBLOCK;
      } else if (request === FIONREAD) {
        module.HEAPU32[argument >>> 2] = queue[0]?.length ?? 0;
      } else {
        throw errno("EINVAL");
      }
      return 0;
    },
    close(socket) {
      const end = socket as End;
      if (end.peer !== undefined) end.peer.peer = undefined;
      end.peer = undefined;
      return 0;
    },
    sendmsg(socket, buffer, offset, length) {
      const { peer } = socket as End;
      if (peer === undefined) throw errno("EPIPE");
      const at = buffer.byteOffset + offset;
      peer.queue.push(new Uint8Array(buffer.buffer.slice(at, at + length)));
      return length;
    },
    recvmsg(socket, length) {
      const { queue, peer } = socket as End;
      const first = queue[0];
      if (first === undefined) {
        // Nobody else runs who could send something while we wait.
        if (peer !== undefined) throw errno("EAGAIN");
        return null;
      }
      const buffer = first.subarray(0, length);
      if (length < first.length) queue[0] = first.subarray(length);
      else queue.shift();
      return { buffer, addr: "", port: 0 };
    },
  };
}
