/**
 * The method resolution order of classes: C3 linearisation (K. Barrett et al., "A Monotonic Superclass Linearization
 * for Dylan", OOPSLA 1996), as `type.mro` computes it.
 */
import type { Address } from "@pyrena/abi";

/**
 * Merge the orders of the bases and the bases themselves: repeatedly take the first class that stands in no other
 * list but at its head.
 * @param orders each base's order, and as the last one the bases in the order in which they were given
 * @returns the merged order, or undefined where the lists contradict one another
 */
export function mergeOrders(orders: readonly (readonly Address[])[]): Address[] | undefined {
  const merged: Address[] = [];
  const heads = orders.map(() => 0);
  for (;;) {
    let open = false;
    let next = 0;
    for (let n = 0; n < orders.length && next === 0; n++) {
      if (heads[n] === orders[n].length) continue;
      open = true;
      const candidate = orders[n][heads[n]];
      if (orders.every((order, m) => order.indexOf(candidate, heads[m] + 1) < 0)) next = candidate;
    }
    if (!open) return merged;
    if (next === 0) return undefined;
    merged.push(next);
    orders.forEach((order, n) => {
      if (order[heads[n]] === next) heads[n]++;
    });
  }
}
