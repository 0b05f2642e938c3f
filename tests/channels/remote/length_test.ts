import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { deadline } from "@std/async";
import { encode } from "@std/msgpack";
import {
  connect,
  type Connection,
  DisconnectedError,
  listen,
  NotSerializableError,
  pipe,
  ProtocolError,
  Queue,
  type Ref,
  spawn,
} from "../../../mod.ts";
import { allEnded } from "./all_ended.ts";
import { Counting } from "./fixtures/counting.ts";
import { FarUser } from "./fixtures/far_user.ts";
import { Generous } from "./fixtures/generous.ts";
import { RawPeer, REPLY, SEND } from "./raw_peer.ts";

const WITHIN_MS = 5000;
const authKey = "swordfish";
const MOST = 10_000;
const LONG = 20_000;

/** Fails unless the message is refused for its length. */
async function assertTooLong(sending: () => Promise<unknown>, path: string): Promise<void> {
  const error = await assertRejects(() => deadline(sending(), WITHIN_MS), NotSerializableError);
  assert(
    /^Cannot send \S+: its 20\d{3} bytes are more than the 10000 that the other program takes$/.test(error.message),
    error.message,
  );
  assertEquals(error.path, path);
}

Deno.test("a message that is longer than the other side takes is refused where it is sent, and nothing else changes", async () => {
  const listener = await listen(undefined, { authKey, maxFrameBytes: MOST });
  // deno-lint-ignore no-explicit-any -- what comes over it is checked by what is done with it
  const client = await connect<any>(listener.address, { authKey });
  const served = await listener.accept();
  const counting = await spawn(Counting, [], { placement: "inline" });
  const queue = new Queue<unknown>();
  await served.send({ queue, counting });
  const theirs = await client.recv() as { queue: Queue<unknown>; counting: Ref<Counting> };

  await assertTooLong(() => client.send("x".repeat(LONG)), "message");
  await assertTooLong(() => client.sendBytes(new Uint8Array(LONG)), "view");
  await assertTooLong(() => theirs.queue.put(new Uint8Array(LONG)), "item");
  await assertTooLong(async () => await theirs.counting.call.count(...[new Uint8Array(LONG)] as unknown as []), "args");
  assertThrows(() => theirs.counting.cast.count(...[new Uint8Array(LONG)] as unknown as []), NotSerializableError);

  await client.send("well");
  assertEquals(await served.recv(), "well");
  assertEquals(await queue.size(), 0);
  assertEquals(await theirs.counting.call.count(), 1);
  // The other way nothing of that holds: each side takes what it takes.
  await served.send("x".repeat(LONG));
  assertEquals((await client.recv()).length, LONG);
  await counting.stop();
  await Promise.all([client.close(), served.close(), listener.close()]);
  await allEnded();
});

Deno.test("an answer that is longer than the asker takes is an error of that call, and an item stays in its queue", async () => {
  for (const placement of ["inline", "thread", "process"] as const) {
    const listener = await listen(undefined, { authKey });
    // deno-lint-ignore no-explicit-any -- what comes over it is checked by what is done with it
    const client = await connect<any>(listener.address, { authKey, maxFrameBytes: MOST });
    const served = await listener.accept();
    await using generous = await spawn(Generous, [], { placement });
    const queue = await generous.call.queue(1, LONG);
    await served.send({ generous, queue });
    const theirs = await client.recv() as { generous: Ref<Generous>; queue: Queue<Uint8Array> };
    const tooLong = async (asking: () => Promise<unknown>) => {
      await assertRejects(() => deadline(asking(), WITHIN_MS), NotSerializableError, "that the other program takes");
    };
    await tooLong(async () => await theirs.generous.call.bytes(LONG));
    await tooLong(() => theirs.queue.get());
    await tooLong(() => theirs.queue.tryGet());
    assertEquals(await theirs.generous.call.bytes(10), new Uint8Array(10).fill(1));
    assertEquals(await theirs.queue.size(), 1);
    assertEquals((await queue.get()).length, LONG);
    await Promise.all([client.close(), served.close(), listener.close()]);
  }
  await allEnded();
});

