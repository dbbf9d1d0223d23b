/** How wide a picture is, for those that draw less, or larger, where there is little room. */
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

/** The element's width in CSS pixels, kept up to date; `before` until it is known. */
export function useWidth(element: RefObject<Element>, before: number): number {
  const [width, setWidth] = useState(before);
  useEffect(() => {
    const { current } = element;
    if (current === null) return;
    const sized = new ResizeObserver(() => setWidth(current.clientWidth || before));
    sized.observe(current);
    return () => sized.disconnect();
  }, []);
  return width;
}
