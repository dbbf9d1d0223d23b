/** What the random programs of fixtures/tables.py and fixtures/instance-tables.py have in common, in TypeScript. */

/** The generator that both sides draw from. */
export class Random {
  state: number;

  constructor(seed: number) {
    this.state = (Math.imul(seed, 2654435761) + 12345) >>> 0;
  }

  below(n: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return (this.state >>> 8) % n;
  }
}

/** FNV-1a of the lines of one program, which are ASCII. */
export function digest(lines: readonly string[]): number {
  const text = lines.join("\n");
  let value = 2166136261;
  for (let n = 0; n < text.length; n++) value = Math.imul(value ^ text.charCodeAt(n), 16777619);
  return value >>> 0;
}
