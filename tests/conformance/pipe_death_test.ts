import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { type Connection, DisconnectedError, pipe, Process, Queue } from "../../mod.ts";
import {
  endAs,
  type Ending,
  flood,
  hold,
  isWhole,
  makePipe,
  type Numbered,
  receiveAndSpin,
} from "./fixtures/pipe_tasks.ts";
import { bounded, ELSEWHERE, everywhere, range, rejection, turns, World } from "./pipe_everywhere.ts";

/** The contract says 100 ms; the machine that runs the tests may be busy. */
const PROMPT_MS = 2000;

/** Runs with the last word of a child already received, and expects that its end is seen. */
async function expectEnd(here: Connection<unknown>, end: () => unknown): Promise<void> {
  assertEquals([await here.recv(), await here.recv()], ["first", "last"]);
  const gone = rejection(here.recv(), DisconnectedError);
  const polled = here.poll({ timeoutMs: Infinity });
  await turns();
  end();
  await deadline(gone, PROMPT_MS);
  assertEquals(await deadline(polled, PROMPT_MS), true);
  await assertRejects(() => here.send("too late"), DisconnectedError);
}

const endings: Record<string, Ending> = {
  "returns": "return",
  "throws": "throw",
  "leaves by exit()": "exit",
  "has an unhandled rejection": "reject later",
};
for (const [what, ending] of Object.entries(endings)) {
  everywhere(
    `[pain 14] who holds the only copy of an end ${what}: the peer gets what it sent, then DisconnectedError`,
    async (world) => {
      const [here, there] = pipe<unknown>();
      const child = await world.start(endAs, there, ending);
      // Nothing was closed by hand: not the child's copy, nor the one that this test still has.
      assertEquals([await here.recv(), await here.recv()], ["first", "last"]);
      await deadline(rejection(here.recv(), DisconnectedError), PROMPT_MS);
      assertEquals(await here.poll(), true);
      await assertRejects(() => here.send("too late"), DisconnectedError);
      assertEquals(there.closed, false);
      await child.join();
    },
  );
}

everywhere(
  "[pain 14] who holds the only copy of an end is killed: its peer gets DisconnectedError within 2 s",
  async (world) => {
    const [here, there] = pipe<unknown>();
    const child = await world.start(endAs, there, "wait");
    await expectEnd(here, () => child.kill());
  },
);

everywhere(
  "[pain 14] who holds the only copy of an end is terminated: its peer gets DisconnectedError within 2 s",
  async (world) => {
    const [here, there] = pipe<unknown>();
    const child = await world.start(endAs, there, "wait");
    await expectEnd(here, () => child.terminate());
  },
);

everywhere(
  "[pain 14] who holds the only copy of an end is killed in a busy loop: its peer gets DisconnectedError within 2 s",
  async (world) => {
    const [here, there] = pipe<unknown>();
    const child = await world.start(endAs, there, "spin");
    await expectEnd(here, () => child.kill());
  },
  { placements: ELSEWHERE },
);

everywhere(
  "[pain 14] who holds the only copy of an end is killed by a signal from outside: its peer gets DisconnectedError within 2 s",
  async (world) => {
    const [here, there] = pipe<unknown>();
    const child = await world.start(endAs, there, "spin");
    await expectEnd(here, () => Deno.kill(child.pid!, "SIGKILL"));
  },
  { placements: ["process"] },
);

everywhere("the end is gone only with the last of those who hold it", async (world) => {
  const [here, there] = pipe<unknown>();
  const holding = new Queue<string>();
  const first = await world.start(hold, there, holding);
  const second = await world.start(hold, there, holding);
  assertEquals([await holding.get(), await holding.get()], ["open", "open"]);
  const gone = rejection(here.recv(), DisconnectedError);
  await first.kill();
  await here.send("accepted: somebody may still read it");
  assertEquals(await here.poll(), false);
  await second.kill();
  await deadline(gone, PROMPT_MS);
});

everywhere("sends that wait for room reject when the one who never read is killed", async (world) => {
  const [here, there] = pipe<unknown>();
  const holding = new Queue<string>();
  const child = await world.start(hold, there, holding);
  await holding.get();
  const sends = range(300).map((number) => here.send(number));
  const refused = sends.slice(256).map((send) => rejection(send, DisconnectedError));
  await Promise.all(sends.slice(0, 256));
  await child.kill();
  await deadline(Promise.all(refused), PROMPT_MS);
});

