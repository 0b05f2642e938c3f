/** with({ retries }): what is not sent again, and what bounds all attempts together. */
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
import { eachPlacement, rejection, within } from "./actor_contract.ts";
import { Flaky } from "./fixtures/flaky.ts";

async function supervised(placement: PlacementName): Promise<{ readonly flaky: Ref<Flaky> } & AsyncDisposable> {
  const app = await supervise({ flaky: child(Flaky, [], { placement, name: "flaky" }) }, { maxRestarts: 100 });
  return { flaky: app.refs.flaky, [Symbol.asyncDispose]: async () => void await app.stop() };
}

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
    await within(mortal.exited);
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
  await within(alone.exited);
});