for (const placement of ["thread", "process"] as const) {
  Deno.test(`a message of a ${placement} to another program is refused there when it is too long, and its handles are given back`, async () => {
    const listener = await listen(undefined, { authKey, maxFrameBytes: MOST });
    // deno-lint-ignore no-explicit-any -- what comes over it is checked by what is done with it
    const client = await connect<any>(listener.address, { authKey });
    const served = await listener.accept() as Connection<unknown>;
    const counting = await spawn(Counting, [], { placement: "inline" });
    const queue = new Queue<unknown>();
    await served.send({ queue, counting });
    const theirs = await client.recv() as { queue: Queue<unknown>; counting: Ref<Counting> };
    const user = await spawn(FarUser, [], { placement });

    const [mine, end] = pipe<number>();
    await assertTooLong(async () => await user.call.put(theirs.queue, LONG, end), "message");
    await assertTooLong(async () => await user.call.call(theirs.counting as never, LONG), "message");
    await assertTooLong(async () => await user.call.send(client, LONG), "message");
    assertEquals(await queue.size(), 0);
    // More than there may be under way: each of those that were refused has given its place back.
    assertEquals(await theirs.counting.call.count(), 1);
    // Nobody at the other side holds the end.
    await user.stop();
    await end.close();
    await assertRejects(() => deadline(mine.recv(), WITHIN_MS), DisconnectedError);
    await counting.stop();
    await Promise.all([client.close(), served.close(), listener.close()]);
    await allEnded();
  });
}

Deno.test("a peer that does not say how long a frame it takes is sent none of more than 64 MiB", async () => {
  const listener = await listen(undefined, { authKey, maxFrameBytes: 2 ** 31 });
  using raw = await RawPeer.join(listener.address, authKey);
  const served = await listener.accept() as Connection<unknown>;
  assertEquals(Number(raw.welcome.maxFrameBytes), 2 ** 31, "this side says it");
  await assertRejects(() => served.send(new Uint8Array(2 ** 26)), NotSerializableError, "67108864");
  const sent = served.send("well");
  const header = await raw.next(([, , kind]) => kind === SEND);
  await raw.envelope(">", "<", [REPLY, header[7], "value", null, []], encode(true));
  await deadline(sent, WITHIN_MS);
  await served.close();
  await listener.close();
  await allEnded();
});

Deno.test("a frame that is longer than this side takes ends its connection and no other, and its reader is told why", async () => {
  const listener = await listen(undefined, { authKey, maxFrameBytes: MOST });
  const client = await connect<string, string>(listener.address, { authKey });
  const other = await listener.accept() as Connection<string>;
  using raw = await RawPeer.join(listener.address, authKey);
  const served = await listener.accept() as Connection<unknown>;
  const receiving = assertRejects(() => deadline(served.recv(), WITHIN_MS), DisconnectedError);
  const sending = assertRejects(() => deadline(served.send("a"), WITHIN_MS), DisconnectedError);
  await raw.next(([, , kind]) => kind === SEND);
  // The length is enough: nothing of the rest is waited for.
  await raw.write(new Uint8Array([0, 0, MOST + 1 >> 8, MOST + 1 & 0xff]));
  await raw.untilHungUp();
  const later = assertRejects(() => deadline(served.recv(), WITHIN_MS), DisconnectedError);
  await sending;
  for (const { cause } of [await receiving, await later]) {
    assert(cause instanceof ProtocolError, `it is ${cause}`);
    assertEquals(cause.message, "Cannot receive a frame: 10001 bytes are more than 10000");
  }
  await client.send("well");
  assertEquals(await deadline(other.recv(), WITHIN_MS), "well");
  await other.send("well");
  assertEquals(await deadline(client.recv(), WITHIN_MS), "well");
  await Promise.all([client.close(), other.close(), served.close(), listener.close()]);
  await allEnded();
});
