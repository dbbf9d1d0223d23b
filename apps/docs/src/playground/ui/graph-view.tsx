/** Objects and their references as a drawing: variables on the left, each object as far right as it is away from them. */
import type { VNode } from "preact";
import type { Graph, GraphNode } from "../protocol.ts";
import type { Texts } from "./texts.ts";

const COLUMN = 170;
const ROW = 46;
const BOX = 130;
/** What is drawn; the rest is in the text. */
const MOST = 40;

interface Placed {
  readonly node: GraphNode;
  readonly x: number;
  readonly y: number;
}

/** A place for each node that can be reached from the roots: breadth first. */
export function placeNodes(graph: Graph): readonly Placed[] {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const placed = new Map<number, Placed>();
  let column = [...new Set(graph.roots.map(({ id }) => id))];
  for (let depth = 0; column.length > 0; depth++) {
    const next: number[] = [];
    let row = 0;
    for (const id of column) {
      const node = byId.get(id);
      if (node === undefined || placed.has(id) || placed.size >= MOST) continue;
      placed.set(id, { node, x: 80 + depth * COLUMN, y: 10 + row++ * ROW });
      next.push(...node.refers);
    }
    column = next;
  }
  return [...placed.values()];
}

function countOf({ refcount }: GraphNode): string {
  return Number.isFinite(refcount) ? String(refcount) : "∞";
}

export function GraphView({
  texts,
  graph,
}: {
  readonly texts: Texts;
  readonly graph: Graph;
}): VNode {
  const placed = placeNodes(graph);
  const at = new Map(placed.map((one) => [one.node.id, one]));
  const width = Math.max(...placed.map(({ x }) => x + BOX), 0) + 20;
  const height = Math.max(...placed.map(({ y }) => y + ROW), ROW);
  const description = placed
    .map(({ node }) => `${node.text}: refcount ${countOf(node)}, refers to ${node.refers.length}`)
    .join("; ");
  return (
    <div class="play-graph">
      <svg width={width} height={height} role="img" aria-label={description}>
        <title>{texts.graph}</title>
        <defs>
          <marker
            id="play-arrow"
            viewBox="0 0 8 8"
            refX="8"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path d="M0 0 8 4 0 8z" fill="currentColor" />
          </marker>
        </defs>
        {graph.roots.map(({ name, id }, index) => {
          const target = at.get(id);
          if (target === undefined) return null;
          const y =
            target.y + 12 + 12 * graph.roots.slice(0, index).filter((one) => one.id === id).length;
          return (
            <g key={name} class="play-root">
              <text x={70} y={y + 4} text-anchor="end">{`${name} →`}</text>
            </g>
          );
        })}
        {placed.flatMap(({ node, x, y }) =>
          node.refers.map((to, index) => {
            const target = at.get(to);
            if (target === undefined) return null;
            const forward = target.x > x;
            const from = forward ? x + BOX : x + BOX / 2;
            const into = forward ? target.x : target.x + BOX / 2;
            const bow = forward ? 0 : 26;
            return (
              <path
                key={`${node.id}-${index}`}
                class="play-edge"
                d={`M${from} ${y + (forward ? 16 : 32)} C${from + 20} ${y + 16 + bow} ${into - 20} ${target.y + 16 + bow} ${into} ${target.y + (forward ? 16 : 32)}`}
                marker-end="url(#play-arrow)"
              />
            );
          }),
        )}
        {placed.map(({ node, x, y }) => (
          <g key={node.id} data-type={node.type} data-refcount={countOf(node)}>
            <rect class="play-node" x={x} y={y} width={BOX} height={32} rx={4} />
            <text x={x + 6} y={y + 13}>
              {node.text.slice(0, 18)}
            </text>
            <text class="play-node-small" x={x + 6} y={y + 27}>
              {`refcount ${countOf(node)}, ${node.bytes} B`}
            </text>
          </g>
        ))}
      </svg>
      {(graph.cut || placed.length < graph.nodes.length) && <p>{texts.graphCut}</p>}
    </div>
  );
}
