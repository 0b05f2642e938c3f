/** Children that are restarted, or stopped, together do not wait for each other meanwhile. */

import { assertEquals } from "@std/assert";
import { child, type PlacementName, Queue, type Strategy, supervise, supervisor } from "../../mod.ts";
import { type Latch, newLatch, open } from "./fixtures/latch.ts";
import { Member, Starting } from "./fixtures/supervised.ts";
import { eachFamily, Log, Watcher } from "./supervised.ts";
import { within } from "./actor_contract.ts";

/** Nobody is killed: one who waits for a sibling that waits for it would be a hang. */
const PATIENTLY = Infinity;

for (const strategy of ["one-for-all", "rest-for-one"] satisfies Strategy[]) {
  eachFamily(`${strategy}: one that is stopped calls one that has ended, and is told so`, async (one, placement) => {
    const [log, waits] = [new Log(), new Queue<string>()];
    const member = (name: string) => child(Member, [name, log], { placement, shutdownMs: PATIENTLY });
    await using app = await supervise({ b: member("b"), a: member("a") }, { strategy, placement: one });
    const { a, b } = app.refs;
    const asking = a.with({ timeoutMs: Infinity }).call.askAtTheEnd(b, waits);
    await within(waits.get());
    await b.kill();
    // A caller that is not restarted with it waits for it.
    const other = b.with({ timeoutMs: Infinity }).call.count();
    assertEquals(await within(asking), "exited");
    assertEquals(await within(other), 1);
  });
}

eachFamily("one that waits for a sibling already is told when they are restarted together", async (one, placement) => {
  const [log, orders] = [new Log(), new Queue<Latch>()];
  const member = (name: string) => child(Member, [name, log], { placement, shutdownMs: PATIENTLY });
  const slow = child(Starting, ["slow", orders, log], { placement });
  const children = { slow, b: member("b"), a: member("a") };
  await using app = await supervise(children, { strategy: "rest-for-one", placement: one });
  const watcher = new Watcher(app);
  const { a, b } = app.refs;
  // The supervisor is busy, and b's death has to wait.
  const latch = newLatch();
  await orders.put(latch);
  const restarted = app.restart("slow");
  await within(latch.entered.get());
  await b.kill();
  await watcher.saw("exited", "b");
  const asking = a.with({ timeoutMs: Infinity }).call.ask(b);
  const other = b.with({ timeoutMs: Infinity }).call.count();
  await open(latch);
  assertEquals(await within(asking), "exited");
  assertEquals(await within(other), 1);
  await within(restarted);
});

for (const placement of ["inline", "thread", "process"] satisfies PlacementName[]) {
  Deno.test(`children of a supervisor that is itself stopped for a while do not wait for each other (${placement})`, async () => {
    const [log, waits] = [new Log(), new Queue<string>()];
    const member = (name: string) => child(Member, [name, log], { placement, shutdownMs: PATIENTLY });
    const inner = supervisor({ a: member("a"), b: member("b") });
    await using app = await supervise({ inner });
    const { a, b } = app.refs.inner.refs;
    const asking = a.with({ timeoutMs: Infinity }).call.askAtTheEnd(b, waits);
    await within(waits.get());
    const restarted = app.restart("inner");
    assertEquals(await within(asking), "exited");
    await within(restarted);
    assertEquals(await within(b.call.count()), 1);
  });
}
