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
  const parts = [
    text(WIDTH / 2, 20, title, "middle"),
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 8, of, "middle"),
  ];
  for (const { value, at } of x.ticks) {
    parts.push(
      line(at, MARGIN.top, at, HEIGHT - MARGIN.bottom),
      text(at, HEIGHT - MARGIN.bottom + 16, short(value), "middle"),
    );
  }
  for (const { value, at } of y.ticks) {
    parts.push(
      line(MARGIN.left, at, WIDTH - MARGIN.right, at),
      text(MARGIN.left - 6, at + 4, `${short(value)} µs`, "end"),
    );
  }
  for (const [i, [name, of]] of Object.entries(lines).entries()) {
    const colour = COLOURS[i % COLOURS.length];
    const path = of.map(([n, us]) => `${x.at(n).toFixed(1)},${y.at(us).toFixed(1)}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    parts.push(`<g fill="${colour}">${text(WIDTH - MARGIN.right + 8, MARGIN.top + 12 + i * 18, name, "start")}</g>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${parts.join("\n")}
</svg>
`;
}

interface Scale {
  at(value: number): number;
  readonly ticks: readonly { readonly value: number; readonly at: number }[];
}

/** A logarithmic scale with a tick at each power of ten around the values. */
function scale(values: readonly number[], from: number, to: number): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const at = (value: number) => from + (Math.log10(value) - low) / (high - low) * (to - from);
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  return { at, ticks: ticks.map((value) => ({ value, at: at(value) })) };
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
