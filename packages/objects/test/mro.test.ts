import { describe, expect, it } from "vitest";
import { mergeOrders } from "../src/types/mro.ts";

/** Orders by name, as Python's documentation of the MRO writes them. */
function orderOf(classes: Readonly<Record<string, string>>): (name: string) => string | undefined {
  const order = (name: string): string | undefined => {
    const bases = [...(classes[name] ?? "")];
    const orders = bases.map(order);
    if (orders.includes(undefined)) return undefined;
    const codes = (text: string): number[] => [...text].map((each) => each.charCodeAt(0));
    const merged = mergeOrders([...orders.map((each) => codes(each ?? "")), codes(bases.join(""))]);
    return merged === undefined ? undefined : name + String.fromCharCode(...merged);
  };
  return order;
}

describe("the order of bases", () => {
  it("takes a base before its own bases, and bases in the order given", () => {
    const order = orderOf({ O: "", D: "O", E: "O", F: "O", B: "DE", C: "DF", A: "BC" });
    expect(order("A")).toBe("ABCDEFO");
    expect(orderOf({ O: "", D: "O", E: "O", F: "O", B: "ED", C: "DF", A: "BC" })("A")).toBe(
      "ABECDFO",
    );
  });

  it("keeps a base's order even where it is not the depth-first one", () => {
    const order = orderOf({
      O: "",
      A: "O",
      B: "O",
      C: "O",
      D: "O",
      E: "O",
      K: "ABC",
      L: "DBE",
      M: "DA",
      Z: "KLM",
    });
    expect(order("Z")).toBe("ZKLMDABCEO");
  });

  it("does not exist where bases contradict one another", () => {
    const order = orderOf({ O: "", X: "O", Y: "O", A: "XY", B: "YX", C: "AB" });
    expect(order("C")).toBeUndefined();
    expect(orderOf({ O: "", A: "O", B: "OA" })("B")).toBeUndefined();
  });
});
