import { format, judge } from "./goal.ts";
import { GOALS } from "./goals.ts";
import type { Measured } from "./report.ts";

/** A benchmark in the output of `deno bench --json`; times are in nanoseconds. */
interface Benchmark {
  readonly group: string | null;
  readonly name: string;
  readonly results: readonly { readonly ok?: { readonly avg: number } }[];
}

/** Judges the goals by the output of `deno bench --json`. Peers in other languages do not run there. */
export function judgeBenchmarks(json: string): Measured[] {
  const { benches } = JSON.parse(json) as { readonly benches: readonly Benchmark[] };
  const groups = Map.groupBy(benches, ({ group }) => group ?? "");
  return [...groups].map(([group, of]) => {
    // `suite` puts behind the title how many make up an iteration.
    const [, title, batch = "1"] = /^([^]*?)(?: ×(\d+))?$/.exec(group)!;
    const figures = new Map(
      of.flatMap(({ name, results: [{ ok }] }) => ok === undefined ? [] : [[name, ok.avg / 1000 / Number(batch)]]),
    );
    const goals = GOALS[title] ?? [];
    const absent = goals.flatMap((goal) => [goal.of, "than" in goal ? goal.than : []].flat(2));
    const reached = judge(goals, figures, new Set(absent), (us) => `${format(us)} µs`);
    return { title, unit: "µs", figures: Object.fromEntries(figures), goals: reached };
  });
}
