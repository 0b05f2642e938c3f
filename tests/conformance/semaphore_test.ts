/** So many permits, taken and given back wherever one lives. */

import { assert, assertEquals, assertGreaterOrEqual, assertRejects, assertThrows } from "@std/assert";
import { BoundedSemaphore, NotOwnerError, Process, Semaphore, TimeoutError } from "../../mod.ts";
import { drain } from "./fixtures/sync_tasks.ts";
import { bounded, later, oneOfEach, register, soon, timeOf, waitFor, withUser } from "./sync_everywhere.ts";

// Python's get_value() is no part of the contract: what is left is known by taking it.

withUser(
  "[SEM-01] [SEM-02] permits run out, come back by release, and a plain semaphore has more when more are released",
  async (placement, user) => {
    const semaphore = new Semaphore(2);
    const take = () => user.call.tryAcquire(semaphore);
    await user.call.acquire(semaphore);
    await user.call.acquire(semaphore);
    assertEquals([await take(), await take()], [false, false]);
    for (let n = 0; n < 4; n++) await user.call.release(semaphore);
    assertEquals([await take(), await take(), await take(), await take(), await take()], [
      true,
      true,
      true,
      true,
      false,
    ]);
    // Whoever has none makes one.
    await semaphore.release();
    assertEquals(await take(), true);
    if (placement !== "thread") return;
    for (let n = 0; n < 6; n++) await user.call.releaseSync(semaphore);
    for (let n = 0; n < 6; n++) assertEquals(await user.call.acquireSync(semaphore, { timeoutMs: 0 }), false);
    assertEquals(await take(), false);
  },
);

withUser("[SEM-04] a semaphore without permits refuses at once, or after timeoutMs", async (_placement, user) => {
  for (const semaphore of [new Semaphore(0), new BoundedSemaphore(0)]) {
    assertEquals(await user.call.tryAcquire(semaphore), false);
    for (const timeoutMs of [0, -1, 60]) {
      const wait = later(user.call.acquire(semaphore, { timeoutMs }));
      assertGreaterOrEqual(await timeOf(wait), timeoutMs - 5);
      await assertRejects(() => wait, TimeoutError);
    }
    assertEquals(Deno.inspect(semaphore), `${semaphore.constructor.name}(0 free)`);
  }
});

Deno.test("[SEM-05] a semaphore is made with a whole number of permits that is not negative", () => {
  for (const Kind of [Semaphore, BoundedSemaphore]) {
    for (const permits of [-1, 0.5, Infinity]) assertThrows(() => new Kind(permits), RangeError, "permits");
    for (const permits of [NaN, "2", null]) assertThrows(() => new Kind(permits as number), TypeError, "permits");
    assertEquals(Deno.inspect(new Kind()), `${Kind.name}(1 free)`);
  }
});

withUser("[SEM-06] a bounded semaphore refuses to be released by one who has no permit", async (_placement, user) => {
  const [none, two] = [new BoundedSemaphore(0), new BoundedSemaphore(2)];
  await assertRejects(() => later(user.call.release(none)), NotOwnerError, "Cannot release a bounded semaphore");
  await assertRejects(() => later(user.call.releaseSync(none)), NotOwnerError);
  await user.call.acquire(two);
  await assertRejects(() => two.release(), NotOwnerError);
  await user.call.release(two);
  await assertRejects(() => later(user.call.release(two)), NotOwnerError);
  assertEquals(Deno.inspect(two), "BoundedSemaphore(2 free)");
});

bounded("permits are given in the order of asking, to threads, subprocesses and here", async () => {
  const semaphore = new Semaphore(2);
  const { inline, thread, process } = await oneOfEach();
  await semaphore.acquire();
  await semaphore.acquire();
  const users = [process, inline, thread, process, thread];
  const asked: Promise<unknown>[] = [];
  for (const user of users) {
    asked.push(later(user.call.acquire(semaphore)));
    await waitFor(asked.length, semaphore);
  }
  for (let n = 0; n < users.length; n++) {
    // The program's first two, and then what the others got.
    if (n < 2) await semaphore.release();
    else await users[n - 2].call.release(semaphore);
    await soon(asked[n]);
    await waitFor(users.length - n - 1, semaphore);
  }
});

bounded("a thread that blocks gets every permit that was made, also those that only the home has", async () => {
  const [semaphore, made] = [new Semaphore(0), 300];
  const p = new Process(drain, [semaphore, made], { placement: "thread" });
  for (let n = 0; n < made - 5; n++) await semaphore.release();
  await p.start();
  await waitFor(1, semaphore);
  for (let n = 0; n < 5; n++) await semaphore.release();
  assertEquals(await soon(p.result, 5000), made);
  // What it had is free with its end.
  for (let n = 0; n < made; n++) assert(await semaphore.tryAcquire());
  assertEquals(await semaphore.tryAcquire(), undefined);
});

withUser("a wait for a permit that is aborted has taken none", async (_placement, user) => {
  const semaphore = new Semaphore(1);
  await semaphore.acquire();
  const controller = new AbortController();
  const waiting = later(user.call.acquire(semaphore, { signal: controller.signal }));
  await waitFor(1, semaphore);
  controller.abort(new RangeError("enough"));
  await assertRejects(() => soon(waiting), RangeError, "enough");
  await waitFor(0, semaphore);
  await semaphore.release();
  assertEquals(Deno.inspect(semaphore), "Semaphore(1 free)");
});

register("Semaphores");
