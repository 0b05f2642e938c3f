/** Watching all the lives of a supervised actor. */

import { assertEquals, assertThrows } from "@std/assert";
import { currentActor } from "../../actors/context.ts";
import { child, type Life, manager, type Ref, spawn, supervise, watch } from "../../mod.ts";
import { eachPair, eachPlacement, oneTest } from "./actor_contract.ts";
import { Member } from "./fixtures/supervised.ts";
import { Mortal } from "./fixtures/watchers.ts";
import { count, Log } from "./supervised.ts";
import { read, rest, watcher } from "./watching.ts";

eachPair("each life of a supervised actor is told of, and the end of the last one", async (placement, other) => {
  const { log, ref } = await watcher(placement);
  const member = child(Member, ["member", new Log()], { placement: other });
  await using app = await supervise({ member }, { maxRestarts: 10 });
  await ref.call.follow(app.refs.member as Ref<object>);
  for (let restarts = 0; restarts < 3; restarts++) {
    await app.refs.member.kill();
    assertEquals(await read(log, 2), [`down killed ${restarts}`, `up killed ${restarts + 1}`]);
    assertEquals(await count(app.refs.member), 1);
  }
  await app.restart("member");
  assertEquals(await read(log, 2), ["down stopped 3", "up stopped 4"]);
  await app.remove("member");
  assertEquals(await read(log, 2), ["down stopped 4", "over stopped 4"]);
  assertEquals(await rest(log, ref), []);
  await ref.stop();
});

eachPlacement("one without a supervisor has one life, and one that is gone is over at once", async (placement) => {
  const { log, ref } = await watcher(placement);
  const mortal = await spawn(Mortal, [], { placement });
  await ref.call.follow(mortal);
  await mortal.kill();
  assertEquals(await read(log, 1), ["over killed 0"]);
  await ref.call.follow(mortal);
  assertEquals(await read(log, 1), ["over killed 0"]);

  const member = child(Member, ["member", new Log()], { placement: "inline" });
  const app = await supervise({ member });
  await app.refs.member.kill();
  assertEquals(await count(app.refs.member), 1);
  await app.stop();
  await ref.call.follow(app.refs.member as Ref<object>);
  assertEquals(await read(log, 1), ["over stopped 1"]);
  assertEquals(await rest(log, ref), []);
  await ref.stop();
});

eachPlacement("the lives of a manager that is a child can be watched, too", async (placement) => {
  const { log, ref } = await watcher(placement);
  await using app = await supervise({ state: manager({}, { placement: "inline" }) });
  await ref.call.follow(app.refs.state);
  await app.refs.state.kill();
  assertEquals(await read(log, 2), ["down killed 0", "up killed 1"]);
  await ref.stop();
});

eachPlacement("when the supervisor is gone, so are the lives of its actors", async (placement) => {
  const { log, ref } = await watcher(placement);
  const member = child(Member, ["member", new Log()], { placement: "inline" });
  const app = await supervise({ member });
  await ref.call.follow(app.refs.member as Ref<object>);
  await app.kill();
  assertEquals((await read(log, 1))[0].split(" ")[0], "over");
  assertEquals(await rest(log, ref), []);
  await ref.stop();
});

eachPlacement("disposing ends it, and leaves nothing behind", async (placement) => {
  const { log, ref } = await watcher(placement);
  const member = child(Member, ["member", new Log()], { placement: "inline" });
  await using app = await supervise({ member });
  await ref.call.follow(app.refs.member as Ref<object>, 3);
  await ref.call.unwatch();
  await app.refs.member.kill();
  assertEquals(await count(app.refs.member), 1);
  assertEquals(await rest(log, ref), []);

  const { leases } = currentActor().holder;
  const before = leases.size;
  const told: Life<Ref<Member>>[] = [];
  for (let n = 0; n < 100; n++) {
    using _watching = watch(app.refs.member as Ref<Member>, (life) => told.push(life), { restarts: true });
    if (n % 2 === 0) await count(app.refs.member);
  }
  await count(app.refs.member);
  assertEquals([leases.size, told], [before, []]);
  await ref.stop();
});

oneTest("to hear of restarts a listener is needed", async () => {
  await using mortal = await spawn(Mortal, [], { placement: "inline" });
  const unwatched = watch as (...args: unknown[]) => Disposable;
  assertThrows(() => unwatched(mortal, undefined, { restarts: true }), TypeError, "a listener is needed");
  assertThrows(() => unwatched(mortal, () => {}, { restarts: 1 }), TypeError, "restarts must be a boolean, not 1");
  assertThrows(() => unwatched({}, () => {}, { restarts: true }), TypeError, "a ref, a process or a supervisor");
});
