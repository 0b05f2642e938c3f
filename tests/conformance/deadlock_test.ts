/** Deadlock: every cycle of calls in which each waits is found, and nobody is accused who does not wait. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  ActorExitedError,
  child,
  DeadlockError,
  type PlacementName,
  type Ref,
  spawn,
  supervise,
  TimeoutError,
} from "../../mod.ts";
import { eachMixed, eachPlacement, oneTest, PLACEMENTS, rejection, until, within } from "./actor_contract.ts";
import { type Act, Node, NOT_WAITING, WAITING } from "./fixtures/graph_nodes.ts";

/** The contract says 200 ms; the machine may have other things to do. */
const FOUND_MS = 2000;

type Nodes = Record<string, Ref<Node>> & AsyncDisposable;

/** Nodes that know each other. */
async function nodes(placements: Record<string, PlacementName>, concurrency = 1): Promise<Nodes> {
  const all: Record<string, Ref<Node>> = {};
  for (const [name, placement] of Object.entries(placements)) {
    all[name] = await spawn(Node, [name], { placement, name, concurrency });
  }
  for (const node of Object.values(all)) await node.call.meet(all);
  const stopAll = async () => void await Promise.all(Object.values(all).map((node) => node.stop()));
  return Object.defineProperty({ ...all }, Symbol.asyncDispose, { value: stopAll }) as Nodes;
}

/** A chain of calls, each made in this way: a calls b, which calls c, … */
function chain([first, ...rest]: readonly string[], how: (typeof WAITING)[number] = "await"): readonly Act[] {
  return first === undefined ? [] : [{ to: first, how, acts: chain(rest, how) }];
}

function patient(node: Ref<Node>): Ref<Node>["call"] {
  return node.with({ timeoutMs: 20_000 }).call;
}

/** Runs things that get into cycles; gives the cycles that anybody was told of. */
async function cyclesOf(graph: Nodes, ...runs: readonly (readonly [Ref<Node>, readonly Act[]])[]): Promise<string[]> {
  const begun = performance.now();
  await within(Promise.all(runs.map(async ([node, acts]) => await patient(node).run(acts))), 15_000);
  const took = performance.now() - begun;
  assert(took < FOUND_MS, `It took ${took} ms`);
  return (await told(graph)).map((cycle) => cycle.join(" "));
}

async function told(graph: Nodes): Promise<(readonly string[])[]> {
  return (await Promise.all(Object.values(graph).map(async (node) => await node.call.told()))).flat();
}

/** Waits until no call is under way, and asserts that nobody was accused. */
async function assertInnocent(graph: Nodes): Promise<void> {
  await until(async () => {
    for (const node of Object.values(graph)) if (await patient(node).unawaited() > 0) return false;
    return true;
  }, 15_000);
  assertEquals(await told(graph), []);
}

oneTest("a call that came before an actor had begun what it waits in is found like any other", async () => {
  await using graph = await nodes({ a: "inline", b: "inline" });
  const { a, b } = graph;
  // What b does at once comes to a behind what a has been asked, and has not begun.
  const runs = [[b, chain(["a"])], [a, [{ sleepMs: 50 }, ...chain(["b"])]]] as const;
  assertEquals(await cyclesOf(graph, ...runs), ["a b"]);
});

eachMixed("a call back to one that waits is found, however both wait, and both go on", async (one, other) => {
  await using graph = await nodes({ a: one, b: other });
  for (const how of WAITING) {
    // With `all` each makes two calls, one after the other of which gets into the cycle.
    assertEquals(new Set(await cyclesOf(graph, [graph.a, chain(["b", "a"], how)])), new Set(["a b"]), how);
  }
  assertEquals([await graph.a.call.ping(), await graph.b.call.ping()], ["pong", "pong"]);
});

for (const placement of PLACEMENTS) {
  oneTest(`the error of a cycle says who waits for whom, and is one everywhere (${placement})`, async () => {
    await using graph = await nodes({ a: placement, b: placement });
    const raw = graph.b.with({ timeoutMs: 20_000 }).call.run([{ to: "a", how: "void", acts: [] }, { sleepMs: 0 }]);
    await raw;
    // Thrown on, it reaches who called first.
    const error = await rejection(patient(graph.a).rethrow("b", "a"));
    assertInstanceOf(error, DeadlockError);
    assertEquals([error.code, error.cycle], ["deadlock", ["a", "b"]]);
    const [a, b] = [`a (${graph.a.address})`, `b (${graph.b.address})`];
    assertEquals(error.message, `Cannot call a.ping: each of these waits for the next: ${a} → ${b} → ${a}`);
  });
}

