import type { Findings, LockCycle, LockReport, Party } from "./report.ts";

/** A wait for a lock that one other has: only of such it is certain that nobody else can end them. */
interface Edge {
  readonly from: Party & { readonly wait: number };
  readonly lock: LockReport;
  readonly to: Party;
}

/** Who waits for whom in a circle, each for the one lock that the next has. */
export function lockCyclesIn({ locks }: Pick<Findings, "locks">): LockCycle[] {
  const edges = new Map<string, Edge[]>();
  for (const lock of locks) {
    if (lock.permits !== 1 || lock.owners.length !== 1) continue;
    for (const from of lock.waiters) {
      const edge = { from, lock, to: lock.owners[0] };
      edges.set(from.address, [...edges.get(from.address) ?? [], edge]);
    }
  }
  const cycles = new Map<string, LockCycle>();
  for (const start of edges.keys()) {
    const way = wayBack(edges, start);
    if (way === undefined) continue;
    // The same from wherever it is seen: it begins with the smallest address.
    const first = way.reduce((least, edge, at) => edge.from.address < way[least].from.address ? at : least, 0);
    const round = [...way.slice(first), ...way.slice(0, first)];
    const cycle = {
      actors: round.map(({ from: { address, name } }) => ({ address, name })),
      locks: round.map(({ lock }) => lock.address),
    };
    cycles.set(JSON.stringify(cycle.locks), cycle);
  }
  return [...cycles.values()];
}

/** The cycles that were there at both times, by the same waits: between the two nobody of them went on. */
export function lastingCycles(before: Findings, after: Findings): LockCycle[] {
  const lasting = new Set(
    before.locks.flatMap(({ address, waiters }) => waiters.map(({ wait }) => `${address} ${wait}`)),
  );
  const locks = after.locks.map((lock) => {
    return { ...lock, waiters: lock.waiters.filter(({ wait }) => lasting.has(`${lock.address} ${wait}`)) };
  });
  return lockCyclesIn({ locks });
}

/** The shortest way from somebody back to the same. */
function wayBack(edges: ReadonlyMap<string, readonly Edge[]>, start: string): Edge[] | undefined {
  const seen = new Set<string>();
  let ways: Edge[][] = [[]];
  while (ways.length > 0) {
    const longer: Edge[][] = [];
    for (const way of ways) {
      for (const edge of edges.get(way.at(-1)?.to.address ?? start) ?? []) {
        if (edge.to.address === start) return [...way, edge];
        if (seen.has(edge.to.address)) continue;
        seen.add(edge.to.address);
        longer.push([...way, edge]);
      }
    }
    ways = longer;
  }
  return undefined;
}
