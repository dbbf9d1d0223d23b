/** A table that may be wider or longer than its place: where it is, it can be reached and scrolled by keys. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export function Scroll({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const [overflows, setOverflows] = useState(false);
  useEffect(() => {
    const { current } = box;
    if (current === null) return;
    const look = (): void =>
      setOverflows(
        current.scrollWidth > current.clientWidth || current.scrollHeight > current.clientHeight,
      );
    const sized = new ResizeObserver(look);
    sized.observe(current);
    for (const child of current.children) sized.observe(child);
    return () => sized.disconnect();
  }, []);
  return (
    <section ref={box} class="scroll" aria-label={label} tabIndex={overflows ? 0 : undefined}>
      {children}
    </section>
  );
}
