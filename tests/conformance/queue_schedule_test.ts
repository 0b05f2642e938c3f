/** Random schedules of real users that put, get, give up and are killed, until somebody closes the queue. */

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { ActorExitedError, JoinableQueue, Queue, type Ref } from "../../mod.ts";
import { type Outcome, QueueUser } from "./fixtures/queue_user.ts";
import type { Where } from "./place.ts";
import { everywhere, type QueuePlace, within } from "./queue_everywhere.ts";

const SEED = 20_260_104;
const USERS = 3;
const SETTLE_MS = 20_000;
/** Threads and subprocesses take time to start, and some are killed in every run. */
const RUNS: Partial<Record<Where, number>> = { inline: 200, thread: 8, process: 6, remote: 20 };

const user = fc.nat(USERS - 1);
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant("put" as const), user, timeoutMs: fc.constantFrom(0, 1, 5, 60_000) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("get" as const), user, timeoutMs: fc.constantFrom(0, 1, 5, 60_000) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("getForTurns" as const), user, turns: fc.nat(6) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("pause" as const), turns: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const), user }) },
);
const schedule = fc.record({
  maxSize: fc.constantFrom(0, 1, 3),
  steps: fc.array(step, { minLength: 15, maxLength: 60, size: "max" }),
});
type Schedule = typeof schedule extends fc.Arbitrary<infer S> ? S : never;

/** What is known when all is over. */
interface Result {
  /** The puts that were said to be accepted, and those of which nobody was told. */
  readonly accepted: number[];
  readonly unknown: number[];
  /** What was got by the living, and how many gets died with who had made them. */
  readonly got: number[];
  readonly lost: number;
}

async function run(queue: Queue<number>, { steps }: Schedule, place: QueuePlace): Promise<Result> {
  const start = () => place.spawn(QueueUser, [queue], { concurrency: 1000 });
  const users: Ref<QueueUser>[] = await Promise.all(Array.from({ length: USERS }, start));
  const accepted: number[] = [];
  const unknown: number[] = [];
  const got: number[] = [];
  const calls: Promise<void>[] = [];
  let [puts, lost] = [0, 0];
  const note = <T>(call: Promise<T>, settled: (value: T) => void, gone: () => void) => {
    calls.push(call.then(settled, (error) => {
      if (!(error instanceof ActorExitedError)) throw error;
      gone();
    }));
  };
  const noteGet = (call: Promise<Outcome>) =>
    note(call, (outcome) => void (typeof outcome === "object" && got.push(outcome.item)), () => lost++);
  for (const step of steps) {
    if (step.do === "pause") {
      for (let turn = 0; turn < step.turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    const { call } = users[step.user].with({ timeoutMs: Infinity });
    if (step.do === "put") {
      const item = puts++;
      note(
        call.put(item, step.timeoutMs),
        (taken) => void (taken && accepted.push(item)),
        () => void unknown.push(item),
      );
    } else if (step.do === "get") noteGet(call.get(step.timeoutMs));
    else if (step.do === "getForTurns") noteGet(call.getForTurns(step.turns));
    else {
      await users[step.user].kill();
      users[step.user] = await start();
    }
  }
  await queue.close();
  await Promise.all(calls);
  for await (const item of queue) {
    got.push(item);
    if (queue instanceof JoinableQueue) await queue.taskDone(item);
  }
  await Promise.all(users.map((user) => user.kill()));
  return { accepted, unknown, got, lost };
}

function check({ where }: QueuePlace, body: (schedule: Schedule) => Promise<void>): Promise<void> {
  return fc.assert(
    fc.asyncProperty(schedule, (schedule) => within(SETTLE_MS, body(schedule))),
    { numRuns: RUNS[where], seed: SEED, endOnFailure: true },
  );
}

everywhere(
  "Queue: whatever is put, got, aborted and killed, all settles, and no item is lost or doubled",
  async (place) => {
    await check(place, async (schedule) => {
      const queue = new Queue<number>({ maxSize: schedule.maxSize });
      const { accepted, unknown, got, lost } = await run(queue, schedule, place);
      assertEquals(new Set(got).size, got.length, "nobody gets an item twice");
      assert(got.every((item) => accepted.includes(item) || unknown.includes(item)), "nobody gets what was not put");
      const missing = accepted.filter((item) => !got.includes(item));
      assertLessOrEqual(missing.length, lost, "only those who died can have taken more");
    });
  },
  { testMs: 300_000 },
);

everywhere(
  "JoinableQueue: the same, and what the dead had not acknowledged comes again, until join() resolves",
  async (place) => {
    await check(place, async (schedule) => {
      const queue = new JoinableQueue<number>({ maxSize: schedule.maxSize, maxDeliveries: Infinity });
      const { accepted, unknown, got, lost } = await run(queue, schedule, place);
      await queue.join();
      assertEquals(new Set(got).size, got.length, "what was acknowledged does not come again");
      assert(got.every((item) => accepted.includes(item) || unknown.includes(item)), "nobody gets what was not put");
      // Whoever died may have acknowledged an item before, and told nobody else.
      const missing = accepted.filter((item) => !got.includes(item));
      assertLessOrEqual(missing.length, lost);
      assertEquals(await queue.size(), 0);
    });
  },
  { testMs: 300_000 },
);
