/**
 * Which characters CPython's tables of a Unicode version do not have yet: the ranges that each version after 14.0 made
 * printable. Asked of `str.isprintable` in CPython 3.11 (Unicode 14.0), 3.12 (15.0), 3.13 (15.1), 3.14 (16.0) and
 * 3.15 (17.0).
 */
const additions: readonly (readonly [unicode: number, ranges: string])[] = [
  [
    15.0,
    "cf3 ece 10efd-10eff 1123f-11241 11b00-11b09 11f00-11f10 11f12-11f3a 11f3e-11f59 1342f 13440-13455 1b132" +
      " 1b155 1d2c0-1d2d3 1df25-1df2a 1e030-1e06d 1e08f 1e4d0-1e4f9 1f6dc 1f774-1f776 1f77b-1f77f 1f7d9" +
      " 1fa75-1fa77 1fa87-1fa88 1faad-1faaf 1fabb-1fabd 1fabf 1face-1facf 1fada-1fadb 1fae8 1faf7-1faf8 2b739" +
      " 31350-323af",
  ],
  [15.1, "2ffc-2fff 31ef 2ebf0-2ee5d"],
  [
    16.0,
    "897 1b4e-1b4f 1b7f 1c89-1c8a 2427-2429 31e4-31e5 a7cb-a7cd a7da-a7dc 105c0-105f3 10d40-10d65 10d69-10d85" +
      " 10d8e-10d8f 10ec2-10ec4 10efc 11380-11389 1138b 1138e 11390-113b5 113b7-113c0 113c2 113c5 113c7-113ca" +
      " 113cc-113d5 113d7-113d8 113e1-113e2 116d0-116e3 11bc0-11be1 11bf0-11bf9 11f5a 13460-143fa 16100-16139" +
      " 16d40-16d79 18cff 1cc00-1ccf9 1cd00-1ceb3 1e5d0-1e5fa 1e5ff 1f8b2-1f8bb 1f8c0-1f8c1 1fa89 1fa8f 1fabe" +
      " 1fac6 1fadc 1fadf 1fae9 1fbcb-1fbef",
  ],
  [
    17.0,
    "88f c5c cdc 1acf-1add 1ae0-1aeb 20c1 2b96 a7ce-a7cf a7d2 a7d4 a7f1 fbc3-fbd2 fd90-fd91 fdc8-fdce" +
      " 10940-10959 10ec5-10ec7 10ed0-10ed8 10efa-10efb 11b60-11b67 11db0-11ddb 11de0-11de9 16ea0-16eb8" +
      " 16ebb-16ed3 16ff2-16ff6 187f8-187ff 18d09-18d1e 18d80-18df2 1ccfa-1ccfc 1ceba-1ced0 1cee0-1cef0" +
      " 1e6c0-1e6de 1e6e0-1e6f5 1e6fe-1e6ff 1f6d8 1f777-1f77a 1f8d0-1f8d8 1fa54-1fa57 1fa8a 1fa8e 1fac8 1facd" +
      " 1faea 1faef 1fbfa 2b73a-2b73f 2cea2-2cead 323b0-33479",
  ],
];

/** Code points from, to, and the Unicode version that added them; in order. */
const ranges: readonly (readonly [first: number, last: number, unicode: number])[] = additions
  .flatMap(([unicode, text]) =>
    text.split(" ").map((range) => {
      const [first = "", last = first] = range.split("-");
      return [Number.parseInt(first, 16), Number.parseInt(last, 16), unicode] as const;
    }),
  )
  .sort((a, b) => a[0] - b[0]);

/** Whether a code point was added after a Unicode version. */
export function isNewerThan(code: number, unicode: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const [first, last, added] = ranges[middle];
    if (code < first) high = middle - 1;
    else if (code > last) low = middle + 1;
    else return added > unicode;
  }
  return false;
}
