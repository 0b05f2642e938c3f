/** What an operator reads: the logger, its levels, and what is worth a line. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  child,
  JoinableQueue,
  logger,
  type LogLevel,
  type LogRecord,
  type PlacementName,
  type Ref,
  spawn,
  supervise,
} from "../../mod.ts";
import { bounded, everywhere, until } from "./process_everywhere.ts";
import { takeAndFail } from "./fixtures/joinable_queue_tasks.ts";
import { Scribe } from "./fixtures/log_tasks.ts";
import { Place } from "./place.ts";

/** What is told meanwhile. */
async function told(level: LogLevel, work: (records: LogRecord[]) => Promise<void>): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const { write, level: before } = logger;
  logger.level = level;
  logger.write = (record) => void records.push(record);
  try {
    await work(records);
  } finally {
    logger.write = write;
    logger.level = before;
  }
  return records;
}

async function scribe(placement: PlacementName): Promise<Ref<Scribe>> {
  return await spawn(Scribe, [], { placement, name: "scribe" });
}

everywhere("[MISC-01] a child starts with the log level of who starts it", async (placement) => {
  await told("error", async () => {
    await using first = await scribe(placement);
    assertEquals(await first.call.level(), "error");
  });
});

bounded("[MISC-02] warnings and errors are told when nobody says otherwise", () => {
  assertEquals(logger.level, "warn");
  assertEquals([logger.tells("info"), logger.tells("warn"), logger.tells("error")], [false, true, true]);
  return Promise.resolve();
});

everywhere("[MISC-03] at level debug each start and end is told, with name and address", async (placement) => {
  let address = "";
  const records = await told("debug", async () => {
    await using first = await scribe(placement);
    address = first.address;
  });
  assertEquals(records.map(({ level, event, message }) => ({ level, event, message })), [
    { level: "debug", event: "started", message: `scribe (${address}) has started` },
    { level: "debug", event: "ended", message: `scribe (${address}) has ended (stopped, code 0)` },
  ]);
});

everywhere("[MISC-03] an end by force is told too", async (placement) => {
  const records = await told("debug", async () => {
    const first = await scribe(placement);
    await first.kill();
    await first.exited;
  });
  assertMatch(records.at(-1)!.message, /^scribe \(\S+\) has ended \(killed by SIGKILL\)$/);
});

bounded("a crash of an inline actor is one record, with the error as it was thrown", async () => {
  const records = await told("warn", async () => {
    const first = await scribe("inline");
    first.cast.fail();
    await first.exited;
  });
  assertEquals(records.map(({ level, event }) => [level, event]), [["error", "failed"]]);
  assertMatch(records[0].message, /^scribe \(\S+#\d+\) ended by an uncaught error in fail$/);
  assert(records[0].error instanceof RangeError);
});

bounded(
  "the line of an item that is a dead letter names the queue, and says how often the item was given",
  async () => {
    const records = await told("warn", async () => {
      const jobs = new JoinableQueue<unknown>({ maxDeliveries: 2 });
      await jobs.put("poison");
      for (let n = 0; n < 2; n++) await (await new Place("inline").start(takeAndFail, jobs)).join();
      await jobs.join();
    });
    const messages = records.filter(({ event }) => event === "dead-letter").map(({ message }) => message);
    assertEquals(messages.length, 1);
    assertMatch(messages[0], /^Dead letter: item of a queue to [\da-f]+#\d+, which was given 2 times$/);
  },
);

bounded("each of the first ten dead letters is told, and then their count at every power of ten", async () => {
  const { deadLetters } = await import("../../channels/kernel/dead_letters.ts");
  const before = deadLetters.count;
  const records = await told("warn", async () => {
    const first = await scribe("inline");
    await first.stop();
    while (deadLetters.count < 1000) first.cast.nothing();
    await until(() => deadLetters.count >= 1000, "they are dead letters");
  });
  const few = Math.max(0, 10 - before);
  assertEquals(records.filter(({ message }) => /^Dead letter: nothing to \S+/.test(message)).length, few);
  const counts = records.slice(few).map(({ message }) => Number(/^(\d+) dead letters so far/.exec(message)![1]));
  assertEquals(counts, [100, 1000].filter((count) => count > before));
  assertEquals(new Set(records.map(({ event, level }) => `${event} ${level}`)), new Set(["dead-letter warn"]));
});

bounded("a mailbox that is more than half full is told once, and again only when it was empty meanwhile", async () => {
  const filling = /^scribe \(\S+\) has 11 messages waiting, of 20 that it takes$/;
  await using first = await spawn(Scribe, [], { placement: "inline", name: "scribe", mailbox: { capacity: 20 } });
  const fill = async () => {
    const calls = Array.from({ length: 16 }, () => first.call.nothing());
    await Promise.all(calls);
  };
  const records = await told("warn", async (records) => {
    await Promise.all([first.call.pause(1), fill()]);
    assertEquals(records.length, 1);
    await Promise.all([first.call.pause(1), fill()]);
  });
  assertEquals(records.map(({ event, message }) => [event, filling.test(message)]), [
    ["mailbox-filling", true],
    ["mailbox-filling", true],
  ]);
});

bounded("a restart is a warning, and giving up an error", async () => {
  const records = await told("warn", async (records) => {
    const victim = child(Scribe, [], { placement: "inline", name: "scribe" });
    const app = await supervise({ victim }, { maxRestarts: 1 });
    await app.refs.victim.kill();
    await until(() => records.length === 1, "it is told");
    await app.refs.victim.kill();
    await app.exited;
  });
  assertEquals(records.map(({ level, event }) => [level, event]), [["warn", "restarted"], ["error", "gave-up"]]);
  assertMatch(
    records[0].message,
    /^"victim" of supervisor \(\S+\) has been started again, for it had ended \(killed by SIGKILL\)$/,
  );
  assertMatch(records[1].message, /^supervisor \(\S+\) has given up: Cannot keep "victim" alive: /);
});

bounded("each of a child's first ten restarts is told, and then their count at every power of ten", async () => {
  const records = await told("warn", async () => {
    const victim = child(Scribe, [], { placement: "inline", name: "scribe" });
    const other = child(Scribe, [], { placement: "inline", name: "other" });
    await using app = await supervise({ victim, other });
    for (let n = 0; n < 100; n++) await app.restart("victim");
    await app.restart("other");
  });
  const begin = /^"(victim|other)" of supervisor \(\S+\) has been started again/;
  const end = ", for it had ended (stopped, code 0)";
  assertEquals(records.map(({ message }) => message.replace(begin, "$1")), [
    ...Array.from({ length: 10 }, () => `victim${end}`),
    `victim 100 times, the last time${end}`,
    `other${end}`,
  ]);
});

bounded("a level that is none is refused, and nothing changes", () => {
  assertThrows(
    () => logger.level = "loud" as LogLevel,
    TypeError,
    'Cannot set the log level: it must be one of debug, info, warn, error, silent, not "loud"',
  );
  assertEquals(logger.level, "warn");
  return Promise.resolve();
});

bounded("silent tells nothing, not even a crash", async () => {
  const records = await told("silent", async () => {
    const first = await scribe("inline");
    first.cast.fail();
    await first.exited;
  });
  assertEquals(records, []);
});
