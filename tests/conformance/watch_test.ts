/** Watching: one word for each end, whoever watches from wherever, at the worst moments. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { child, type Down, Process, Queue, type Ref, spawn, supervise, watch } from "../../mod.ts";
import { eachMixed, eachPair, eachPlacement, occupy, oneTest, until, within } from "./actor_contract.ts";
import { ending } from "./fixtures/life_ends.ts";
import { Listener, Mortal, Mourner, Registrar, Watcher } from "./fixtures/watchers.ts";
import { read, rest, watcher } from "./watching.ts";

eachPair("every listener and the hook hear of an end exactly once, wherever watcher and watched are", async (a, b) => {
  const { log, ref } = await watcher(a);
  const mortal = await spawn(Mortal, [], { placement: b, name: "mortal" });
  await ref.call.listen(mortal, 2);
  await mortal.kill();
  const told = ["1: killed -9", "2: killed -9", "hook: mortal killed -9", "hook: mortal killed -9"];
  assertEquals((await read(log, 4)).sort(), told);
  assertEquals(await rest(log, ref), []);
  await ref.stop();
});

eachMixed("who watches one that is gone already hears of it at once", async (a, b) => {
  const { log, ref } = await watcher(a);
  const mortal = await spawn(Mortal, [], { placement: b, name: "mortal" });
  mortal.cast.end("exit", 4);
  await within(mortal.exited);
  await ref.call.watch(mortal);
  assertEquals(await read(log, 1), ["hook: mortal error 4"]);
  await ref.stop();
});

eachMixed("watching while the watched one dies tells once", async (a, b) => {
  const { log, ref } = await watcher(a);
  for (let n = 0; n < 5; n++) {
    const mortal = await spawn(Mortal, [], {
      placement: b === "inline" ? "inline" : n === 0 ? b : "inline",
      name: "m",
    });
    const killed = mortal.kill();
    ref.cast.watch(mortal);
    await killed;
    assertEquals(await read(log, 1), ["hook: m killed -9"]);
  }
  assertEquals(await rest(log, ref), []);
  await ref.stop();
});

eachPlacement("kill -9 is heard in a third isolate, which knows neither", async (placement) => {
  const starter = await spawn(Registrar, [], { placement: "process" });
  const mortal = await starter.call.start("process");
  const { log, ref } = await watcher(placement);
  await ref.call.watch(mortal);
  Deno.kill(await mortal.call.pid(), "SIGKILL");
  assertEquals(await read(log, 1), [`hook: ${mortal.name} killed -9`]);
  // And of one whose parent is killed.
  const orphan = await starter.call.start(placement);
  await ref.call.watch(orphan);
  await starter.kill();
  assertEquals(await read(log, 1), [`hook: ${orphan.name} parent-gone -9`]);
  await ref.stop();
});

eachPlacement(
  "an actor that stops watching, or ends, takes nothing from others of its isolate that watch the same",
  async (placement) => {
    const mortal = await spawn(Mortal, [], { placement: "inline", name: "mortal" });
    const home = await spawn(Registrar, [], { placement });
    const log = new Queue<string>();
    const [first, second, third] = [
      await home.call.watcher(log),
      await home.call.watcher(log),
      await home.call.watcher(log),
    ];
    for (const one of [first, second, third]) await one.call.listen(mortal, 1);
    await first.kill();
    await second.call.unwatch();
    await mortal.kill();
    assertEquals((await read(log, 2)).toSorted(), ["1: killed -9", "hook: mortal killed -9"]);
    await home.stop();
    assertEquals(await log.tryGet(), undefined);
  },
);

eachMixed("what the dead one had said is heard before its end is", async (a, b) => {
  const { log, ref } = await watcher(a);
  const mortal = await spawn(Mortal, [], { placement: b, name: "mortal" });
  await ref.call.watch(mortal);
  mortal.cast.shoutAndExit(ref, 100);
  const lines = await read(log, 101);
  assertEquals(lines, [...Array.from({ length: 100 }, (_, n) => `shout ${n}`), "hook: mortal error 7"]);
  await ref.stop();
});

eachPlacement("onDown waits its turn, and a full mailbox keeps it out as little as it drops it", async (placement) => {
  for (const overflow of ["wait", "reject", "drop-newest", "drop-oldest"] as const) {
    const log = new Queue<string>();
    const mailbox = { capacity: 2, overflow };
    await using ref = await spawn(Watcher, [log], { placement, name: "watcher", mailbox });
    await using mortal = await spawn(Mortal, [], { placement: "inline", name: "mortal" });
    await ref.call.watch(mortal);
    const { end } = await occupy(ref);
    ref.cast.hear("1");
    ref.cast.hear("2");
    ref.cast.hear("3");
    await mortal.kill();
    // Behind the news, if there is room for it.
    await ref.with({ timeoutMs: 50 }).call.hear("4").catch(() => {});
    assertEquals(await log.size(), 0);
    await end();
    const lines: string[] = [];
    while (!lines.includes("hook: mortal killed -9")) lines.push(...await read(log, 1));
    const before = lines.slice(0, -1);
    if (overflow === "wait") assertEquals(before, ["1", "2", "3"]);
    else if (overflow !== "drop-oldest") assertEquals(before, ["1", "2"]);
    else assert(before.every((line) => ["2", "3"].includes(line)), Deno.inspect(before));
  }
});

eachPlacement("who has stopped watching is told nothing", async (placement) => {
  const { log, ref } = await watcher(placement);
  const mortal = await spawn(Mortal, [], { placement: "inline" });
  await ref.call.listen(mortal, 2);
  await ref.call.unwatch();
  await mortal.kill();
  assertEquals(await rest(log, ref), []);
  // Here too, and while the news is on its way.
  const heard: Down<Ref<Mortal>>[] = [];
  const dead = watch(mortal, (down) => heard.push(down));
  dead[Symbol.dispose]();
  dead[Symbol.dispose]();
  await mortal.exited;
  assertEquals(heard, []);
  await ref.stop();
});

eachPlacement("the listener of a watcher that died is silent, and its leases are gone", async (placement) => {
  const { log, ref } = await watcher(placement);
  await using mortal = await spawn(Mortal, [], { placement: "inline" });
  await ref.call.listen(mortal, 3);
  await ref.kill();
  await mortal.kill();
  const { log: other, ref: another } = await watcher(placement);
  await another.call.watch(mortal);
  await read(other, 1);
  assertEquals(await log.size(), 0);
  await another.stop();
});

for (const [where, Sensitive] of [["onDown", Mourner], ["a listener", Listener]] as const) {
  eachPlacement(`what ${where} throws ends the actor, as what no caller hears of`, async (placement) => {
    const mourner = await spawn(Sensitive, [], { placement });
    const mortal = await spawn(Mortal, [], { placement: "inline" });
    await mourner.call.watch(mortal);
    await mortal.kill();
    const { code, reason, error } = await within(mourner.exited);
    assertEquals([code, reason, (error as Error).message], [1, "error", `in ${where}`]);
  });
}

eachPlacement("a supervised actor is down when it will not come back, and not before", async (placement) => {
  const { log, ref } = await watcher(placement);
  const app = await supervise({ phoenix: child(Mortal, [], { placement, name: "phoenix" }) });
  const { phoenix } = app.refs;
  await ref.call.watch(phoenix);
  phoenix.cast.end("throwAtOnce");
  assertEquals(await within(phoenix.with({ retries: 5 }).call.ping()), "pong");
  assertEquals(await rest(log, ref), []);
  await app.stop();
  assertEquals(await read(log, 1), ["hook: phoenix stopped 0"]);
  await ref.stop();
});

eachPlacement("processes and supervisors can be watched, each for its own end", async (placement) => {
  const told: unknown[] = [];
  const process = new Process(ending, ["exit", 3], { placement });
  watch(process, (down) => told.push([down.ref === process, down.exit.code]));
  await process.start();
  await process.join();
  await until(() => told.length === 1);
  const app = await supervise({}, { placement });
  watch(app, (down) => told.push([down.ref === app, down.exit.reason]));
  await app.stop();
  await until(() => told.length === 2);
  assertEquals(told, [[true, 3], [true, "stopped"]]);
});

oneTest("a watch without somebody to watch, or without anybody to tell, is refused", async () => {
  await using mortal = await spawn(Mortal, [], { placement: "inline" });
  for (const wrong of [undefined, null, {}, 7] as unknown as (typeof mortal)[]) {
    assertThrows(() => watch(wrong, () => {}), TypeError, "Cannot watch: a ref, a process or a supervisor is needed");
  }
  assertThrows(() => watch(mortal, 7 as never), TypeError, "Cannot watch: the listener must be a function, not 7");
  const said = "Cannot watch: without a listener somebody's onDown is needed, and main has none";
  assertThrows(() => watch(mortal), TypeError, said);
});
