/** How managers begin and end, what their end does to those who use them, and theirs to them. */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  ActorExitedError,
  child,
  ClosedError,
  DisconnectedError,
  EventFlag,
  type Lock,
  manage,
  manager,
  type PlacementName,
  Queue,
  select,
  type SharedDict,
  spawn,
  StartError,
  supervise,
} from "../../mod.ts";
import { double } from "./fixtures/manager_pool_tasks.ts";
import { Busy, ManagerUser, Registrar, Shown } from "./fixtures/manager_users.ts";
import { children } from "../machine.ts";
import { Place } from "./place.ts";
import { EVERYWHERE, everywhere, KILLABLE, PLACEMENTS, until, within } from "./queue_everywhere.ts";

// Children, and a supervisor above it, are of the program that a manager is of: what is about those is not for another one.

/** What the contract allows between a death and the last rejection it causes. */
const SETTLED_MS = 1000;

everywhere(
  "[MGR-24] [MGR-25] [MGR-28] a manager that was stopped, twice even, ended with 0; whoever uses it hears so",
  async (place) => {
    const manager = await place.manage();
    const dict = await manager.dict<string, number>({ name: "d" });
    const plain = await manager.dict<string, number>();
    const queue = await manager.queue<number>();
    const lock = await manager.lock({ name: "l" });
    assertEquals(manager.alive, true);
    const exit = await manager.stop();
    assertEquals([exit.code, (await manager.stop()).code, manager.alive], [0, 0, false]);
    // There is nothing to start: manage() has, and whatever ended stays so. (In Python that is three kinds of error.)
    await assertRejects(() => within(SETTLED_MS, manager.dict()), ActorExitedError, "Cannot make a dict: ");
    await assertRejects(() => within(SETTLED_MS, manager.value("int32")), ActorExitedError, "Cannot make a value: ");
    await assertRejects(
      () => within(SETTLED_MS, manager.shared("one")),
      ActorExitedError,
      'Cannot find the shared instance "one": ',
    );
    await assertRejects(() => within(SETTLED_MS, dict.get("a")), ActorExitedError, 'Cannot find the dict "d": ');
    await assertRejects(() => within(SETTLED_MS, plain.set("a", 1)), ActorExitedError, "its manager has ended");
    await assertRejects(() => within(SETTLED_MS, queue.put(1)), DisconnectedError);
    await assertRejects(() => within(SETTLED_MS, lock.acquire()), ActorExitedError);
  },
);

everywhere("[MGR-26] a manager is stopped at the end of its scope, with its children", async ({ placement }) => {
  const user = child(ManagerUser, [], { placement: "inline" });
  let ended: Promise<unknown>;
  {
    await using manager = await manage({ user }, { placement });
    ended = manager.exited;
    const dict = await manager.dict<string, number>();
    await dict.set("n", 1);
    assertEquals(await manager.refs.user.call.see(dict), 1);
  }
  assertEquals(await ended, { code: 0, reason: "stopped" });
  assertEquals((await user.ref.exited).reason, "stopped");
}, { placements: PLACEMENTS });

everywhere(
  "[MGR-27] what is no child is a TypeError; a child may use the manager while it starts",
  async ({ placement }) => {
    // What an initializer is to Python's manager is a child's onStart here.
    await assertRejects(() => manage({ init: 4 as never }, { placement }), TypeError, "is not described by child()");
    await assertRejects(() => manage({}, { placement, store: 1 as never }), TypeError, "store must be the path");
    await assertRejects(() => manage({}, { placement: "nowhere" as PlacementName }), TypeError);
    await using manager = await manage({}, { placement });
    const options = { placement: "inline", name: "one" } as const;
    const registrar = await manager.add("one", child(Registrar, [manager], options));
    assertEquals(await registrar.call.starts(), 1);
    await manager.restart("one");
    assertEquals(await registrar.call.starts(), 2);
  },
  { placements: PLACEMENTS },
);

