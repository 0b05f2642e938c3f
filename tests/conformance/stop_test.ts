/** Tasks and actors that were asked to stop, besides that their waits end. */

import { assertEquals } from "@std/assert";
import { child, pipe, Pool, Process, Queue, spawn, supervise } from "../../mod.ts";
import { bounded, rejection } from "./bounded.ts";
import { cleanUp, pass, sleepWithSignal, takeSlowly, Waiter, waitFor } from "./fixtures/stop_waiters.ts";
import { PLACEMENTS } from "./place.ts";
import { failures, PATIENTLY, STOPPED } from "./stopped.ts";

for (const placement of PLACEMENTS) {
  bounded(`a wait that a task begins after it was asked to stop waits as always (${placement})`, async () => {
    const [jobs, said] = [new Queue<number>(), new Queue<string>()];
    const p = new Process(cleanUp, [jobs, said], { placement });
    await p.start();
    assertEquals(await said.get(), "waiting");
    const stopped = p.stop(PATIENTLY);
    assertEquals(await said.get(), "cleaning up");
    for (const job of [1, 2, 3]) await jobs.put(job);
    await jobs.close();
    assertEquals(await p.result, ["got 1", "loop got 2", "loop got 3"]);
    assertEquals(await stopped, STOPPED);
  });

  for (const what of ["queue", "pipe"] as const) {
    bounded(
      `a loop over a ${what} is left when it comes back from an item, and takes no other (${placement})`,
      async () => {
        const [sender, receiver] = pipe<number>();
        const queue = new Queue<number>();
        const said = new Queue<string>();
        const p = new Process(takeSlowly, [what === "queue" ? queue : receiver, said], { placement });
        await p.start();
        // Used after it was passed on, the end stays the test's, too.
        await receiver.poll();
        for (const item of [1, 2]) await (what === "queue" ? queue.put(item) : sender.send(item));
        await said.get();
        assertEquals([await p.stop(PATIENTLY), await p.result], [STOPPED, [1]]);
        assertEquals(await (what === "queue" ? queue.get() : receiver.recv()), 2);
      },
    );
  }

  bounded(`interrupt() ends a task's waits, too; stop() does so once more (${placement})`, async () => {
    const [jobs, said] = [new Queue<number>(), new Queue<string>()];
    const loops = new Process(waitFor, ["iteration of a Queue", jobs, said], { placement });
    await loops.start();
    await said.get();
    await loops.interrupt();
    assertEquals([await loops.result, (await loops.join())?.reason], ["left", "normal"]);

    const waits = new Process(cleanUp, [jobs, said], { placement });
    await waits.start();
    assertEquals(await said.get(), "waiting");
    await waits.interrupt();
    assertEquals(await said.get(), "cleaning up");
    assertEquals(await waits.stop(PATIENTLY), STOPPED);
  });

  bounded(`leaving by an error that was caused by the reason of the signal is no failure (${placement})`, async () => {
    const failed = await failures(async () => {
      const said = new Queue<string>();
      const p = new Process(sleepWithSignal, [said], { placement });
      await p.start();
      await said.get();
      assertEquals(await p.stop(PATIENTLY), STOPPED);
      assertEquals((await rejection(p.result, Error)).name, "AbortError");
    });
    assertEquals(failed, []);
  });

  bounded(
    `handlers that wait for what does not come, one queued behind the other, are no reason to kill (${placement})`,
    async () => {
      const [jobs, said, log] = [new Queue<number>(), new Queue<string>(), new Queue<string>()];
      const waiter = await spawn(Waiter, [], { placement });
      const { call } = waiter.with({ timeoutMs: Infinity });
      const waits = [1, 2, 3].map(() => rejection(call.wait("Queue.get", jobs, said), DOMException));
      await said.get();
      const queued = call.note("queued", log);
      // Each of those behind the first has its share of this.
      assertEquals(await waiter.stop({ graceMs: 4000 }), STOPPED);
      for (const wait of waits) assertEquals((await wait).name, "AbortError");
      await queued;
      assertEquals([await log.tryGet(), await jobs.size()], [{ value: "queued" }, 0]);
    },
  );

  bounded(`a handler that begins after the stop waits as always for what comes in time (${placement})`, async () => {
    const [jobs, said] = [new Queue<number>(), new Queue<string>()];
    const waiter = await spawn(Waiter, [], { placement });
    const { call } = waiter.with({ timeoutMs: Infinity });
    const first = rejection(call.wait("Queue.get", jobs, said), DOMException);
    await said.get();
    const second = call.wait("Queue.get", jobs, said);
    const stopped = waiter.stop({ graceMs: 60_000 });
    await first;
    assertEquals(await said.get(), "waiting");
    await jobs.put(7);
    assertEquals([await second, await stopped], [7, STOPPED]);
  });

  for (const awaited of [false, true]) {
    const by = awaited ? "its onStop waits for" : "nobody looks after";
    bounded(`a loop of an actor's own that ${by} is no failure when it ends by a stop (${placement})`, async () => {
      for (const kind of ["Queue.get", "iteration of a Queue"]) {
        const failed = await failures(async () => {
          const [jobs, said] = [new Queue<number>(), new Queue<string>()];
          const waiter = await spawn(Waiter, [], { placement });
          waiter.cast.begin(kind, jobs, said, awaited);
          await said.get();
          assertEquals(await waiter.stop(PATIENTLY), STOPPED, kind);
        });
        assertEquals(failed, [], kind);
      }
    });
  }

  bounded(`a cast whose handler is ended by a stop is no failure (${placement})`, async () => {
    const failed = await failures(async () => {
      const [jobs, said] = [new Queue<number>(), new Queue<string>()];
      const waiter = await spawn(Waiter, [], { placement });
      waiter.cast.wait("Queue.get", jobs, said);
      await said.get();
      assertEquals(await waiter.stop(PATIENTLY), STOPPED);
    });
    assertEquals(failed, []);
  });

  bounded(`a pool's task that is called off ends its waits, and its worker goes on (${placement})`, async () => {
    await using pool = new Pool({ size: 1, placement });
    await pool.start();
    const [jobs, said] = [new Queue<number>(), new Queue<string>()];
    for (const kind of ["Queue.get", "iteration of a Queue", "select"]) {
      const enough = new AbortController();
      const given = kind === "select" ? { jobs } : jobs;
      const run = pool.run(waitFor, [kind, given, said], { signal: enough.signal });
      run.catch(() => {});
      await said.get();
      enough.abort(new RangeError("enough"));
      await rejection(run, RangeError);
    }
    // The same worker, though it has half a second to end a task.
    assertEquals(await pool.run(pass, ["through"]), "through");
    assertEquals((await pool.stats()).started, 1);
    await jobs.put(1);
    assertEquals(await jobs.get(), 1);
  });

  bounded(`three consumers under a supervisor are stopped, not killed (${placement})`, async () => {
    const jobs = new Queue<number>();
    const consumer = () => child(waitFor, ["iteration of a Queue", jobs, said], { placement, shutdownMs: Infinity });
    const said = new Queue<string>();
    const app = await supervise({ a: consumer(), b: consumer(), c: consumer() });
    const exits: string[] = [];
    const events = (async () => {
      for await (const event of app.events) {
        if (event.type === "exited") exits.push(`${event.child} ${event.exit.reason}`);
      }
    })();
    for (let n = 0; n < 3; n++) await said.get();
    await app.stop();
    await events;
    assertEquals(exits, ["c stopped", "b stopped", "a stopped"]);
  });
}
