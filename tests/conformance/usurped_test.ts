/**
 * Every message that names somebody else, or something of somebody else's, said by a stranger: who has a handle can do
 * with it what the handle is for, in its own name alone.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async";
import {
  actor,
  Barrier,
  Condition,
  JoinableQueue,
  Lock,
  manage,
  pipe,
  type PlacementName,
  Pool,
  ProtocolError,
  Queue,
  type Ref,
  spawn,
} from "../../mod.ts";
import { textOfKey } from "../../actors/manager/key.ts";
import { ask } from "../../channels/kernel/ask.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { passagesOf } from "../../channels/kernel/handle.ts";
import { holders } from "../../channels/kernel/holder.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { boundedWithChildren, peek, until, within } from "./bounded.ts";
import { Bystander } from "./fixtures/bystander.ts";
import { Usurper } from "./fixtures/usurper.ts";
import { double, slowly } from "./fixtures/usurped_tasks.ts";
import { soon, spawnUser } from "./sync_everywhere.ts";
import { eachStranger, type Forged, HOME } from "./usurpers.ts";

const IDS = Array.from({ length: 300 }, (_, id) => id);
const lie = encode("a lie", "lie");

function bystander(placement: PlacementName = "thread"): Promise<Ref<Bystander>> {
  return spawn(Bystander, [], { placement, concurrency: 8, startTimeoutMs: 30_000 });
}

/** Handles its calls one after the other, each for a moment. */
class Waiting {
  async wait(): Promise<string> {
    await delay(20);
    return "done";
  }
}
actor(import.meta.url, Waiting);

eachStranger(
  "giving back, giving up, taking and answering what others hold or wait for does nothing",
  async (stranger) => {
    await using other = await bystander();
    const queue = new Queue<string>();
    const [items, jobs] = [new Queue<string>(), new JoinableQueue<string>()];
    await other.call.produce(queue);
    const taking = other.with({ timeoutMs: 20_000 }).call.take(items);
    taking.catch(() => {});
    await jobs.put("one");
    assertEquals(await other.call.begin(jobs), "one");
    for (const handle of [queue, items, jobs]) {
      const forged = IDS.flatMap((id): Forged[] => [
        ...["producer", "queue", "joinable-queue"].map((lease): Forged => ({ kind: "release", lease, holder: id })),
        { kind: "cancel", id },
        { kind: "taken", id, kept: id % 2 === 0 },
        { kind: "credit", slot: id, count: 1_000_000 },
        { kind: "reply", id, outcome: "value", body: lie },
        { kind: "item", id, tag: id, body: lie },
        { kind: "send", verb: "taskDone", detail: "", holder: id, body: encode(id, "") },
        { kind: "send", verb: "abandon", detail: "", holder: id },
        { kind: "send", verb: "borrow", detail: `${id}`, holder: id },
      ]);
      await stranger.forge(handle, forged);
    }
    assertEquals(await peek(jobs.join()), "pending");
    await other.call.finish(jobs);
    await soon(jobs.join());
    await items.put("an item");
    assertEquals(await soon(taking), "an item");
    assertEquals(await peek(queue.get()), "pending");
    await other.call.putLast("the last");
  },
  ["sandbox", "peer"],
);

eachStranger("a probe of calls that says what none does ends nothing", async (stranger) => {
  await using waiting = await spawn(Waiting, [], { placement: "inline" });
  const step = { name: "a", address: "b", queued: true, call: 1 };
  const trails: unknown[] = [{ id: "1", steps: [step] }, { id: "1", steps: [step], again: [step] }];
  for (
    const nothing of [undefined, null, 5, "text", new Map(), { name: "a" }, { ...step, name: 1 }, { ...step, call: {} }]
  ) {
    trails.push(nothing, { id: nothing, steps: [step] }, { id: "1", steps: nothing }, { id: "1", steps: [nothing] });
    trails.push({ id: "1", steps: [step], again: nothing }, { id: "1", steps: [step], again: [nothing] });
  }
  // deno-lint-ignore no-sparse-arrays -- a hole is what is sent
  trails.push({ id: "1", steps: [,] }, { id: "1", steps: [, step] }, { id: "1", steps: [step], again: [,] });
  const calls = [1, 2].map((id): Forged => ({ kind: "send", verb: "call", detail: "wait", id, body: encode([], "") }));
  const probes = trails.flatMap((trail) => {
    const body = encode(trail, "");
    return [1, 2].map((call, at): Forged => ({ kind: "send", verb: "probe", detail: `${call}`, id: 10 + at, body }));
  });
  await stranger.forge(waiting, [...calls, ...probes]);
  assertEquals(await soon(waiting.with({ timeoutMs: 5000 }).call.wait()), "done");
});