everywhere(
  "[MGR-30] what lies in an object is given back when nobody has the object any more, by death too",
  async (place) => {
    await using manager = await place.manage();
    const queue = new Queue<number>();
    const dict = await manager.dict<string, unknown>();
    const list = await manager.list<unknown>();
    {
      using producer = await queue.producer();
      await dict.set("producer", { producer });
      await list.extend([producer, list]);
    }
    await list.clear();
    await queue.put(1);
    dict[Symbol.dispose]();
    assertEquals(await Array.fromAsync(queue), [1]);

    const again = new Queue<number>();
    const user = await spawn(ManagerUser, [], { placement: "thread" });
    {
      using held = await manager.dict<string, unknown>();
      using producer = await again.producer();
      await held.set("producer", producer);
      await user.call.see(held as SharedDict<string, number>);
    }
    // Whether the user's handle was collected by then or not.
    await user.kill();
    await assertRejects(() => again.get({ timeoutMs: 5000 }), ClosedError);
  },
);

everywhere(
  "ten calls that wait for a manager that is killed, and every later one, reject within 1 s",
  async ({ placement }) => {
    const busy = child(Busy, [], { placement: "inline" });
    const manager = await manage({ busy }, { placement });
    const dict = await manager.dict<string, number>();
    const named = await manager.dict<string, number>({ name: "n" });
    const queue = await manager.queue<number>();
    const follower = named.changes();
    const waiting: Promise<unknown>[] = [follower.next(), queue.get(), queue.get()];
    const flag = await manager.eventFlag();
    waiting.push(flag.wait(), flag.wait());
    await dict.set("n", 1);
    const followed = dict.changes();
    waiting.push(followed.next());
    await named.size();
    if (placement !== "inline") {
      const folder = await Deno.makeTempDir();
      busy.ref.cast.spin(60_000, `${folder}/busy`);
      await until(async () => (await Array.fromAsync(Deno.readDir(folder))).length > 0, "the manager is busy");
      await Deno.remove(folder, { recursive: true });
      waiting.push(dict.get("n"), named.set("n", 1), manager.dict(), dict.update("n", (old = 0) => old + 1));
    }
    while (waiting.length < 10) waiting.push(queue.get());
    const settled = Promise.allSettled(waiting);
    const began = performance.now();
    await manager.kill();
    for (const outcome of await within(SETTLED_MS, settled)) {
      assertEquals(outcome.status, "rejected");
      const { reason } = outcome as PromiseRejectedResult;
      assert(reason instanceof ActorExitedError || reason instanceof DisconnectedError, String(reason));
    }
    await assertRejects(() => within(SETTLED_MS, dict.get("n")), ActorExitedError, "killed by SIGKILL");
    await assertRejects(() => within(SETTLED_MS, named.get("n")), ActorExitedError);
    await assertRejects(() => within(SETTLED_MS, manager.list()), ActorExitedError);
    assert(performance.now() - began < SETTLED_MS);
  },
  { placements: PLACEMENTS, testMs: 30_000 },
);

everywhere(
  "under a supervisor a manager comes back; its named objects go on empty, the others are gone",
  async ({ placement }) => {
    await using app = await supervise({ state: manager({}, { placement }) });
    const { state } = app.refs;
    const user = await spawn(ManagerUser, [], { placement: "thread" });
    const dict = await state.dict<string, number>({ name: "d" });
    const list = await state.list<number>({ name: "l" });
    const queue = await state.queue<number>({ name: "q" });
    const lock = await state.lock({ name: "lock" });
    const plain = await state.dict<string, number>();
    await dict.set("n", 1);
    await queue.put(1);
    assertEquals(await user.call.see(dict), 1);
    const guard = await lock.acquire();
    const pending = Promise.allSettled([queue.get().then(() => queue.get()), dict.changes().next()]);
    await queue.size();
    for (let life = 0; life < 2; life++) {
      await state.kill();
      assertEquals([await dict.get("n"), await list.push(1), await queue.tryGet()], [undefined, 1, undefined]);
      assertEquals(await user.call.see(dict), undefined);
      {
        using _held = await lock.acquire({ timeoutMs: 5000 });
      }
      await dict.set("n", 1);
      assertEquals(await user.call.see(dict), 1);
      await queue.put(life);
      assertEquals(await select({ queue }, { timeoutMs: 5000 }), { key: "queue", value: life });
    }
    guard[Symbol.dispose]();
    for (const { status } of await within(SETTLED_MS, pending)) assertEquals(status, "rejected");
    await assertRejects(() => within(SETTLED_MS, plain.get("n")), ActorExitedError);
    // A handle that travels after the restart is as good.
    assertEquals(await user.call.see(await state.dict<string, number>({ name: "d" })), 1);
    await user.stop();
  },
  { placements: PLACEMENTS },
);

