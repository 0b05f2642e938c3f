/**
 * Locks, event flags and barriers between threads, and between subprocesses, beside those of Python's multiprocessing
 * where `python3` is there.
 *
 * @module
 */

import { Barrier, EventFlag, Lock, type PlacementName, type Ref, spawn } from "../../mod.ts";
import { LocksUser } from "./locks_users.ts";
import { suite } from "./suite.ts";

await suite(import.meta.main, async ({ compare, python, stack }) => {
  const users = new Map<PlacementName, Ref<LocksUser>["call"][]>();
  for (const placement of ["thread", "process"] as const) {
    const refsThere = [];
    for (let n = 0; n < 4; n++) refsThere.push(stack.use(await spawn(LocksUser, [], { placement })));
    users.set(placement, refsThere.map((ref) => ref.with({ timeoutMs: Infinity }).call));
  }
  const threads = users.get("thread")!;
  const peer = await python("locks_peer.py");

  const free = new Lock();
  await compare({
    title: "Lock: acquire and release one that is free",
    show: "time",
    batch: 1000,
    alternatives: [
      { name: "thread, acquireSync()", run: async (count) => await threads[0].lockSync(free, count) },
      { name: "thread, await acquire()", run: async (count) => await threads[0].lock(free, count) },
      {
        name: "home, await acquire()",
        async run(count) {
          for (let i = 0; i < count; i++) {
            await free.acquire();
            await free.release();
          }
        },
      },
      { name: "process", run: async (count) => await users.get("process")![0].lock(free, count) },
      peer.alternative("processes", "free"),
    ],
  });

  const contended = new Lock();
  const byTwo = (use: (user: number, count: number) => PromiseLike<void>) => async (count: number) => {
    await Promise.all([use(0, Math.ceil(count / 2)), use(1, Math.floor(count / 2))]);
  };
  await compare({
    title: "Lock: acquire and release one that two want",
    show: "time",
    // Enough that neither user is done before the other begins.
    batch: 1000,
    alternatives: [
      { name: "threads, acquireSync()", run: byTwo((user, count) => threads[user].lockSync(contended, count)) },
      ...[...users].map(([placement, calls]) => ({
        name: `${placement}, await acquire()`,
        run: byTwo((user, count) => calls[user].lock(contended, count)),
      })),
      peer.alternative("processes", "contended"),
    ],
  });

  await compare({
    title: "EventFlag: set, wait and clear, there and back",
    show: "time",
    batch: 100,
    alternatives: [
      ...[...users].map(([placement, calls]) => {
        const [ping, pong] = [new EventFlag(), new EventFlag()];
        return {
          name: `home and ${placement}`,
          async run(count: number) {
            const answered = calls[0].answer(ping, pong, count);
            for (let i = 0; i < count; i++) {
              await ping.set();
              await pong.wait();
              await pong.clear();
            }
            await answered;
          },
        };
      }),
      peer.alternative("processes", "event"),
    ],
  });

  await compare({
    title: "Barrier: four parties pass",
    show: "time",
    batch: 100,
    alternatives: [
      ...[...users].map(([placement, calls]) => {
        const barrier = new Barrier(4);
        return {
          name: `four of ${placement}`,
          async run(count: number) {
            await Promise.all(calls.map((call) => call.meet(barrier, count)));
          },
        };
      }),
      peer.alternative("processes", "barrier"),
    ],
  });
});
