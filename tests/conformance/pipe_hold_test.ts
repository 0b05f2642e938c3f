import { assertEquals, assertRejects } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { type Connection, DisconnectedError, NotSerializableError, pipe, Process, Queue } from "../../mod.ts";
import { echo, echoNext, giveBack, hold, passOn } from "./fixtures/pipe_tasks.ts";
import { bounded, everywhere, range, rejection, turns } from "./pipe_everywhere.ts";

const PROMPT_MS = 2000;

/** Fails unless the peer of `end` is gone. */
async function assertGone(end: Connection<unknown>): Promise<void> {
  await deadline(rejection(end.recv(), DisconnectedError), PROMPT_MS);
}

/** Fails unless a message that is sent on `end` is accepted, and so somebody may still read it. */
async function assertThere(end: Connection<unknown>): Promise<void> {
  await end.send("is anybody there?");
}

everywhere(
  "[PIPE-21] the parent closes its copy of the child's end right after the start: they exchange messages all the same",
  async (world) => {
    for (const how of ["before it has started", "when it has started"]) {
      const [here, there] = pipe<unknown>();
      const child = new Process(echo, [there], { placement: world.placement });
      const starting = child.start();
      if (how === "when it has started") await starting;
      await there.close();
      await here.send(how);
      assertEquals(await here.recv(), how);
      await here.close();
      await starting;
      assertEquals((await child.join())?.code, 0);
    }
  },
);

everywhere("the maker of an end holds it until it passes it on, and need not close it then", async (world) => {
  const [here, there] = pipe<unknown>();
  await assertThere(here);
  const holding = new Queue<string>();
  const child = await world.start(hold, there, holding);
  await holding.get();
  await assertThere(here);
  await child.kill();
  await assertGone(here);
});

everywhere("a maker that uses an end after it passed it on holds it again, until it closes it", async (world) => {
  const [here, there] = pipe<unknown>();
  const holding = new Queue<string>();
  const child = await world.start(hold, there, holding);
  assertEquals(await there.poll(), false);
  await child.kill();
  await here.send("for the maker");
  assertEquals(await there.recv(), "for the maker");
  await there.close();
  await assertGone(here);
});

everywhere("a maker that uses an end after it passed it on holds it also when it passes it on again", async (world) => {
  const [here, there] = pipe<unknown>();
  const holding = new Queue<string>();
  const first = await world.start(hold, there, holding);
  assertEquals(await there.poll(), false);
  const second = await world.start(hold, there, holding);
  await Promise.all([first.kill(), second.kill()]);
  await here.send("for the maker");
  assertEquals(await there.recv(), "for the maker");
  await there.close();
  await assertGone(here);
});

everywhere("a maker that is receiving on an end while it passes it on goes on receiving", async (world) => {
  const [here, there] = pipe<unknown>();
  const received = there.recv();
  const holding = new Queue<string>();
  const child = await world.start(hold, there, holding);
  await holding.get();
  await here.send("for the maker");
  assertEquals(await received, "for the maker");
  await child.kill();
  await there.close();
  await assertGone(here);
});

everywhere("an end that lies in a queue is held there: its peer does not see an end", async (world) => {
  const queue = new Queue<Connection<unknown>>();
  const [here, there] = pipe<unknown>();
  const child = await world.start(passOn, there, queue);
  await child.join();
  await there.close();
  await assertThere(here);
  const received = await queue.get();
  assertEquals(await received.recv(), "is anybody there?");
  await received.close();
  await assertGone(here);
});

everywhere(
  "[PIPE-25] as far as there are connections without a network: an end received by message and sent on to another process is read there, and all data arrives",
  async (world) => {
    const queue = new Queue<Connection<unknown>>();
    const [here, there] = pipe<unknown>();
    const first = await world.start(passOn, there, queue);
    const second = await world.start(echoNext, queue);
    await first.join();
    const messages = [1, "two", { three: 3 }, new Uint8Array(100_000), null];
    for (const message of messages) {
      await here.send(message);
      assertEquals(await here.recv(), message);
    }
    await here.close();
    assertEquals((await second.join())?.code, 0);
  },
);