everywhere(
  "a named pool of a manager that was killed and is back is made again for all who have its handle",
  async (place) => {
    const { placement } = place;
    await using app = await supervise({ state: manager({}, { placement }) });
    const { state } = app.refs;
    await using user = await spawn(ManagerUser, [], { placement: "thread" });
    const pool = await state.pool({ name: "p", size: 1 });
    assertEquals([await pool.run(double, [1]), await user.call.double(pool, 2)], [2, 4]);
    await state.kill();
    assertEquals(await user.call.double(pool, 3), 6);
    await state.kill();
    assertEquals([await pool.run(double, [4]), (await pool.stats()).size], [8, 1]);
  },
  { placements: ["thread", "process"], testMs: 30_000 },
);

for (const killed of KILLABLE) {
  everywhere(
    `one that is killed (${killed}) in the middle of an update, with a lock, or waiting, harms nobody`,
    async (place) => {
      await using manager = await place.manage();
      const dict = await manager.dict<string, number>();
      await dict.set("n", 1);
      const lock = await manager.lock();
      const queue = await manager.queue<number>();
      const victims = await Promise.all(Array.from({ length: 3 }, () => new Place(killed).spawn(ManagerUser, [])));
      const flags = [0, 1, 2].map(() => new EventFlag());
      const calls = [
        victims[0].with({ timeoutMs: Infinity }).call.updateInTurnForEver(dict, flags[0]),
        victims[1].with({ timeoutMs: Infinity }).call.hold(lock, flags[1]),
        victims[2].with({ timeoutMs: Infinity }).call.wait(queue, flags[2]),
      ];
      const settled = Promise.allSettled(calls);
      for (const flag of flags) await flag.wait({ timeoutMs: 10_000 });
      // It has its turn: who writes now waits for its end, which is its death.
      const written = dict.set("n", 10);
      await Promise.all(victims.map((victim) => victim.kill()));
      for (const { status } of await within(5000, settled)) assertEquals(status, "rejected");
      await within(SETTLED_MS, written);
      assertEquals(await dict.update("n", (old = 0) => old + 1), 11);
      using guard = await lock.acquire({ timeoutMs: 5000 });
      assertEquals(guard.abandoned, true);
      await queue.put(5);
      assertEquals(await queue.get({ timeoutMs: 5000 }), 5);
    },
    // The manager's own place is of no account to another program.
    { placements: killed === "remote thread" ? ["thread", "remote"] : EVERYWHERE, testMs: 30_000 },
  );
}

everywhere("an update that hangs keeps others waiting for no longer than a second or so", async (place) => {
  await using manager = await place.manage();
  const dict = await manager.dict<string, number>();
  await using user = await spawn(ManagerUser, [], { placement: "thread" });
  const begun = new EventFlag();
  const call = user.with({ timeoutMs: Infinity }).call.updateInTurnForEver(dict, begun).catch(() => {});
  await begun.wait({ timeoutMs: 5000 });
  await within(3000, dict.set("n", 7));
  assertEquals(await dict.get("n"), 7);
  await user.kill();
  await call;
});

everywhere(
  "a name that is an instance's of a busy isolate is taken, which is said while that is busy",
  async (place) => {
    await using manager = await place.manage();
    const busy = await spawn(Busy, [], { placement: "thread" });
    await busy.call.share(manager, "instance");
    const folder = await Deno.makeTempDir();
    busy.cast.spin(60_000, `${folder}/busy`);
    await until(async () => (await Array.fromAsync(Deno.readDir(folder))).length > 0, "it is busy");
    await Deno.remove(folder, { recursive: true });
    const shared = await within(5000, manager.share("instance", new Shown()).then(() => "shared", (error) => error));
    assertInstanceOf(shared, Deno.errors.AlreadyExists);
    await busy.kill();
    await manager.share("instance", new Shown());
  },
);

