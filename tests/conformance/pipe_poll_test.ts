import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertRejects } from "@std/assert";
import { TimeoutError } from "../../mod.ts";
import { BOTH_HOMES, everywhere, range, turns, watched } from "./pipe_everywhere.ts";

/** Far longer than a wait of no time may last, far shorter than one that was not noticed to be over. */
const LONG_MS = 60_000;

everywhere(
  "[PIPE-08] poll() of an idle end: false at once without time or with less than none, else after it",
  async (world) => {
    const [here, there] = await world.ends();
    for (const end of [here, there]) {
      assertEquals(await end.poll(), false);
      assertEquals(await end.poll({ timeoutMs: -1 }), false);
      assertEquals(await end.poll({ timeoutMs: 0 }), false);
      const start = performance.now();
      assertEquals(await end.poll({ timeoutMs: 100 }), false);
      assertGreaterOrEqual(performance.now() - start, 99);
      assertLess(performance.now() - start, 5000);
    }
  },
  { homes: BOTH_HOMES },
);

everywhere(
  "[PIPE-09] poll() of an end with a message: true at once, and again, and the message stays",
  async (world) => {
    const [here, there] = await world.ends();
    await here.send("for there");
    await there.send("for here");
    for (const _ of range(3)) {
      assertEquals(await here.poll({ timeoutMs: LONG_MS }), true);
      assertEquals(await there.poll({ timeoutMs: LONG_MS }), true);
      assertEquals([await here.poll(), await there.poll()], [true, true]);
    }
    assertEquals([await here.recv(), await there.recv()], ["for here", "for there"]);
    assertEquals([await here.poll(), await there.poll()], [false, false]);
  },
  { homes: BOTH_HOMES },
);

everywhere("poll() that waits is true as soon as a message comes, for everybody who polls", async (world) => {
  const [here, there] = await world.ends();
  const polls = range(3).map(() => there.poll({ timeoutMs: LONG_MS }));
  const states = polls.map(watched);
  await there.flags();
  assert(states.every(({ state }) => state === "pending"));
  await here.send("one for all");
  assertEquals(await Promise.all(polls), [true, true, true]);
  assertEquals(await there.recv(), "one for all");
}, { homes: BOTH_HOMES });

everywhere("poll() is true when the peer is gone, and when it goes", async (world) => {
  const [here, there] = await world.ends();
  const poll = here.poll({ timeoutMs: Infinity });
  await turns();
  await there.close();
  assertEquals(await poll, true);
  assertEquals([await here.poll(), await here.poll({ timeoutMs: LONG_MS })], [true, true]);
}, { homes: BOTH_HOMES });

everywhere("poll() that is aborted rejects with the reason", async (world) => {
  const [here, there] = await world.ends();
  for (const end of [here, there]) {
    const controller = new AbortController();
    const poll = assertRejects(
      () => end.poll({ timeoutMs: Infinity, signal: controller.signal }),
      RangeError,
      "enough",
    );
    await turns();
    controller.abort(new RangeError("enough"));
    await poll;
  }
  await assertRejects(() => here.poll({ signal: AbortSignal.abort(new RangeError("before")) }), RangeError, "before");
  await assertRejects(() => here.poll({ timeoutMs: NaN }), TypeError, "timeoutMs");
});

everywhere("[PIPE-23] an end polled there and then read here: both messages are whole", async (world) => {
  const [sending, end] = await world.pipe<unknown>();
  const there = await world.user();
  await there.take(end);
  const messages = ["hello", { text: "second", list: range(1000) }];
  for (const message of messages) {
    const poll = there.poll({ timeoutMs: LONG_MS });
    await sending.send(message);
    assertEquals(await poll, true);
  }
  assertEquals([await end.recv(), await end.recv()], messages);
  assertEquals(await there.poll(), false);
}, { homes: BOTH_HOMES });

everywhere("recv() that times out has taken nothing", async (world) => {
  const [here, there] = await world.ends();
  const error = await assertRejects(() => there.recv({ timeoutMs: 20 }), TimeoutError, "nothing came in 20 ms");
  assertEquals(error.timeoutMs, 20);
  await assertRejects(() => here.recv({ timeoutMs: 20 }), TimeoutError);
  await here.send("there");
  await there.send("here");
  assertEquals([await there.recv(), await here.recv()], ["there", "here"]);
}, { homes: BOTH_HOMES });
