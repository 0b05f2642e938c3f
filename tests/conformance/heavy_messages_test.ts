/** Messages to an actor elsewhere count by their number and, when they are long, by their bytes. */

import { assert, assertEquals } from "@std/assert";
import {
  ActorExitedError,
  child,
  inspect,
  logger,
  type LogRecord,
  manage,
  type Ref,
  spawn,
  supervise,
} from "../../mod.ts";
import { occupy, oneTest, within } from "./actor_contract.ts";
import { Chance } from "../chance.ts";
import { Weigher } from "./fixtures/weigher.ts";
import { below } from "./pool_everywhere.ts";

const MIB = 1024 * 1024;
const MANY = { timeoutMs: Infinity };

/** The ways in which an actor can be elsewhere; each gives one, and what ends it. */
const ELSEWHERE: Readonly<Record<string, (stack: AsyncDisposableStack) => Promise<Ref<Weigher>>>> = {
  thread: async (stack) => stack.use(await spawn(Weigher, [], { placement: "thread", name: "weigher" })),
  process: async (stack) => stack.use(await spawn(Weigher, [], { placement: "process", name: "weigher" })),
  "supervised thread": async (stack) => {
    const options = { placement: "thread", name: "weigher" } as const;
    return stack.use(await supervise({ weigher: child(Weigher, [], options) })).refs.weigher;
  },
  "supervised elsewhere": async (stack) => {
    const options = { placement: "inline", name: "weigher" } as const;
    const app = await supervise({ weigher: child(Weigher, [], options) }, { placement: "process" });
    return stack.use(app).refs.weigher;
  },
  "made in a thread": async (stack) => {
    const manager = stack.use(await manage({}, { placement: "thread" }));
    return await manager.make(Weigher);
  },
};

function eachElsewhere(name: string, body: (weigher: Ref<Weigher>) => Promise<void>): void {
  for (const [where, start] of Object.entries(ELSEWHERE)) {
    oneTest(`${name} (${where})`, async () => {
      await using stack = new AsyncDisposableStack();
      await body(await start(stack));
    });
  }
}

/** How many messages lie in its mailbox: all that was sent before has arrived. */
async function waiting(): Promise<number> {
  while (true) {
    const all = [(await inspect()).tree];
    for (const actor of all) all.push(...actor.children);
    const found = all.find(({ name }) => /^weigher$|^Weigher-/.test(name));
    // An isolate that is busy did not say.
    if (found !== undefined && found.state !== "busy") return found.mailbox;
  }
}

eachElsewhere(
  "of long messages at most 64 MiB and one are under way, the others wait at the sender",
  async (weigher) => {
    const holding = await occupy(weigher);
    const { call } = weigher.with(MANY);
    const calls = below(100).map((n) => call.weigh(n, new Uint8Array(MIB)));
    for (const one of calls) one.catch(() => {});
    // The mailbox takes 1024: it is the bytes for which there is no room.
    assertEquals(await waiting(), 64);
    const ready = weigher.ready();
    await holding.end();
    assertEquals(await within(Promise.all(calls)), Array(100).fill(MIB));
    await within(ready);
    assertEquals(await call.seen(), below(100));
  },
);

eachElsewhere("messages of all sizes get through in order, many times as much as may be under way", async (weigher) => {
  const { call, cast } = weigher.with(MANY);
  const chance = new Chance(20_261_130);
  for (let round = 0; round < 8; round++) {
    const sizes = below(200).map(() => chance.below(3) === 0 ? chance.below(100) : chance.below(300 * 1024));
    const calls = sizes.map((size, n) => {
      if (n % 4 === 0) return cast.weigh(n, new Uint8Array(size)) ?? size;
      return call.weigh(n, new Uint8Array(size));
    });
    assertEquals(await within(Promise.all(calls)), sizes);
    assertEquals(await call.seen(), below(200));
  }
  await weigher.ready({ timeoutMs: 0 });
});

eachElsewhere("a message that is longer than all that may be under way gets through alone", async (weigher) => {
  const { call } = weigher.with(MANY);
  const sizes = [10, 65 * MIB, 10, 66 * MIB, 10];
  assertEquals(await Promise.all(sizes.map((size, n) => call.weigh(n, new Uint8Array(size)))), sizes);
  assertEquals(await call.seen(), below(5));
});

eachElsewhere("when the actor dies, calls that are under way and calls that wait reject", async (weigher) => {
  const holding = await occupy(weigher);
  holding.call.catch(() => {});
  const { call } = weigher.with(MANY);
  const calls = below(100).map((n) => call.weigh(n, new Uint8Array(MIB)));
  const settled = Promise.allSettled(calls);
  await weigher.kill();
  for (const outcome of await within(settled)) {
    assert(outcome.status === "rejected" && outcome.reason instanceof ActorExitedError);
  }
});

oneTest("the log tells of an actor for which many messages or bytes wait: once, and again when none did", async () => {
  const records: LogRecord[] = [];
  const { write } = logger;
  logger.write = (record) => void records.push(record);
  try {
    await using weigher = await spawn(Weigher, [], { placement: "thread", mailbox: { capacity: 1_000_000 } });
    const flood = async (count: number, size: number) => {
      const holding = await occupy(weigher);
      const { call } = weigher.with(MANY);
      const bytes = new Uint8Array(size);
      const calls = below(count).map((n) => call.weigh(n, bytes));
      await holding.end();
      await Promise.all(calls);
    };
    await flood(140, MIB);
    await flood(67_000, 0);
    const found = records.map(({ level, event, message }) => `${level} ${event}: ${message.replace(/\S+/, "it")}`);
    assertEquals(found, [
      "warn outbox-filling: it is sent more than it handles: 64 messages of 64 MiB wait here",
      "warn outbox-filling: it is sent more than it handles: 65537 messages of 0 MiB wait here",
    ]);
  } finally {
    logger.write = write;
  }
}, 60_000);
