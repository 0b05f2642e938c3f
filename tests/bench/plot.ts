// @ts-types="@types/d3-array"
import { extent } from "d3-array";
// @ts-types="@types/d3-scale"
import { scaleLog, type ScaleLogarithmic } from "d3-scale";
// @ts-types="@types/d3-shape"
import { line as pathOf } from "d3-shape";
import type { Growth } from "./report.ts";

const WIDTH = 640;
const HEIGHT = 400;
const MARGIN = { left: 72, right: 150, top: 36, bottom: 48 };
const COLOURS = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf"];

/** A picture of how costs grow, on logarithmic axes: an SVG document. */
export function plot(title: string, { of, lines }: Growth): string {
  const points = Object.values(lines).flat();
  const x = scale(points.map(([n]) => n), MARGIN.left, WIDTH - MARGIN.right);
  const y = scale(points.map(([, us]) => us), HEIGHT - MARGIN.bottom, MARGIN.top);
  const path = pathOf<readonly [number, number]>(([n]) => x(n), ([, us]) => y(us)).digits(1);
  const parts = [
    text(WIDTH / 2, 20, title, "middle"),
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 8, of, "middle"),
  ];
  for (const n of powersOfTen(x)) {
    parts.push(line(x(n), MARGIN.top, x(n), HEIGHT - MARGIN.bottom));
    parts.push(text(x(n), HEIGHT - MARGIN.bottom + 16, short(n), "middle"));
  }
  for (const us of powersOfTen(y)) {
    parts.push(line(MARGIN.left, y(us), WIDTH - MARGIN.right, y(us)));
    parts.push(text(MARGIN.left - 6, y(us) + 4, `${short(us)} µs`, "end"));
  }
  for (const [i, [name, of]] of Object.entries(lines).entries()) {
    const colour = COLOURS[i % COLOURS.length];
    parts.push(`<path d="${path(of)}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    parts.push(`<g fill="${colour}">${text(WIDTH - MARGIN.right + 8, MARGIN.top + 12 + i * 18, name, "start")}</g>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${parts.join("\n")}
</svg>
`;
}

/** A logarithmic scale over the powers of ten around the values. */
function scale(values: readonly number[], from: number, to: number): ScaleLogarithmic<number, number> {
  return scaleLog(extent(values) as [number, number], [from, to]).nice();
}

function powersOfTen(scale: ScaleLogarithmic<number, number>): number[] {
  return scale.ticks().filter((n) => Number.isInteger(Math.log10(n)));
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#ddd"/>`;
}

function text(x: number, y: number, what: string, anchor: "start" | "middle" | "end"): string {
  const escaped = what.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped}</text>`;
}

function short(n: number): string {
  return n >= 1e6 ? `${n / 1e6}M` : n >= 1e3 ? `${n / 1e3}k` : String(Number(n.toPrecision(2)));
}
