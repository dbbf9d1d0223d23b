/** How Python prints text and bytes. */
import { isNewerThan } from "./unicode-ages.ts";

/** Characters that Python does not print: `str.isprintable`. */
const unprintable = /[\p{C}\p{Z}]/u;
/** Whether a text needs no look at its single characters. */
const plain = /^[ !#-&(-[\]-~]*$/;

const escapes: { readonly [character: string]: string } = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\\": "\\\\",
};

const hexadecimal = (code: number, digits: number): string =>
  code.toString(16).padStart(digits, "0");

/**
 * `repr(str)`: quoted with ' unless the text has only such quotes; what is not printable is escaped. What is printable
 * is what both the interpreter's edition of Unicode and the JavaScript engine's know as such.
 * @param unicode the interpreter's edition: 14.0 to 17.0
 * @param characters the text's code points; they tell two halves of a surrogate pair from the character that a
 *   JavaScript string makes of them
 */
export function strRepr(
  text: string,
  unicode = 17,
  characters: () => Iterable<string> = () => text,
): string {
  if (plain.test(text)) return `'${text}'`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let shown = quote;
  for (const character of characters()) {
    const code = character.codePointAt(0) as number;
    if (character === quote) shown += `\\${quote}`;
    else if (escapes[character] !== undefined) shown += escapes[character];
    else if (character === " " || isPrintable(character, code, unicode)) shown += character;
    else if (code > 0xffff) shown += `\\U${hexadecimal(code, 8)}`;
    else if (code > 0xff) shown += `\\u${hexadecimal(code, 4)}`;
    else shown += `\\x${hexadecimal(code, 2)}`;
  }
  return shown + quote;
}

function isPrintable(character: string, code: number, unicode: number): boolean {
  return !unprintable.test(character) && (code < 0x300 || !isNewerThan(code, unicode));
}

/** `repr(bytes)`. */
export function bytesRepr(bytes: Uint8Array): string {
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'";
  let shown = `b${quote}`;
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (character === quote) shown += `\\${quote}`;
    else if (escapes[character] !== undefined) shown += escapes[character];
    else if (byte < 0x20 || byte >= 0x7f) shown += `\\x${hexadecimal(byte, 2)}`;
    else shown += character;
  }
  return shown + quote;
}