boundedWithChildren("an exit with a handle in it is told to everybody without", async () => {
  await using other = await spawn(Bystander, [], { placement: "process" });
  const stranger = await spawn(Usurper, [], { placement: "process", permissions: "none" });
  const queue = new Queue<string>();
  const asked = soon(other.call.awaitEnd(stranger));
  stranger.cast.endWith(queue);
  const { reason, error } = await soon(stranger.exited);
  assertEquals([reason, typeof error], ["error", "object"]);
  assertEquals(await asked, "error");
}, 60_000);

eachStranger("what is said in the name of others is not heard", async (stranger) => {
  await using other = await bystander();
  const queue = new Queue<string>();
  await other.call.produce(queue);
  const name = other.address.split("#")[0];
  const forged = [HOME, name, `${HOME}.99`].flatMap((from) =>
    IDS.slice(0, 20).flatMap((id): Forged[] => [
      { kind: "release", from, lease: "producer", holder: id },
      { kind: "send", from, verb: "close", holder: id },
      { kind: "send", from, verb: "put", holder: id, body: lie },
      { kind: "grant", from, lease: "producer", holderIsolate: from, holder: id },
      { kind: "cancel", from, id },
    ])
  );
  await stranger.forge(queue, forged);
  assertEquals(await queue.tryGet(), undefined);
  await other.call.putLast("the last");
  assertEquals(await soon(queue.get()), "the last");
  await until(async () => await queue.get().then(() => false, () => true), "the queue is closed");
}, ["link", "sandbox"]);

eachStranger("a ticket of a condition is good for its own waiter", async (stranger) => {
  const condition = new Condition();
  const waiters = [await spawnUser("thread"), await spawnUser("process")];
  const woken = waiters.map((user) => user.with({ timeoutMs: 20_000 }).call.waitHolding(condition));
  for (const wait of woken) wait.catch(() => {});
  await until(() => Deno.inspect(condition).includes("2 waiting"), "both wait");
  await stranger.forge(
    condition,
    IDS.flatMap((ticket): Forged[] => [
      { kind: "send", verb: "await", detail: `${ticket}`, id: 5000 + ticket },
      { kind: "send", verb: "leave", detail: `${ticket}` },
    ]),
  );
  assertMatch(Deno.inspect(condition), /2 waiting/);
  using _held = await condition.lock.acquire();
  await condition.notifyAll();
  _held[Symbol.dispose]();
  for (const wait of woken) await soon(wait);
});

eachStranger(
  "one who gave a barrier back and comes nevertheless is not taken for the barrier's maker",
  async (stranger) => {
    const barrier = new Barrier(3);
    const [first, second] = [await spawnUser("thread"), await spawnUser("thread")];
    await first.call.keep(barrier);
    await second.call.keep(barrier);
    await stranger.forge(barrier, [
      { kind: "release", lease: "barrier" },
      { kind: "send", verb: "wait", id: 77 },
      { kind: "cancel", id: 77 },
    ]);
    await barrier.reset();
    await second.kill();
    // One of three is dead, and the maker has given the barrier away: nobody can ever pass.
    assertMatch(`${await soon(first.call.wait(barrier).catch((error) => error))}`, /^BrokenBarrierError/);
  },
);

eachStranger(
  "what calls itself bytes on a pipe and is none is refused to its reader, and delays nobody",
  async (stranger) => {
    const [reader, writer] = pipe<unknown>({ duplex: false });
    assertMatch(await stranger.ask(writer, "send", "NaN"), /^TypeError: Cannot send on a pipe/);
    assertMatch(await stranger.ask(writer, "send", "-2"), /^TypeError/);
    assertMatch(await stranger.ask(writer, "send", "0.5"), /^TypeError/);
    await stranger.forge(writer, [{ kind: "send", verb: "send", detail: "3", id: 90, body: lie }]);
    const error = await soon(reader.recvBytes().catch((error) => error));
    assert(error instanceof ProtocolError, Deno.inspect(error));
    await writer.sendBytes(new Uint8Array([1, 2]));
    assertEquals(await soon(reader.recvBytes()), new Uint8Array([1, 2]));
  },
);

eachStranger("a turn at a key of a dict is ended by its owner alone", async (stranger) => {
  await using manager = await manage({}, { placement: "inline" });
  const dict = await manager.dict<string, number>();
  const [{ target }] = passagesOf(dict)!;
  const key = textOfKey("test", "a");
  const holder = holders.get(isolate.id, 1);
  const question = { holder, detail: key, lost: () => new Error("gone") };
  await ask(target, { ...question, verb: "claim" });
  const setting = dict.set("a", 1);
  const forged = [key, `0 ${key}`, `1 ${key}`].flatMap((detail): Forged[] => [
    { kind: "send", verb: "yield", detail },
    { kind: "send", verb: "settle", detail, body: lie },
  ]);
  const began = performance.now();
  await stranger.forge(dict, forged);
  // A turn ends by itself after a second; this takes much less, unless the machine is very busy.
  if (performance.now() - began < 700) assertEquals(await peek(setting), "pending");
  await ask(target, { ...question, verb: "yield" });
  await soon(setting);
  assertEquals(await dict.get("a"), 1);
});

