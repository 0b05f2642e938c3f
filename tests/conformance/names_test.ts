/** Names: from everywhere, one owner each, gone with the actor, kept across restarts. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { ActorExitedError, child, lookup, Process, register, spawn, supervise, unregister } from "../../mod.ts";
import { eachMixed, eachPlacement, oneTest, until, within } from "./actor_contract.ts";
import { ending } from "./fixtures/life_ends.ts";
import { Mortal, Registrar, Vain } from "./fixtures/watchers.ts";

eachMixed("a name that was registered in one place is found in all others, and works there", async (one, other) => {
  await using here = await spawn(Mortal, [], { placement: one });
  await using registrar = await spawn(Registrar, [], { placement: one });
  await using reader = await spawn(Registrar, [], { placement: other });
  assertEquals(await reader.call.lookup("found"), undefined);
  await registrar.call.register("found", here);
  const there = await reader.call.lookup("found");
  assertEquals(there?.address, here.address);
  assertEquals(await there!.call.ping(), "pong");
  assertEquals(await (await lookup<Mortal>("found"))?.call.said(), []);
  assertEquals(await reader.call.unregister("found"), true);
  assertEquals(await registrar.call.unregister("found"), false);
  assertEquals(await lookup("found"), undefined);
  assertEquals(here.alive, true);
});

eachPlacement("a name belongs to one living actor, which may have it twice and others beside it", async (placement) => {
  await using first = await spawn(Mortal, [], { placement });
  await using second = await spawn(Mortal, [], { placement });
  await register("one", first);
  await register("one", first);
  await register("another", first);
  const error = await assertRejects(() => register("one", second), TypeError);
  assertEquals(error.message, `Cannot register "one": ${first.name} (${first.address}) has that name`);
  assertEquals((await lookup("one"))?.address, first.address);
  assert(await unregister("one"));
  await register("one", second);
  assertEquals([(await lookup("one"))?.address, (await lookup("another"))?.address], [second.address, first.address]);
  // Taken from the first, it does not go with the first.
  await first.stop();
  assertEquals([(await lookup("one"))?.address, await lookup("another")], [second.address, undefined]);
});

for (const how of ["stop", "kill", "kill -9", "exit", "throw"] as const) {
  eachPlacement(`a name is gone with its actor, by ${how}`, async (placement) => {
    if (how === "kill -9" && placement !== "process") return;
    const ref = await spawn(Mortal, [], { placement });
    await register("mortal", ref);
    if (how === "stop") await ref.stop();
    else if (how === "kill") await ref.kill();
    else if (how === "kill -9") Deno.kill(await ref.call.pid(), "SIGKILL");
    else ref.cast.end(how === "exit" ? "exit" : "throwAtOnce");
    await within(ref.exited);
    assertEquals(await lookup("mortal"), undefined);
    assertEquals(await unregister("mortal"), false);
    const error = await assertRejects(() => register("mortal", ref), ActorExitedError);
    assert(error.message.startsWith(`Cannot register "mortal": ${ref.name} has ended`), error.message);
  });
}

eachMixed("who knows of an owner's end gets the name at once, wherever both are", async (one, other) => {
  await using starter = await spawn(Registrar, [], { placement: one });
  await using next = await spawn(Mortal, [], { placement: "inline" });
  const owner = await starter.call.start("inline");
  await register("chair", owner);
  await using replacer = await spawn(Registrar, [], { placement: other });
  assertEquals((await replacer.call.replace("chair", next)).code, 3);
  assertEquals((await lookup("chair"))?.address, next.address);
});

eachPlacement("a name that a dying actor registers is gone with it", async (placement) => {
  const ref = await spawn(Vain, ["vain"], { placement });
  await ref.stop();
  await until(async () => await lookup("vain") === undefined);
});

eachPlacement("a name goes with the actor when its parent's isolate is killed", async (placement) => {
  const parent = await spawn(Registrar, [], { placement: "process" });
  await register("orphan", await parent.call.start(placement));
  await parent.kill();
  await until(async () => await lookup("orphan") === undefined);
});

eachPlacement("a supervised actor keeps its name across restarts, and loses it for good", async (placement) => {
  const described = child(Mortal, [], { placement });
  await register("phoenix", described.ref);
  const app = await supervise({ described });
  const ref = (await lookup<Mortal>("phoenix"))!;
  assertEquals(await ref.call.ping(), "pong");
  ref.cast.end("throwAtOnce");
  assertEquals(await within(ref.with({ retries: 5 }).call.said()), []);
  assertEquals(await (await lookup<Mortal>("phoenix"))!.with({ retries: 5 }).call.ping(), "pong");
  await app.stop();
  assertEquals(await lookup("phoenix"), undefined);
});

oneTest("what is no name and what is no ref is refused, wherever it is used", async () => {
  await using ref = await spawn(Mortal, [], { placement: "inline" });
  for (const name of ["", 7, undefined, null] as unknown as string[]) {
    const said = `a name: the name must be a string that is not empty, not ${Deno.inspect(name)}`;
    await assertRejects(() => register(name, ref), TypeError, `Cannot register ${said}`);
    await assertRejects(() => lookup(name), TypeError, `Cannot look up ${said}`);
    await assertRejects(() => unregister(name), TypeError, `Cannot unregister ${said}`);
  }
  const process = new Process(ending, ["wait", 0], { placement: "inline" });
  for (const wrong of [undefined, null, {}, "ref", process] as unknown as (typeof ref)[]) {
    const error = await assertRejects(() => register("x", wrong), TypeError);
    assert(error.message.startsWith(`Cannot register "x": a ref is needed, not `), error.message);
  }
  assertEquals(await lookup("x"), undefined);
});

oneTest("of many who want one name at once, one gets it", async () => {
  const refs = await Promise.all(Array.from({ length: 20 }, () => spawn(Mortal, [], { placement: "inline" })));
  const settled = await Promise.allSettled(refs.map((ref) => register("race", ref)));
  const winners = settled.flatMap(({ status }, n) => status === "fulfilled" ? [refs[n].address] : []);
  assertEquals(winners, [(await lookup("race"))?.address]);
  for (const result of settled) if (result.status === "rejected") assertInstanceOf(result.reason, TypeError);
  await Promise.all(refs.map((ref) => ref.stop()));
});
