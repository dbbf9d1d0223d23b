/** How Python prints text and bytes. */

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
 * `repr(str)`: quoted with ' unless the text has only such quotes; what is not printable is escaped. Which characters
 * are printable is the JavaScript engine's edition of Unicode, as it is the interpreter's in Python.
 */
export function strRepr(text: string): string {
  if (plain.test(text)) return `'${text}'`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let shown = quote;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (character === quote) shown += `\\${quote}`;
    else if (character === " ") shown += character;
    else if (escapes[character] !== undefined) shown += escapes[character];
    else if (code > 0xffff && unprintable.test(character)) shown += `\\U${hexadecimal(code, 8)}`;
    else if (code > 0xff && unprintable.test(character)) shown += `\\u${hexadecimal(code, 4)}`;
    else if (unprintable.test(character)) shown += `\\x${hexadecimal(code, 2)}`;
    else shown += character;
  }
  return shown + quote;
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
