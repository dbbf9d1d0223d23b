/** Which lines of a text are new, compared with another one: what a page marks in the next step's code. */

/** A run of lines, as the code component takes it: `"34-57"`, counted from 1. */
export interface LineRange {
  readonly range: string;
}

/** Lines of `after` that are not in the longest common sequence with `before`; blank ones do not count. */
export function changedLines(before: string, after: string): LineRange[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  // longest[i][j]: length of the longest common sequence of old from i on and now from j on.
  const longest = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      longest[i]![j] =
        old[i] === now[j]
          ? longest[i + 1]![j + 1]! + 1
          : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!);
    }
  }
  const ranges: LineRange[] = [];
  let from = 0;
  const close = (to: number): void => {
    if (from > 0) ranges.push({ range: `${from}-${to}` });
    from = 0;
  };
  for (let i = 0, j = 0; j < now.length; ) {
    if (i < old.length && old[i] === now[j]) {
      close(j);
      i++;
      j++;
    } else if (i < old.length && longest[i + 1]![j]! >= longest[i]![j + 1]!) {
      i++;
    } else {
      if (now[j] === "" && from === 0) j++;
      else {
        if (from === 0) from = j + 1;
        j++;
      }
    }
  }
  close(now.length);
  return ranges;
}
