/** Digits of 30 bits from and to bigints, by way of hexadecimal text: linear in the number of digits. */

/** Hexadecimal characters of two digits. */
const PAIR = 15;

/** Digits of a bigint that is not negative, least significant first; none for 0. */
export function digitsFromBig(big: bigint): number[] {
  const digits: number[] = [];
  const text = big.toString(16);
  for (let end = text.length; end > 0; end -= PAIR) {
    const start = Math.max(end - PAIR, 0);
    const middle = Math.max(end - 8, start);
    const low = Number.parseInt(text.slice(middle, end), 16);
    const high = middle > start ? Number.parseInt(text.slice(start, middle), 16) : 0;
    digits.push(low & 0x3fffffff, (low >>> 30) | (high << 2));
  }
  while (digits.length > 0 && digits[digits.length - 1] === 0) digits.pop();
  return digits;
}

/** The value of `count` digits that begin at index `first`. */
export function bigFromDigits(u32: Uint32Array, first: number, count: number): bigint {
  let text = "";
  for (let n = count - 1 - ((count - 1) & 1); n >= 0; n -= 2) {
    const low = u32[first + n];
    const high = n + 1 < count ? u32[first + n + 1] : 0;
    // 60 bits: 28 above, 32 below.
    text += (high >>> 2).toString(16).padStart(7, "0");
    text += (((high << 30) | low) >>> 0).toString(16).padStart(8, "0");
  }
  return text === "" ? 0n : BigInt(`0x${text}`);
}