eachStranger("the chunks, reports and jobs of others in a pool are out of reach", async (stranger) => {
  await using pool = new Pool({ size: 1, placement: "thread" });
  const slow = pool.map(slowly, [1, 2, 3, 4], { chunkSize: 1 });
  const forged = IDS.slice(0, 100).flatMap((job): Forged[] =>
    [1, 2].flatMap((holder): Forged[] => [
      { kind: "send", verb: "abort", detail: `${job} -1`, holder },
      { kind: "send", verb: "more", detail: `${job} 0`, holder, id: 7000 + 2 * job + holder },
      { kind: "send", verb: "value", detail: `${job} 1`, holder, body: lie },
      { kind: "send", verb: "returned", detail: `${job}`, holder },
      { kind: "send", verb: "ready", detail: "", holder, body: lie },
    ])
  );
  await stranger.forge(pool, forged);
  for (const priority of ["NaN 0", "0 NaN", "0 -1", "x y"]) {
    assertMatch(await stranger.ask(pool, "runWith", `${priority} nothing`), /^TypeError: Cannot run/);
  }
  assertEquals(await within(20_000, slow), [2, 4, 6, 8]);
  assertEquals(await pool.run(double, [4]), 8);
});

eachStranger(
  "who waits for whom is asked about one's own calls alone, and nobody else pays for a lie",
  async (stranger) => {
    const [busy, asked] = [await bystander("inline"), await bystander("thread")];
    const serial = await spawn(Bystander, [], { placement: "inline" });
    const handling = serial.with({ timeoutMs: 20_000 }).call.relay(asked, 600);
    const waiting = serial.with({ timeoutMs: 20_000 }).call.ping();
    for (const promise of [handling, waiting]) promise.catch(() => {});
    const own = stranger.ask(serial, "call", "ping");
    const trails = [serial.address, asked.address, busy.address].flatMap((address) =>
      IDS.slice(0, 60).flatMap((call) =>
        [undefined, [{ name: "x", address: asked.address, queued: true, call }]].flatMap((again) =>
          [1, 2, 3].map((id) =>
            encode({ id: `${address} ${id}`, steps: [{ name: "x", address, queued: true, call }], again }, "")
          )
        )
      )
    );
    for (const call of [1, 2, 3, 1_000_001]) {
      await stranger.forge(
        serial,
        trails.map((body): Forged => ({ kind: "send", verb: "probe", detail: `${call}`, id: 0, body })),
      );
    }
    assertEquals(await within(20_000, handling), asked.name);
    assertEquals(await within(20_000, waiting), "pong");
    await own;
    for (const one of [busy, asked, serial]) await one.stop();
  },
);

eachStranger(
  "a keeper is told by its own child alone that the child blocks, and slot 0 starts nothing for strangers",
  async (stranger) => {
    await using other = await bystander();
    assertMatch(await stranger.ask(other, "watch", `1 ${HOME}`), /^TypeError/);
    const at = (slot: number): Forged[] =>
      ["start", "exit", "result", "inspect", "ping"].map((verb, at) => ({
        kind: "send",
        verb,
        slot,
        id: 800 + 10 * slot + at,
      }));
    await stranger.forge(other, [...at(0), ...at(1), ...at(2)]);
    assertEquals(await other.call.ping(), "pong");
  },
);

eachStranger("a handle that a stranger sends has no number in the memory of a lock", async (stranger) => {
  const owner = await spawnUser("inline");
  const lock = new Lock();
  await owner.call.acquire(lock);
  const queue = new Queue<Lock>();
  await stranger.handOn(queue, lock, 60);
  assertEquals(await queue.size(), 60);
  const user = await bystander();
  assertEquals(await user.call.tryAll(queue), 0);
  await user.kill();
  assertEquals(await lock.tryAcquire(), undefined, "a dead thread that was called as the owner has freed the lock");
  await owner.call.release(lock);
});

eachStranger("the end of others, told by a stranger, ends nobody", async (stranger) => {
  await using other = await bystander("thread");
  const exit = { code: 1, reason: "error" };
  const isolates = [HOME, other.address.split("#")[0], `${HOME}.99`];
  // It may cost the stranger its link.
  await stranger.forge(other, isolates.map((isolate): Forged => ({ kind: "down", isolate, exit }))).catch(() => {});
  assertEquals(await other.call.ping(), "pong");
});
