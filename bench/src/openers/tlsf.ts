/**
 * AssemblyScript's allocator, a TLSF (`std/assembly/rt/tlsf.ts`), called from JavaScript. Compiled when it is needed,
 * with `--runtime minimal`, as fast as the compiler makes it.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PyMemAllocatorEx } from "@pyrena/abi";
import type { OpenPeer } from "./open-peer.ts";

/** What a program has to export to hand its allocator to JavaScript. */
const SOURCE = `
export function malloc(size: usize): usize { return heap.alloc(size); }
export function calloc(nelem: usize, elsize: usize): usize {
  const size = nelem * elsize;
  const block = heap.alloc(size);
  memory.fill(block, 0, size);
  return block;
}
export function realloc(block: usize, size: usize): usize {
  return block ? heap.realloc(block, size) : heap.alloc(size);
}
export function free(block: usize): void { if (block) heap.free(block); }
`;

interface Exports {
  readonly memory: WebAssembly.Memory;
  malloc(size: number): number;
  calloc(nelem: number, elsize: number): number;
  realloc(block: number, size: number): number;
  free(block: number): void;
}

/** @param scratch folder in which the compiled module is kept for the other rounds of this run */
export async function openTlsf(scratch: string): Promise<OpenPeer> {
  const path = join(scratch, "tlsf.wasm");
  if (!existsSync(path)) writeFileSync(path, await compile());
  const { instance } = await WebAssembly.instantiate(readFileSync(path), {
    env: {
      abort: () => {
        throw new Error("AssemblyScript's allocator aborted: out of memory");
      },
    },
  });
  const exports = instance.exports as unknown as Exports;
  const allocator: PyMemAllocatorEx<Exports> = {
    ctx: exports,
    // An address over 2^31 - 1 comes out of WebAssembly negative.
    malloc: (wasm, size) => wasm.malloc(size) >>> 0,
    calloc: (wasm, nelem, elsize) => wasm.calloc(nelem, elsize) >>> 0,
    realloc: (wasm, ptr, size) => wasm.realloc(ptr, size) >>> 0,
    free: (wasm, ptr) => wasm.free(ptr),
  };
  const memory = {
    view: new Uint32Array(exports.memory.buffer),
    get u32() {
      if (this.view.length === 0) this.view = new Uint32Array(exports.memory.buffer);
      return this.view;
    },
  };
  const erased = allocator as PyMemAllocatorEx;
  let before = 0;
  return {
    allocator: erased,
    raw: erased,
    memory,
    begin: () => {
      before = exports.memory.buffer.byteLength;
    },
    // It keeps no count of its own: what it holds is what the memory has grown to.
    memoryUse: () => ({ memory: exports.memory.buffer.byteLength - before }),
  };
}

async function compile(): Promise<Uint8Array> {
  const { default: asc } = await import("assemblyscript/asc");
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    ["module.ts", "--runtime", "minimal", "-O3", "--noAssert", "--outFile", "module.wasm"],
    {
      readFile: (name: string) => (name === "module.ts" ? SOURCE : null),
      writeFile: (_name: string, contents: unknown) => {
        wasm = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error || wasm === undefined) throw new Error(`asc: ${error?.message ?? stderr.toString()}`);
  return wasm;
}
