/**
 * What is to be reached, as data, so that a run itself says what it missed.
 *
 * @module
 */

/** One alternative is to be so many times as fast, or as small, as another of the same table; of several, the best. */
export interface Versus {
  readonly of: string;
  readonly than: string | readonly string[];
  readonly times: number;
}

/** One alternative is to take at most so much, in the unit of its table. */
export interface Within {
  readonly of: string;
  readonly atMost: number;
}

export type Goal = Versus | Within;

/** What became of a goal. */
export interface Reached {
  readonly of: string;
  /** What it was compared with, and how much that is; a limit has no name. */
  readonly than: string;
  readonly times: number;
  /** How many times as good as that it is; the goal is met from `times` on. */
  readonly ratio: number;
  readonly met: boolean;
  readonly said: string;
}

/** A goal of so many in a second, for a table of microseconds. */
export function perSecond(count: number): number {
  return 1e6 / count;
}

/**
 * What became of the goals, where all that they compare was measured. What is not among `figures` was not, and must
 * then be among `absent`.
 */
export function judge(
  goals: readonly Goal[],
  figures: ReadonlyMap<string, number>,
  absent: ReadonlySet<string>,
  show: (figure: number) => string,
): Reached[] {
  const figureOf = (name: string): number | undefined => {
    if (!figures.has(name) && !absent.has(name)) throw new Error(`A goal is about "${name}", which nobody measures`);
    return figures.get(name);
  };
  return goals.flatMap((goal): Reached[] => {
    const { of } = goal;
    const figure = figureOf(of);
    if (figure === undefined) return [];
    if ("atMost" in goal) {
      const ratio = goal.atMost / figure;
      const said = `${of} reaches ${show(figure)}, ${format(ratio)} of the goal of ${show(goal.atMost)}`;
      return [{ of, than: show(goal.atMost), times: 1, ratio, met: ratio >= 1, said }];
    }
    const { times } = goal;
    const rivals = [goal.than].flat().filter((name) => figureOf(name) !== undefined);
    const [than] = rivals.sort((a, b) => figures.get(a)! - figures.get(b)!);
    if (than === undefined) return [];
    const ratio = figures.get(than)! / figure;
    const said = `${of} is ${format(ratio)} times as good as ${than}, the goal is ${format(times)}`;
    return [{ of, than, times, ratio, met: ratio >= times, said }];
  });
}

/** A figure with no more digits than it deserves. */
export function format(n: number): string {
  return n >= 1000 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2);
}
