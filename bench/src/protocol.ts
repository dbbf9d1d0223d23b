/**
 * What is said between the bench and a peer's process, a line at a time.
 *
 * | to the peer          | its answer                  | meaning                                                      |
 * |----------------------|-----------------------------|--------------------------------------------------------------|
 * | (started)            | `ready`                     | it can run                                                   |
 * |                      | `unavailable <reason>`      | it cannot, here                                              |
 * | `load <path>`        | `loaded`                    | the program is read, prefilled and aged; what was before is freed |
 * | `run <lead> <units>` | `ran <ns> <bad>`            | `lead` units untimed, then `units` in so many nanoseconds; blocks since the load that had lost their word |
 * |                      | `ran <ns> <bad> <units>`    | the same, of a peer that counts for itself what it did       |
 * | `memory`             | `memory <name>=<bytes> …`   | since the load                                               |
 * | `quit`               | (ends)                      |                                                              |
 *
 * Time is processor time of the thread that runs the loop: what it has to wait for while others have the processor is
 * not counted.
 *
 * To any of them it may answer `failed <reason>`. A line starting with `#` is a remark (`# name=value`).
 */

/** What a peer answers. */
export type Answer =
  | { readonly kind: "ready" | "loaded" }
  | { readonly kind: "unavailable" | "failed"; readonly reason: string }
  | {
      readonly kind: "ran";
      readonly nanoseconds: number;
      readonly bad: number;
      readonly units: number | undefined;
    }
  | { readonly kind: "memory"; readonly values: Readonly<Record<string, number>> };

/** A line of a peer, read. */
export function parseAnswer(line: string): Answer {
  const [kind = "", ...words] = line.split(" ");
  switch (kind) {
    case "ready":
    case "loaded":
      return { kind };
    case "unavailable":
    case "failed":
      return { kind, reason: words.join(" ") };
    case "ran":
      return {
        kind,
        nanoseconds: Number(words[0]),
        bad: Number(words[1]),
        units: words[2] === undefined ? undefined : Number(words[2]),
      };
    case "memory": {
      const values: Record<string, number> = {};
      for (const word of words) {
        const [name = "", value = ""] = word.split("=");
        values[name] = Number(value);
      }
      return { kind, values };
    }
    default:
      return { kind: "failed", reason: `answered '${line.slice(0, 200)}'` };
  }
}
