/** with({ retries }): a call that its actor's death has cut off is sent to the next life. */
import { assertEquals, assertInstanceOf } from "@std/assert";
import {
  ActorExitedError,
  child,
  type PlacementName,
  Queue,
  type Ref,
  spawn,
  supervise,
  TimeoutError,
} from "../../mod.ts";
import { eachMixed, eachPlacement, rejection, until, within } from "./actor_contract.ts";
import { Flaky } from "./fixtures/flaky.ts";

async function supervised(placement: PlacementName): Promise<{ readonly flaky: Ref<Flaky> } & AsyncDisposable> {
  const app = await supervise({ flaky: child(Flaky, [], { placement, name: "flaky" }) }, { maxRestarts: 100 });
  return { flaky: app.refs.flaky, [Symbol.asyncDispose]: async () => void await app.stop() };
}

eachPlacement(
  "a call runs again in each next life, as often as it may, with the arguments as they were",
  async (where) => {
    await using app = await supervised(where);
    const calls = app.flaky.with({ timeoutMs: 10_000, retries: 2 }).call;
    for (const deaths of [0, 1, 2]) {
      const runs = new Queue<string>();
      const value = { list: [1] };
      const answer = calls.work(runs, deaths, value);
      value.list.push(2);
      assertEquals(await answer, { list: [1] });
      assertEquals(await runs.size(), deaths + 1);
    }
    const runs = new Queue<string>();
    assertInstanceOf(await rejection(calls.work(runs, 9, "")), ActorExitedError);
    assertEquals(await runs.size(), 3);
    const once = new Queue<string>();
    assertInstanceOf(await rejection(app.flaky.call.work(once, 1, "")), ActorExitedError);
    assertEquals(await once.size(), 1);
  },
);

eachPlacement(
  "what the handler throws, and what comes of others, is an answer and not sent again",
  async (placement) => {
    await using app = await supervised(placement);
    const calls = app.flaky.with({ timeoutMs: 10_000, retries: 5 }).call;
    const failed = new Queue<string>();
    assertInstanceOf(await rejection(calls.fail(failed)), RangeError);
    assertEquals(await failed.size(), 1);
    const mortal = await spawn(Flaky, [], { placement });
    const runs = new Queue<string>();
    const error = await rejection(calls.ask(mortal, runs, 1, 0));
    assertInstanceOf(error, ActorExitedError);
    assertEquals([error.address, await runs.size()], [mortal.address, 1]);
  },
);

eachPlacement("time and signal bound all lives together; one that does not come back ends it", async (placement) => {
  await using app = await supervised(placement);
  const runs = new Queue<string>();
  const hanging = rejection(app.flaky.with({ timeoutMs: 1000, retries: 9 }).call.hang(runs));
  await within(runs.get());
  await app.flaky.kill();
  await within(runs.get());
  assertInstanceOf(await within(hanging), TimeoutError);
  const reason = new Error("enough");
  const controller = new AbortController();
  const given = rejection(app.flaky.with({ timeoutMs: 10_000, signal: controller.signal, retries: 9 }).call.hang(runs));
  await app.flaky.kill();
  controller.abort(reason);
  assertEquals(await within(given), reason);
  const alone = await spawn(Flaky, [], { placement });
  const lonely = new Queue<string>();
  assertInstanceOf(await rejection(alone.with({ retries: 9 }).call.work(lonely, 9, "")), ActorExitedError);
  assertEquals(await lonely.size(), 1);
  await until(() => !alone.alive);
});

eachMixed("a call from elsewhere is sent again, too", async (one, other) => {
  await using app = await supervised(other);
  await using asking = await spawn(Flaky, [], { placement: one });
  const runs = new Queue<string>();
  assertEquals(await asking.with({ timeoutMs: 10_000 }).call.ask(app.flaky, runs, 2, 2), "asked");
  assertEquals(await runs.size(), 3);
});
