/** livenessMs: an event loop that hangs is found and ended; one that works is not. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { delay } from "@std/async";
import {
  ActorExitedError,
  child,
  type Exit,
  type PlacementName,
  Process,
  spawn,
  StartError,
  supervise,
} from "../../mod.ts";
import { occupy, oneTest, rejection, until, within } from "./actor_contract.ts";
import { ending } from "./fixtures/life_ends.ts";
import { Mortal, Registrar } from "./fixtures/watchers.ts";

const UNRESPONSIVE: Exit = { code: -9, signal: "SIGKILL", reason: "unresponsive" };
/** A machine that others use too may keep an event loop waiting for a while. */
const LIVENESS_MS = 1000;

for (const placement of ["thread", "process"] satisfies PlacementName[]) {
  const options = { placement, livenessMs: LIVENESS_MS };

  oneTest(
    `a busy loop, a blocked thread: ended as "unresponsive", and calls settle with that (${placement})`,
    async () => {
      for (const how of ["spin", "blockThread"] as const) {
        const mortal = await spawn(Mortal, [], options);
        const begun = performance.now();
        const hanging = rejection(mortal.with({ timeoutMs: Infinity }).call.end(how));
        const queued = rejection(mortal.with({ timeoutMs: Infinity }).call.ping());
        assertEquals(await within(mortal.exited), UNRESPONSIVE);
        const took = performance.now() - begun;
        assert(took >= LIVENESS_MS && took < 4 * LIVENESS_MS, `It took ${took} ms`);
        for (const error of [await within(hanging), await within(queued)]) {
          assertInstanceOf(error, ActorExitedError);
          assertEquals(error.exit, UNRESPONSIVE);
        }
      }
    },
  );

  oneTest(`who is busy within its time, or waits for long, is not accused (${placement})`, async () => {
    await using mortal = await spawn(Mortal, [], options);
    for (let n = 0; n < 4; n++) assertEquals(await mortal.call.spin(LIVENESS_MS / 2), "done");
    const { end } = await occupy(mortal);
    await delay(2 * LIVENESS_MS);
    await end();
    assertEquals(await mortal.call.ping(), "pong");
  });

  oneTest(`who keeps an actor is held up itself, and the actor is not accused (${placement})`, async () => {
    await using mortal = await spawn(Mortal, [], options);
    assertEquals(await mortal.call.ping(), "pong");
    const end = performance.now() + 2.5 * LIVENESS_MS;
    while (performance.now() < end);
    await delay(20);
    assertEquals(await mortal.call.ping(), "pong");
  });

  oneTest(`a task that hangs ends so too, and without livenessMs nobody looks (${placement})`, async () => {
    const process = new Process(ending, ["spin", 0], options);
    const other = new Process(ending, ["spin", 0], { placement });
    await Promise.all([process.start(), other.start()]);
    assertEquals(await within(process.join()), UNRESPONSIVE);
    assert(other.alive);
    await other.kill();
  });

  oneTest(`a supervised actor that hangs is started again (${placement})`, async () => {
    await using app = await supervise({ mortal: child(Mortal, [], options) });
    const { mortal } = app.refs;
    mortal.cast.end("spin");
    assertEquals(await within(mortal.with({ timeoutMs: 8000, retries: 1 }).call.ping()), "pong");
  });
}

oneTest("a subprocess that the system has stopped is ended", async () => {
  const mortal = await spawn(Mortal, [], { placement: "process", livenessMs: LIVENESS_MS });
  Deno.kill(await mortal.call.pid(), "SIGSTOP");
  assertEquals(await within(mortal.exited), UNRESPONSIVE);
});

oneTest("a child of one that hangs ends with it", async () => {
  const parent = await spawn(Registrar, [], { placement: "thread", livenessMs: LIVENESS_MS });
  const below = await parent.call.start("process");
  const pid = await below.call.pid();
  parent.cast.hang();
  assertEquals(await within(parent.exited), UNRESPONSIVE);
  assertEquals((await within(below.exited)).reason, "parent-gone");
  await until(() => {
    try {
      Deno.kill(pid, "SIGCONT");
      return false;
    } catch {
      return true;
    }
  });
});

oneTest("livenessMs is a number of at least 1, and nothing for an inline actor", async () => {
  const start = (livenessMs: unknown, placement: PlacementName = "thread") =>
    spawn(Mortal, [], { placement, livenessMs: livenessMs as number });
  for (const wrong of ["1", null, NaN]) {
    await assertRejects(() => start(wrong), TypeError, "livenessMs must be a number");
  }
  for (const wrong of [0, -1, 1.5]) {
    await assertRejects(() => start(wrong), RangeError, "livenessMs must be a whole number");
  }
  const error = await assertRejects(() => start(1000, "inline"), StartError);
  assert(
    /^Cannot start Mortal-\d+: livenessMs can be enforced only with an isolate/.test(error.message),
    error.message,
  );
  await (await start(Infinity, "inline")).stop();
});