everywhere(
  "[BEAT-12] what a dead consumer of a manager's queue did not acknowledge is given to another once, and join returns",
  async (place) => {
    await using manager = await place.manage();
    const jobs = await manager.joinableQueue<number>({ name: "jobs" });
    await jobs.put(1);
    const victim = await spawn(ManagerUser, [], { placement: "process" });
    assertEquals(await victim.call.take(jobs), 1);
    await victim.kill();
    assertEquals(await jobs.get({ timeoutMs: 5000 }), 1);
    await jobs.taskDone();
    await jobs.join({ timeoutMs: 1000 });
  },
);

everywhere(
  "[BEAT-20] increments and updates of one key from threads, subprocesses and another program are counted exactly",
  async (place) => {
    await using manager = await place.manage();
    const dict = await manager.dict<string, number>({ name: "counts" });
    await using users = new AsyncDisposableStack();
    const counting = [];
    for (const where of ["thread", "thread", "process", "inline", "remote"] as const) {
      const user = users.use(await new Place(where).spawn(ManagerUser, []));
      counting.push(user.with({ timeoutMs: 20_000 }).call.count(dict, 200));
    }
    await Promise.all(counting);
    assertEquals(await dict.snapshot(), new Map([["increments", 1000], ["updates", 1000]]));
  },
  { testMs: 30_000 },
);

everywhere(
  "a lock that lies in a dict is one lock for all who read it, and is released when one of them dies",
  async (place) => {
    await using manager = await place.manage();
    const locks = await manager.dict<string, Lock>();
    await locks.set("a", await manager.lock());
    const users = await Promise.all([0, 1].map(() => spawn(ManagerUser, [], { placement: "thread" })));
    const held = new EventFlag();
    const holding = users[0].with({ timeoutMs: Infinity }).call.holdIn(locks, "a", held).catch(() => {});
    await held.wait({ timeoutMs: 5000 });
    assertEquals([await users[1].call.tryIn(locks, "a"), await (await locks.get("a"))!.tryAcquire()], [
      false,
      undefined,
    ]);
    // The death of one who has a handle to it too, and not the lock, changes nothing.
    await users[1].kill();
    assertEquals(await (await locks.get("a"))!.tryAcquire(), undefined);
    await users[0].kill();
    using guard = await (await locks.get("a"))!.acquire({ timeoutMs: 5000 });
    assertEquals(guard.abandoned, true);
    await holding;
  },
);

everywhere("a manager whose child cannot start does not start", async ({ placement }) => {
  const registrar = child(Registrar, [undefined as never], { placement: "inline" });
  await assertRejects(() => manage({ registrar }, { placement }), StartError);
  await until(() => registrar.ref.alive === false, "the child is over");
}, { placements: PLACEMENTS });

// There is none that was not started: manage() has. In Python it is a ValueError of SharedMemoryManager's.
everywhere("[SMM-01] a manager that is not there makes no memory, and says so", async (place) => {
  const manager = await place.manage();
  await manager.kill();
  await assertRejects(() => within(SETTLED_MS, manager.array("uint8", 16)), ActorExitedError, "has ended");
});

Deno.test("[SMM-04] a manager's subprocess ignores SIGINT, which is for the program", async () => {
  const before = new Set(children().map(({ pid }) => pid));
  await using manager = await manage({}, { placement: "process" });
  const [own] = children().filter(({ pid }) => !before.has(pid));
  const memory = await manager.array("uint8", [1, 2, 3]);
  // Behind the first the second has been delivered.
  for (let n = 0; n < 2; n++) {
    Deno.kill(own.pid, "SIGINT");
    assertEquals(await memory.get(2), 3);
  }
  await memory.set(0, 9);
  assertEquals([await memory.get(0), manager.alive], [9, true]);
});