oneTest("cycles of one, and of many, across all placements are found, with who waits in order", async () => {
  await using graph = await nodes({ a: "inline", b: "thread", c: "process", d: "thread" });
  assertEquals(await cyclesOf(graph, [graph.a, chain(["a"])]), ["a"]);
  assertEquals(await cyclesOf(graph, [graph.c, chain(["c"])]), ["c"]);
  assertEquals(await cyclesOf(graph, [graph.a, chain(["b", "c", "a"])]), ["a b c"]);
  assertEquals(await cyclesOf(graph, [graph.c, chain(["a", "b", "d", "c"])]), ["c a b d"]);
  // Not all of the chain is in the cycle.
  assertEquals(await cyclesOf(graph, [graph.a, chain(["b", "c", "d", "b"])]), ["b c d"]);
});

oneTest("X → A → B with Y → B → A is one cycle, and only one call of it is given up", async () => {
  for (const [x, a, b] of [["inline", "thread", "process"], ["process", "inline", "thread"]] as const) {
    await using graph = await nodes({ x, y: a, a, b });
    const cross = (first: string, second: string): readonly Act[] => [
      { to: first, how: "await", acts: [{ sleepMs: 50 }, { to: second, how: "await", acts: [] }] },
    ];
    const cycles = await cyclesOf(graph, [graph.x, cross("a", "b")], [graph.y, cross("b", "a")]);
    assertEquals(cycles.length, 1, Deno.inspect(cycles));
    assert(["a b", "b a"].includes(cycles[0]), cycles[0]);
  }
});

eachPlacement("a cycle is found through supervised refs, wherever they have travelled", async (placement) => {
  const described = {
    a: child(Node, ["a"], { placement, name: "a" }),
    b: child(Node, ["b"], { placement, name: "b" }),
  };
  await using app = await supervise(described);
  await using graph = await nodes({ far: "thread" });
  const all = { ...app.refs, far: graph.far };
  for (const node of Object.values(all)) await node.call.meet(all);
  await within(Promise.resolve(patient(all.a).run(chain(["b", "a"]))));
  assertEquals(await all.b.call.told(), [["a", "b"]]);
  await within(Promise.resolve(patient(all.far).run(chain(["a", "b", "far"]))));
  assertEquals(await all.b.call.told(), [["far", "a", "b"]]);
});

eachMixed("who calls and does not wait is not accused, nor is who has more than one hand", async (one, other) => {
  await using graph = await nodes({ a: one, b: other });
  const back: readonly Act[] = [{ to: "a", how: "await", acts: [] }];
  const acts: Act[] = NOT_WAITING.map((how) => ({ to: "b", how, acts: back }));
  await within(Promise.resolve(patient(graph.a).run([...acts, { sleepMs: 300 }])));
  await assertInnocent(graph);
  await using handy = await nodes({ a: one, b: other }, 2);
  await within(Promise.resolve(patient(handy.a).run(chain(["b", "a"]))));
  await assertInnocent(handy);
});

eachPlacement("who is merely slow is not accused: a long handler, a busy loop, a full mailbox", async (placement) => {
  await using graph = await nodes({ a: "inline", b: placement, c: placement });
  const slow = [{ to: "b", how: "await", acts: [{ to: "c", how: "await", acts: [{ sleepMs: 250 }] }] }] as const;
  const runs = Array.from({ length: 20 }, async (_, n) => {
    if (n % 5 === 0) await patient(graph.a).run(slow);
    else await patient(graph.b).run([{ to: "c", how: "await", acts: [{ sleepMs: 10 }] }]);
  });
  runs.push(patient(graph.c).spin(placement === "inline" ? 10 : 400));
  await within(Promise.all(runs), 15_000);
  await assertInnocent(graph);
});

eachPlacement(
  "a time that runs out before the cycle is seen is a timeout, and a death is a death",
  async (placement) => {
    await using graph = await nodes({ a: placement, b: placement });
    assertInstanceOf(await rejection(patient(graph.a).callWithin("b", "a", 20)), TimeoutError);
    assertEquals(await graph.a.call.told(), []);
    const victim = await spawn(Node, ["victim"], { placement, name: "victim" });
    await victim.call.meet({ ...graph });
    await graph.a.call.meet({ victim });
    const dying = rejection(patient(graph.a).run(chain(["victim", "a"])));
    await victim.kill();
    assertInstanceOf(await within(dying), ActorExitedError);
    assertEquals([await graph.a.call.ping(), await told(graph)], ["pong", []]);
  },
);
