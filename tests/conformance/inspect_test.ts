/** inspect(): the whole program as plain data, whoever asks, and in bounded time whatever the others do. */
import { assert, assertEquals } from "@std/assert";
import {
  type ActorReport,
  child,
  inspect,
  type Inspection,
  Lock,
  type PlacementName,
  Queue,
  type Ref,
  RLock,
  Semaphore,
  spawn,
  supervise,
} from "../../mod.ts";
import { eachMixed, eachPlacement, occupy, oneTest, PLACEMENTS, rejection, until, within } from "./actor_contract.ts";
import { Examiner } from "./fixtures/examiner.ts";
import { Mortal, Registrar } from "./fixtures/watchers.ts";

/** The contract says 1 s; the machine may have other things to do. */
const BOUND_MS = 2500;

async function inspected(): Promise<Inspection> {
  const begun = performance.now();
  const inspection = await within(inspect());
  const took = performance.now() - begun;
  assert(took < BOUND_MS, `It took ${took} ms`);
  // Plain data: it is the same after a journey.
  assertEquals(JSON.parse(JSON.stringify(inspection)), inspection);
  return inspection;
}

function find(tree: ActorReport, name: string): ActorReport {
  const all = (report: ActorReport): ActorReport[] => [report, ...report.children.flatMap(all)];
  const found = all(tree).filter((report) => report.name === name);
  assertEquals(found.length, 1, `There are ${found.length} named ${name}`);
  return found[0];
}

eachPlacement("the tree says who is where, in what state, and what it has done", async (placement) => {
  const mortal = await spawn(Mortal, [], { placement, name: "mortal" });
  const registrar = await spawn(Registrar, [], { placement, name: "registrar" });
  const below = await registrar.call.start("inline");
  for (let n = 0; n < 10; n++) await mortal.call.note(`${n}`);
  await rejection(mortal.call.end("throwAtOnce"));
  for (let n = 0; n < 5; n++) await mortal.call.spin(10);
  const { end } = await occupy(mortal);
  for (let n = 0; n < 7; n++) mortal.cast.note(`${n}`);
  const { tree } = await inspected();
  assertEquals([tree.name, tree.placement, tree.state], ["main", "inline", "running"]);
  const seen = find(tree, "mortal");
  assertEquals([seen.address, seen.placement, seen.state], [mortal.address, placement, "running"]);
  assertEquals([seen.mailbox, seen.handled, seen.failed, seen.restarts], [7, 16, 1, 0]);
  // Of the first ones, which follow short ones, up to three are not measured; inline more.
  assert(seen.busyMs > 0 && seen.busyMs < 10_000 && (placement === "inline" || seen.busyMs >= 15), `${seen.busyMs}`);
  const parent = find(tree, "registrar");
  assertEquals(parent.children.map(({ address, placement }) => [address, placement]), [[below.address, "inline"]]);
  await end();
  const stopping = await occupy(mortal);
  const stopped = mortal.stop();
  await until(async () => find((await inspected()).tree, "mortal").state === "stopping");
  await stopping.end();
  await stopped;
  await registrar.stop();
  assertEquals((await inspected()).tree.children, []);
});

for (const placement of ["thread", "process"] satisfies PlacementName[]) {
  oneTest(`a busy loop is marked and not waited for, and costs the others nothing (${placement})`, async () => {
    const busy = await spawn(Mortal, [], { placement, name: "busy" });
    const idle = await spawn(Mortal, [], { placement, name: "idle" });
    const parent = await spawn(Registrar, [], { placement, name: "parent" });
    await parent.call.start("thread");
    const spinning = rejection(busy.with({ timeoutMs: Infinity }).call.end("spin"));
    const { tree, calls } = await inspected();
    assertEquals(find(tree, "busy").state, "busy");
    assertEquals([find(tree, "idle").state, find(tree, "parent").children.length], ["running", 1]);
    assertEquals(calls.map(({ from, to, method }) => [from.name, to.name, method]), [["main", "busy", "end"]]);
    await busy.kill();
    await spinning;
    await Promise.all([idle.stop(), parent.stop()]);
  });
}

eachMixed("calls in flight say who asked whom for what, and since when", async (one, other) => {
  await using asking = await spawn(Examiner, [], { placement: one, name: "asking" });
  await using asked = await spawn(Mortal, [], { placement: other, name: "asked" });
  const app = await supervise({ held: child(Mortal, [], { placement: other, name: "held" }) });
  const { end } = await occupy(asked);
  const waiting = [asking.call.ping(asked), asking.call.ping(app.refs.held)];
  await until(async () => (await inspected()).calls.filter(({ from }) => from.name === "asking").length === 1);
  const before = (await inspected()).calls.find(({ method, from }) => method === "ping" && from.name === "asking")!;
  assertEquals([before.from.address, before.to.address, before.to.name], [asking.address, asked.address, "asked"]);
  await until(async () => {
    const now = (await inspected()).calls.find(({ method, from }) => method === "ping" && from.name === "asking")!;
    return now.ageMs > before.ageMs + 20;
  });
  await end();
  assertEquals(await Promise.all(waiting), ["pong", "pong"]);
  await app.stop();
});

