/** Deadlock over random graphs of calls: every accusation is of a real cycle, and no real cycle is left waiting. */
import { assertEquals } from "@std/assert";
import { type PlacementName, type Ref, spawn } from "../../mod.ts";
import { rounds } from "../soak.ts";
import { oneTest, until, within } from "./actor_contract.ts";
import { type Act, type How, Node, NOT_WAITING, WAITING, waits, wronged } from "./fixtures/graph_nodes.ts";

const ALONE = rounds(8, 1000);
const ACROSS = rounds(3, 50);
/** How long each seed may take. */
const SEED_MS = 7000;

/** A source of chance that always gives the same for the same seed. */
function chance(seed: number): (below: number) => number {
  let state = seed + 0x9e3779b9;
  return (below) => {
    state = Math.imul(state ^ state >>> 16, 0x85ebca6b);
    state = Math.imul(state ^ state >>> 13, 0xc2b2ae35);
    state = (state ^ state >>> 16) + 0x6d2b79f5 | 0;
    return (state >>> 0) % below;
  };
}

function randomActs(
  below: (n: number) => number,
  names: readonly string[],
  ways: readonly How[],
  depth: number,
): Act[] {
  return Array.from({ length: 1 + below(2) }, (): Act => {
    if (depth === 0 || below(4) === 0) return { sleepMs: below(8) === 0 ? 130 : below(10) };
    const how = ways[below(ways.length)];
    return { to: names[below(names.length)], how, acts: randomActs(below, names, ways, depth - 1) };
  });
}

/** Starts everything at once, and waits until all of it has come to its end. */
async function play(
  ...args: Parameters<typeof schedule>
): Promise<string[][]> {
  try {
    return await schedule(...args);
  } catch (error) {
    throw new Error(`Seed ${args[0]} failed: ${Deno.inspect(waits)}`, { cause: error });
  }
}

async function schedule(
  seed: number,
  placements: readonly PlacementName[],
  rule: (acts: Act[], who: number) => Act[],
): Promise<string[][]> {
  const below = chance(seed);
  const names = placements.map((_, n) => `n${n}`);
  const refs: Record<string, Ref<Node>> = {};
  for (const [n, name] of names.entries()) refs[name] = await spawn(Node, [name], { placement: placements[n], name });
  for (const name of names) await refs[name].call.meet(refs);
  const runs = Array.from({ length: 2 + below(4) }, async () => {
    const who = below(names.length);
    const acts = rule(randomActs(below, names, [...WAITING, ...NOT_WAITING], 3), who);
    // A cycle that is not seen ends in a timeout, which fails the test.
    await refs[names[who]].with({ timeoutMs: 20_000 }).call.run(acts);
  });
  await within(Promise.all(runs), 25_000);
  const ask = <T>(question: (node: Ref<Node>) => PromiseLike<T>) => Promise.all(Object.values(refs).map(question));
  await until(async () => (await ask((node) => node.call.unawaited())).every((count) => count === 0), 25_000);
  const told = (await ask((node) => node.call.told())).flat().map((cycle) => [...cycle]);
  await Promise.all(Object.values(refs).map((ref) => ref.stop()));
  return told;
}

oneTest(
  "in one isolate, where all can be seen: who is accused waits, in just that cycle, and none is missed",
  async () => {
    let cycles = 0;
    for (let seed = 1; seed <= ALONE; seed++) {
      waits.clear();
      wronged.length = 0;
      const size = 2 + seed % 5;
      const told = await play(seed, Array.from({ length: size }, () => "inline" as const), (acts) => acts);
      assertEquals(wronged, [], `seed ${seed}`);
      cycles += told.length;
    }
    // Else nothing was tested.
    if (cycles === 0) throw new Error("No seed has led to a cycle");
  },
  ALONE * SEED_MS,
);

oneTest(
  "across isolates, nobody is accused where calls that are waited for go one way, whatever the others do",
  async () => {
    for (let seed = 1; seed <= ACROSS; seed++) {
      const told = await play(seed, ["thread", "process", "inline", "thread"], onlyDown);
      assertEquals(told, [], `seed ${seed}`);
    }
  },
  ACROSS * SEED_MS,
);

oneTest("across isolates, none is missed", async () => {
  let cycles = 0;
  for (let seed = 100; seed < 100 + ACROSS; seed++) {
    cycles += (await play(seed, ["process", "thread", "inline", "inline"], (acts) => acts)).length;
  }
  if (cycles === 0) throw new Error("No seed has led to a cycle");
}, ACROSS * SEED_MS);

/** Makes every call that is waited for one to a node of a higher number than who waits; all others stay as they are. */
function onlyDown(acts: readonly Act[], from: number): Act[] {
  return acts.map((act): Act => {
    if ("sleepMs" in act) return act;
    const to = Number(act.to.slice(1));
    const waiting = (WAITING as readonly How[]).includes(act.how);
    const how: How = waiting && to <= from ? "caught" : act.how;
    return { to: act.to, how, acts: onlyDown(act.acts, to) };
  });
}
