/** A graph of objects: nodes on a ring, arrows for references. Each node is a button, whose name says all of it in words. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useTexts } from "./language.ts";
import { graphView } from "./texts.ts";
import { useWidth } from "./width.ts";

export interface GraphNode {
  readonly id: string;
  /** Below the name: a count, say. */
  readonly note: string;
  /** In words, for those who do not see the picture. */
  readonly description: string;
  readonly state?: "reachable" | "unreachable" | undefined;
  readonly lit?: boolean;
  readonly picked?: boolean;
  /** Names from outside that refer to it. */
  readonly names: readonly string[];
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly lit?: boolean;
  readonly done?: boolean;
}

export interface GraphViewProps {
  /** No other graph of the page has it. */
  readonly id: string;
  readonly label: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  onPick?(id: string): void;
  /** A click beside the nodes. */
  onUnpick?(): void;
}

/** Drawn for this width; where there is less, nodes move together, and letters stay as large as they are. */
const WIDTH = 520;
const LEAST_WIDTH = 290;
const HEIGHT = 350;
const RADIUS = 27;
const BEND = 22;

export function GraphView({
  id,
  label,
  nodes,
  edges,
  onPick,
  onUnpick,
}: GraphViewProps): JSX.Element {
  const arrow = `arrow-${id}`;
  const texts = useTexts(graphView);
  const svg = useRef<SVGSVGElement>(null);
  const width = Math.min(WIDTH, Math.max(LEAST_WIDTH, useWidth(svg, WIDTH)));
  const places = new Map(nodes.map(({ id }, n) => [id, place(n, nodes.length, width)]));
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no fieldset.
    // biome-ignore lint/a11y/useKeyWithClickEvents: who owns the graph has a key for this.
    <svg
      class="graph"
      ref={svg}
      viewBox={`0 0 ${width} ${HEIGHT}`}
      role="group"
      aria-label={label}
      onClick={(event) => {
        if (event.target === event.currentTarget) onUnpick?.();
      }}
    >
      <defs>
        <marker
          id={arrow}
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          orient="auto-start-reverse"
        >
          <path d="M0 0 8 4 0 8z" fill="var(--sl-color-gray-3)" />
        </marker>
      </defs>
      {edges.map((edge) => {
        const from = places.get(edge.from);
        const to = places.get(edge.to);
        if (from === undefined || to === undefined) return null;
        return (
          <g key={`${edge.from}${edge.to}`}>
            <path
              class={`edge ${edge.lit ? "is-lit" : ""} ${edge.done ? "is-done" : ""}`}
              d={edge.from === edge.to ? loop(from) : arc(from, to)}
              marker-end={`url(#${arrow})`}
            >
              <title>{texts.edge(edge.from, edge.to, edge.count)}</title>
            </path>
            {edge.count > 1 && <Times count={edge.count} at={middle(from, to)} />}
          </g>
        );
      })}
      {nodes.map((node) => {
        const [x, y] = places.get(node.id)!;
        const pick = (): void => onPick?.(node.id);
        return (
          <g key={node.id}>
            {/* biome-ignore lint/a11y/useSemanticElements: SVG has no button. */}
            <g
              class={`node ${node.state === undefined ? "" : `is-${node.state}`} ${node.lit ? "is-lit" : ""} ${node.picked ? "is-picked" : ""}`}
              role="button"
              tabindex={0} // not tabIndex: names of attributes are case-sensitive in SVG
              aria-pressed={node.picked ?? false}
              data-node={node.id}
              aria-label={texts.node(node.id, node.description)}
              onClick={pick}
              onKeyDown={(event) => {
                if (event.key !== "Enter" && event.key !== " ") return;
                event.preventDefault();
                pick();
              }}
            >
              <circle cx={x} cy={y} r={RADIUS} />
            </g>
            {/* Beside the button, not in it: its name says all this in words. */}
            <text x={x} y={y - 1} text-anchor="middle" font-weight="600" font-size="17">
              {node.id}
            </text>
            <text x={x} y={y + 15} text-anchor="middle" font-size="12">
              {node.note}
            </text>
            {node.names.length > 0 && (
              <text x={x} y={y - RADIUS - 7} text-anchor="middle" font-size="13" font-weight="600">
                {node.names.join(", ")} ↓
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}

/** Several references are one arrow; this says how many. */
function Times({ count, at: [x, y] }: { readonly count: number; readonly at: Point }): JSX.Element {
  return (
    <text class="times" x={x} y={y + 4} text-anchor="middle" font-size="13">
      ×{count}
    </text>
  );
}

type Point = readonly [number, number];

function place(n: number, count: number, width: number): Point {
  const angle =
    (2 * Math.PI * n) / Math.max(count, 1) - Math.PI / 2 - (count > 2 ? Math.PI / count : 0);
  return [
    Math.round(width / 2 + Math.cos(angle) * (width / 2 - (width < WIDTH ? 45 : 70))),
    Math.round(HEIGHT / 2 + 8 + Math.sin(angle) * (HEIGHT / 2 - 62)),
  ];
}

/** Where an arrow is bent to, so that two opposite ones lie apart. */
function bend([x1, y1]: Point, [x2, y2]: Point): Point {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  return [(x1 + x2) / 2 - ((y2 - y1) / length) * BEND, (y1 + y2) / 2 + ((x2 - x1) / length) * BEND];
}

/** The middle of an arrow, or the bottom of one that goes back to its own circle. */
function middle(from: Point, to: Point): Point {
  if (from === to) return [from[0], from[1] + RADIUS + 32];
  const [cx, cy] = bend(from, to);
  return [(from[0] + to[0] + 2 * cx) / 4, (from[1] + to[1] + 2 * cy) / 4];
}

/** From circle to circle. */
function arc([x1, y1]: Point, [x2, y2]: Point): string {
  const [cx, cy] = bend([x1, y1], [x2, y2]);
  const towards = (fx: number, fy: number): Point => {
    const d = Math.hypot(cx - fx, cy - fy) || 1;
    return [fx + ((cx - fx) / d) * (RADIUS + 3), fy + ((cy - fy) / d) * (RADIUS + 3)];
  };
  const [sx, sy] = towards(x1, y1);
  const [ex, ey] = towards(x2, y2);
  return `M${sx.toFixed(1)} ${sy.toFixed(1)} Q${cx.toFixed(1)} ${cy.toFixed(1)} ${ex.toFixed(1)} ${ey.toFixed(1)}`;
}

function loop([x, y]: Point): string {
  return `M${x + 12} ${y + RADIUS + 1} C${x + 48} ${y + RADIUS + 42} ${x - 48} ${y + RADIUS + 42} ${x - 12} ${y + RADIUS + 1}`;
}
