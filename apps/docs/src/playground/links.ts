/** A link that holds a program and its settings: JSON, compressed, in the part of the address that no server sees. */

/** What a link holds. */
export interface Shared {
  readonly program: string;
  readonly settings: object;
  /** The allocator that was typed in. */
  readonly allocator?: string | undefined;
  readonly watch: string;
}

const KEY = "#p=";

/** The part of the address from `#` on. */
export async function toHash(shared: Shared): Promise<string> {
  const bytes = await through(
    new TextEncoder().encode(JSON.stringify(shared)),
    new CompressionStream("deflate-raw"),
  );
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return KEY + btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** What the link holds; undefined if it holds nothing, or is damaged. */
export async function fromHash(hash: string): Promise<Shared | undefined> {
  if (!hash.startsWith(KEY)) return undefined;
  try {
    const text = atob(hash.slice(KEY.length).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = await through(
      Uint8Array.from(text, (character) => character.charCodeAt(0)),
      new DecompressionStream("deflate-raw"),
    );
    const shared = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Shared> | null;
    if (typeof shared?.program !== "string") return undefined;
    const { program, settings, allocator, watch } = shared;
    return {
      program,
      settings: typeof settings === "object" && settings !== null ? settings : {},
      allocator: typeof allocator === "string" ? allocator : undefined,
      watch: typeof watch === "string" ? watch : "",
    };
  } catch {
    return undefined;
  }
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