oneTest("a call to a supervised actor names it, and restarts are counted", async () => {
  for (const placement of PLACEMENTS) {
    const app = await supervise({ phoenix: child(Mortal, [], { placement, name: "phoenix" }) });
    const { phoenix } = app.refs;
    for (let lives = 1; lives <= 2; lives++) {
      phoenix.cast.end("exit", 1);
      await phoenix.with({ retries: 9 }).call.ping();
    }
    const { end } = await occupy(phoenix);
    const { tree, calls } = await inspected();
    assertEquals(find(tree, "phoenix").restarts, 2);
    assertEquals(calls.map(({ to, method }) => [to.name, method]), [["phoenix", "hold"]]);
    await end();
    await app.stop();
  }
});

eachPlacement("queues say how full they are, and who waits for them", async (placement) => {
  await using examiner = await spawn(Examiner, [], { placement, name: "examiner", concurrency: 2 });
  const empty = new Queue<string>();
  const full = new Queue<string>({ maxSize: 2 });
  await full.put("1");
  await full.put("2");
  const [got, put] = [examiner.call.get(empty), examiner.call.put(full, "3")];
  await until(async () =>
    (await inspected()).queues.filter((q) => q.takers.length + q.putters.length > 0).length === 2
  );
  const { queues } = await inspected();
  const seen = queues.filter((queue) => queue.takers.length + queue.putters.length > 0);
  const said = seen.map(({ kind, size, maxSize, putters, takers }) => {
    return [kind, size, maxSize, putters.map(({ name }) => name), takers.map(({ name }) => name)];
  });
  assertEquals(said.sort(), [["queue", 0, 0, [], ["examiner"]], ["queue", 2, 2, ["examiner"], []]]);
  await empty.put("x");
  await full.get();
  await Promise.all([got, put]);
});

eachMixed(
  "[BEAT-36] locks say who has them and who waits; a cycle is named, and only a real one",
  async (one, other) => {
    const [first, second, third] = [new Lock(), new RLock(), new Semaphore(2)];
    await using a = await spawn(Examiner, [], { placement: one, name: "a" });
    await using b = await spawn(Examiner, [], { placement: other, name: "b" });
    await a.call.acquire([first, third]);
    await b.call.acquire([second, third]);
    assertEquals((await inspected()).lockCycles, []);
    // Whoever is killed last may get the lock of the other.
    const waitingA = a.with({ timeoutMs: Infinity }).call.wait(second).catch(() => {});
    await until(async () => lockOf(await inspected(), "re-entrant lock").waiters.length === 1);
    const half = await inspected();
    assertEquals(half.lockCycles, []);
    const seen = lockOf(half, "re-entrant lock");
    assertEquals([seen.permits, seen.owners.map(({ name }) => name), seen.waiters.map(({ name }) => name)], [1, ["b"], [
      "a",
    ]]);
    const semaphore = lockOf(half, "semaphore");
    assertEquals([semaphore.permits, semaphore.owners.map(({ name }) => name).sort()], [2, ["a", "b"]]);
    const waitingB = b.with({ timeoutMs: Infinity }).call.wait(first).catch(() => {});
    await until(async () => (await inspected()).lockCycles.length > 0);
    const { lockCycles, locks } = await inspected();
    assertEquals(lockCycles.length, 1);
    const [{ actors, locks: addresses }] = lockCycles;
    assertEquals(actors.map(({ name }) => name).sort(), ["a", "b"]);
    // Each waits for the lock of the same place, which the next one has.
    for (const [at, { address }] of actors.entries()) {
      const lock = locks.find((lock) => lock.address === addresses[at])!;
      assertEquals(lock.waiters[0].address, address);
      assertEquals(lock.owners[0].address, actors[(at + 1) % 2].address);
    }
    // Who dies a little later may have got by then what the other one had.
    await Promise.all([a.kill(), b.kill(), waitingA, waitingB]);
    await until(async () => (await inspected()).lockCycles.length === 0);
  },
);

function lockOf(inspection: Inspection, kind: string): Inspection["locks"][number] {
  // Locks of other tests may not be collected yet, but nobody has them.
  return inspection.locks.find((lock) => lock.kind === kind && lock.owners.length > 0)!;
}

oneTest("it tells the same to whoever asks, from wherever", async () => {
  await using thread = await spawn(Examiner, [], { placement: "thread", name: "thread" });
  await using process: Ref<Examiner> = await spawn(Examiner, [], { placement: "process", name: "process" });
  const names = (report: ActorReport): unknown => [report.name, report.address, report.children.map(names)];
  const here = names((await inspected()).tree);
  assertEquals(names((await thread.call.inspect()).tree), here);
  assertEquals(names((await process.call.inspect()).tree), here);
});