everywhere(
  "a sender that is killed while it sends without a pause: what came is whole and in order, then the end",
  async (world) => {
    const MAX_BYTES = 50_000;
    for (const rounds of [1, 7, 40]) {
      const [here, there] = pipe<Numbered>();
      const child = await world.start(flood, there, MAX_BYTES);
      let next = 0;
      const reading = (async () => {
        for await (const message of here) {
          assertEquals(message.number, next++);
          assert(isWhole(message, MAX_BYTES), `message ${message.number} is torn`);
          if (next === rounds) void child.kill();
          // An inline sender and its reader would else never let anybody else run.
          if (next % 10 === 0) await turns(1);
        }
      })();
      await deadline(reading, PROMPT_MS * 2);
      assert(next >= rounds);
    }
  },
);

everywhere(
  "a message on its way to a reader that is killed before it has it goes to another one, in its place",
  async (world) => {
    const [here, there] = pipe<unknown>();
    const about = new Queue<string>();
    const child = await world.start(receiveAndSpin, there, about);
    const heir = await there.poll();
    assertEquals([heir, await about.get()], [false, "waiting"]);
    for (const number of range(3)) await here.send(number);
    assertEquals(await there.tryRecv(), { value: 1 });
    await child.kill();
    assertEquals([await there.recv(), await there.recv()], [0, 2]);
  },
  { placements: ELSEWHERE },
);

everywhere("what moves with a message dies with the reader it is on its way to, and others read on", async (world) => {
  const [here, there] = pipe<unknown>();
  const about = new Queue<string>();
  const child = await world.start(receiveAndSpin, there, about);
  assertEquals([await there.poll(), await about.get()], [false, "waiting"]);
  const buffer = new ArrayBuffer(100);
  await here.send({ buffer }, { transfer: [buffer] });
  await here.send("next");
  await child.kill();
  assertEquals(await there.recv(), "next");
  assertEquals(await there.poll(), false);
}, { placements: ["thread"] });

everywhere(
  "when the home of a pipe is gone, everything about it is a DisconnectedError, and close() is fine",
  async (world) => {
    const ends = new Queue<Connection<unknown>>();
    const child = await world.start(makePipe, ends);
    const [first, second] = [await ends.get(), await ends.get()];
    await first.send("unread");
    const waits = [first.recv(), first.poll({ timeoutMs: Infinity }), first.recvBytes()].map((wait) =>
      rejection(wait, DisconnectedError)
    );
    await turns();
    await child.kill();
    await deadline(Promise.all(waits), PROMPT_MS);
    for (const end of [first, second]) {
      for (
        const operation of [
          () => end.send(1),
          () => end.recv(),
          () => end.tryRecv(),
          () => end.poll(),
          () => end.sendBytes(new Uint8Array(1)),
          () => end.recvBytes({ timeoutMs: 60_000 }),
          () => end.recvBytesInto(new Uint8Array(1)),
        ]
      ) assertInstanceOf(await rejection<DisconnectedError>(operation(), DisconnectedError), DisconnectedError);
      await end.close();
      assertEquals(end.closed, true);
    }
  },
  { placements: ELSEWHERE },
);

everywhere("a pipe whose home is gone is so for a third party, too", async (world) => {
  const ends = new Queue<Connection<unknown>>();
  const home = await world.start(makePipe, ends);
  const user = await world.use(await ends.get());
  const waiting = rejection(user.recv(), DisconnectedError);
  await user.flags();
  await home.kill();
  await deadline(waiting, PROMPT_MS);
  await assertRejects(() => user.send(1), DisconnectedError);
  await user.close();
}, { placements: ELSEWHERE });

for (const placement of ["thread", "process"] as const) {
  bounded(`the end of one child is seen by its peer in another (${placement})`, async () => {
    const world = new World(placement);
    const [first, second] = pipe<unknown>();
    const user = await world.use(first as Connection<unknown>);
    const child = await world.start(endAs, second, "wait");
    assertEquals([await user.recv(), await user.recv()], ["first", "last"]);
    const gone = rejection(user.recv(), DisconnectedError);
    await user.flags();
    await child.kill();
    await deadline(gone, PROMPT_MS);
    await assertRejects(() => user.send(1), DisconnectedError);
  });
}

everywhere(
  "a child that cannot start holds nothing: the peer of the end it was to have sees the end",
  async (world) => {
    const [here, there] = pipe<unknown>();
    const aborted = new AbortController();
    const child = new Process(endAs, [there, "wait"], { placement: world.placement, signal: aborted.signal });
    const starting = rejection(child.start(), RangeError);
    aborted.abort(new RangeError("not wanted any more"));
    await starting;
    const got = (async () => {
      for await (const _ of here);
    })();
    await deadline(got, PROMPT_MS);
  },
  { placements: ELSEWHERE },
);
