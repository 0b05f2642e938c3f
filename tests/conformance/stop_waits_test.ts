/** When an actor or task is asked to stop, what it waits for at channels and locks ends then. */

import { assert, assertEquals } from "@std/assert";
import { Process, Queue, spawn } from "../../mod.ts";
import { bounded, rejection, until } from "./bounded.ts";
import { KINDS } from "./fixtures/stop_kinds.ts";
import { Waiter, waitFor } from "./fixtures/stop_waiters.ts";
import { PLACEMENTS } from "./place.ts";
import { failures, PATIENTLY, STOPPED } from "./stopped.ts";

for (const placement of PLACEMENTS) {
  for (const [name, { make, check, isAwaited }] of Object.entries(KINDS)) {
    bounded(`${name} ends when its task is asked to stop, and has taken nothing (${placement})`, async () => {
      await using stack = new AsyncDisposableStack();
      const { given, kept } = await make(stack);
      const said = new Queue<string>();
      const failed = await failures(async () => {
        const p = new Process(waitFor, [name, given, said], { placement });
        await p.start();
        await said.get();
        await until(() => isAwaited(kept), "it waits");
        assertEquals(await p.stop(PATIENTLY), STOPPED);
        await ends(name, p.result);
        await check(kept);
      });
      assertEquals(failed, []);
    });

    bounded(`${name} ends when the actor is asked to stop, in whose handler it waits (${placement})`, async () => {
      await using stack = new AsyncDisposableStack();
      const { given, kept } = await make(stack);
      const [said, log] = [new Queue<string>(), new Queue<string>()];
      const failed = await failures(async () => {
        const waiter = await spawn(Waiter, [], { placement });
        const wait = waiter.with({ timeoutMs: Infinity }).call.wait(name, given, said);
        wait.catch(() => {});
        await said.get();
        await until(() => isAwaited(kept), "it waits");
        const queued = waiter.call.note("queued", log);
        assertEquals(await waiter.stop(PATIENTLY), STOPPED);
        await ends(name, wait);
        // The queued message is handled.
        await queued;
        assertEquals(await log.tryGet(), { value: "queued" });
        await check(kept);
      });
      assertEquals(failed, []);
    });
  }
}

/** A loop is left, and what follows it runs; a single wait rejects with the reason of the signal. */
async function ends(name: string, outcome: Promise<unknown>): Promise<void> {
  if (/^iteration|changes|events/.test(name)) return assertEquals(await outcome, "left");
  const error = await rejection(outcome, DOMException);
  assertEquals(error.name, "AbortError");
  assert(error.message.endsWith("was asked to stop"), error.message);
}
