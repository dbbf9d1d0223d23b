/** Time that a thread has had a processor for: on a machine with other work, the only time that means something. */

const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * Microseconds that this thread has had a processor for so far, in the program and in the kernel. Linux brings the
 * count of a running thread up to date only at a tick, every 4 ms or so, and whenever the thread stops running: so it
 * sleeps for a moment first.
 */
export function processorMicroseconds(): number {
  Atomics.wait(never, 0, 0, 0.02);
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