everywhere("an end within an unread message is gone with the one who could have read it", async (world) => {
  const [outer, outerThere] = pipe<unknown>();
  const [here, there] = pipe<unknown>();
  const holding = new Queue<string>();
  const child = await world.start(hold, outerThere as Connection<unknown>, holding);
  await holding.get();
  await outer.send({ deep: [there] });
  await assertThere(here);
  await child.kill();
  await assertGone(here);
});

everywhere("an end within a message that is received is held by who received it", async (world) => {
  const [outer, outerThere] = await world.ends<unknown>();
  const [here, there] = pipe<unknown>();
  await outer.send({ deep: [there] });
  const { deep: [returned] } = await outerThere.recv() as { deep: [Connection<unknown>] };
  await here.send("through two pipes");
  assertEquals(await returned.recv(), "through two pipes");
});

everywhere(
  "an end given to an actor that is gone, or in a call that it never handled, is given back",
  async (world) => {
    const user = await world.user();
    const [here, there] = pipe<unknown>();
    const gone = await world.spawn((await import("./fixtures/end_user.ts")).EndUser, []);
    await gone.kill();
    await assertRejects(() => gone.call.take(there));
    await assertGone(here);

    const [near, far] = pipe<unknown>();
    gone.cast.take(far);
    await assertGone(near);
    assertEquals(await user.take(pipe<unknown>()[0] as Connection<unknown>), undefined);
  },
);

everywhere("an end in a message that could not be sent is not passed on", async (world) => {
  const user = await world.user();
  const [here, there] = pipe<unknown>();
  await assertRejects(() => user.take([there, () => 1] as never), NotSerializableError);
  await here.send("still here");
  assertEquals(await there.recv(), "still here");
  await there.close();
  await assertGone(here);
});

everywhere(
  "an end that is sent twice in one message, or to one holder in two, is gone when the holder closes it",
  async (world) => {
    const [outer, outerThere] = await world.ends<unknown>();
    const [here, there] = pipe<unknown>();
    await outer.send([there, there]);
    const [first, second] = await outerThere.recv() as [Connection<unknown>, Connection<unknown>];
    assertEquals(first === second, true);
    // What came back here is held here, what went there is held there.
    await assertThere(here);
    await first.close();
    await outerThere.close();
    await outer.close();
    await here.close();
  },
);

everywhere("a closed end cannot be passed on", async (world) => {
  const user = await world.user();
  const [here, there] = pipe<unknown>();
  await there.close();
  await assertRejects(() => user.take(there), Error, "this end is closed");
  await assertGone(here);
});

everywhere("an end that a task was given and gives back as its result is held by who gets that", async (world) => {
  const [here, there] = pipe<unknown>();
  const child = await world.start(giveBack, there);
  const returned = await child.result;
  await child.join();
  await here.send("is it still there?");
  assertEquals(await returned.recv(), "is it still there?");
  await returned.close();
  await assertGone(here);
});

everywhere(
  "closing one of an isolate's handles leaves its others open, and the end is gone with the last",
  async (world) => {
    const user = await world.user();
    const [here, there] = pipe<unknown>();
    await user.take(there);
    const copies = [await user.give(), await user.give()] as Connection<unknown>[];
    await user.close();
    await assertThere(here);
    await copies[0].close();
    await here.send("for the last");
    assertEquals([await copies[1].recv(), await copies[1].recv()], ["is anybody there?", "for the last"]);
    await copies[1].close();
    await assertGone(here);
  },
);

bounded("pipes made, used and closed leave nothing behind that grows", async () => {
  for (const _ of range(2000)) {
    const [a, b] = pipe<number>();
    await a.send(1);
    await b.recv();
    await a.close();
    await b.close();
  }
  await turns();
  const { holders } = await import("../../channels/kernel/holder.ts");
  const { currentActor } = await import("../../actors/context.ts");
  const { holder } = currentActor();
  assertEquals(holders.get(holder.isolate, holder.slot), holder);
  assertEquals(holder.leases.size < 100, true);
});
