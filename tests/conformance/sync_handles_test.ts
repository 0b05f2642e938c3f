/** Locks and the like on their way: in messages to children that run already, and on to third parties. */

import { assertEquals } from "@std/assert";
import {
  Barrier,
  BoundedSemaphore,
  Condition,
  EventFlag,
  Lock,
  Queue,
  RLock,
  Semaphore,
  SharedValue,
} from "../../mod.ts";
import { type Parcel, useParcels } from "./fixtures/sync_parcels.ts";
import { everywhere, soon, start } from "./sync_everywhere.ts";

everywhere(
  "[BEAT-23] what came by a queue to a child that runs, from there to a third, works there",
  async (placement) => {
    const [parcels, forwarded] = [new Queue<Parcel>(), new Queue<Parcel>()];
    const [first, second] = await Promise.all([
      start(placement, useParcels, parcels, forwarded),
      start("thread", useParcels, forwarded, undefined),
    ]);

    const value = new SharedValue("int32");
    const permits = [new Lock(), new RLock(), new Semaphore(2), new BoundedSemaphore(2)];
    const lock = new Lock();
    const things = { permits, condition: new Condition(lock), flag: new EventFlag(), barrier: new Barrier(3), value };
    await parcels.put({ nested: new Map([["things", [things]]]) });
    await parcels.close();

    await soon(things.barrier.wait(), 10_000);
    using _held = await things.condition.lock.acquire();
    await things.condition.waitFor(async () => await value.get() === 2, { timeoutMs: 10_000 });
    await things.flag.set();
    assertEquals([await soon(first.result), await soon(second.result)], [5, 5]);
    assertEquals(permits.map((each) => Deno.inspect(each)), [
      "Lock(free)",
      "RLock(free)",
      "Semaphore(2 free)",
      "BoundedSemaphore(2 free)",
    ]);
  },
);
