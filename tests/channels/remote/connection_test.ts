import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { deadline, delay } from "@std/async";
import { encode, type ValueType } from "@std/msgpack";
import {
  ActorExitedError,
  ClosedError,
  connect,
  type Connection,
  type ConnectOptions,
  DisconnectedError,
  EventFlag,
  type Exit,
  JoinableQueue,
  listen,
  type Listener,
  type ListenOptions,
  Lock,
  NotSerializableError,
  pipe,
  Queue,
  type Ref,
  Semaphore,
  SharedValue,
  spawn,
  task,
} from "../../../mod.ts";
import { isForeign } from "../../../channels/kernel/address.ts";
import { isolate } from "../../../channels/kernel/isolate.ts";
import { logger } from "../../../channels/kernel/log.ts";
import { until } from "../../conformance/bounded.ts";
import { run } from "../../program.ts";
import { allEnded } from "./all_ended.ts";
import { Counting } from "./fixtures/counting.ts";
import { RawPeer, REPLY, SEND } from "./raw_peer.ts";

const WITHIN_MS = 5000;
const authKey = "swordfish";

/** Two programs, as far as they can tell: both ends of a connection. */
interface Scene {
  readonly listener: Listener;
  // deno-lint-ignore no-explicit-any -- what comes over it is checked by what is done with it
  readonly client: Connection<any>;
  // deno-lint-ignore no-explicit-any -- what comes over it is checked by what is done with it
  readonly served: Connection<any>;
}

function connected(
  name: string,
  run: (scene: Scene) => Promise<void>,
  listening: ListenOptions = {},
  connecting: ConnectOptions = {},
): void {
  Deno.test(name, async () => {
    const listener = await listen(undefined, { authKey, ...listening });
    const client = await connect(listener.address, { authKey, ...connecting });
    const served = await listener.accept();
    try {
      await run({ listener, client, served });
    } finally {
      await Promise.all([client.close(), served.close(), listener.close()]);
      await allEnded();
    }
  });
}

/** Sends a value over, and gives what arrives. */
// deno-lint-ignore no-explicit-any -- any value, and what it is there
async function over({ served, client }: Scene, value: unknown): Promise<any> {
  await served.send(value);
  return await deadline(client.recv(), WITHIN_MS);
}

connected(
  "what was accepted on a connection is received, also after its sender has closed it",
  async ({ client, served }) => {
    await client.send({ n: 1n, when: new Date(0), map: new Map([[1, new Set(["a"])]]) });
    await client.sendBytes(new Uint8Array([1, 2, 3]));
    await client.close();
    assertEquals(await served.recv(), { n: 1n, when: new Date(0), map: new Map([[1, new Set(["a"])]]) });
    assertEquals(await served.recvBytes(), new Uint8Array([1, 2, 3]));
    await assertRejects(() => deadline(served.recv(), WITHIN_MS), DisconnectedError);
    assertEquals(await served.poll(), true);
    await assertRejects(() => served.send(1), DisconnectedError);
    await assertRejects(() => client.send(1), ClosedError);
    await assertRejects(() => client.recv(), ClosedError);
  },
);

connected("iterating a connection ends when the other side has closed it", async ({ client, served }) => {
  for (let i = 0; i < 3; i++) await served.send(i);
  await served.close();
  assertEquals(await deadline(Array.fromAsync(client), WITHIN_MS), [0, 1, 2]);
});

connected("handles of every kind work at the other program", async (scene) => {
  const [here, there] = pipe<string>();
  await using counter = await spawn(Counting, [], { placement: "inline" });
  const made = {
    queue: new Queue<number>(),
    joinable: new JoinableQueue<number>(),
    lock: new Lock(),
    semaphore: new Semaphore(2),
    flag: new EventFlag(),
    value: new SharedValue("int32", 1),
    counter,
    there,
  };
  const { queue, joinable, lock, semaphore, flag, value, counter: ref, there: end } = await over(
    scene,
    made,
  ) as typeof made;
  await queue.put(1);
  assertEquals(await made.queue.get(), 1);
  await joinable.put(1);
  await made.joinable.get();
  await made.joinable.taskDone();
  await joinable.join();
  {
    using _guard = await lock.acquire();
    assertEquals(await made.lock.tryAcquire(), undefined);
  }
  {
    using _first = await semaphore.acquire();
    using _second = await made.semaphore.acquire();
    assertEquals(await semaphore.tryAcquire(), undefined);
  }
  await flag.set();
  assertEquals(await made.flag.isSet(), true);
  assertEquals(await value.add(2), 3);
  assertEquals(await made.value.get(), 3);
  assertEquals(await ref.call.count(), 1);
  await here.send("a");
  assertEquals(await end.recv(), "a");
  await end.close();
  await assertRejects(() => deadline(here.recv(), WITHIN_MS), DisconnectedError);
  // And on to a third party, and home again.
  await scene.client.send(queue);
  const home = await scene.served.recv() as Queue<number>;
  await home.put(2);
  assertEquals(await made.queue.get(), 2);
});

connected("the end of a connection settles all that was waited for over it, and frees what was held", async (scene) => {
  const lock = new Lock();
  const queue = new Queue<number>();
  await using counter = await spawn(Counting, [], { placement: "inline" });
  const theirs = await over(scene, { lock, queue, counter }) as {
    lock: Lock;
    queue: Queue<number>;
    counter: Ref<Counting>;
  };
  await theirs.lock.acquire();
  const waiting = assertRejects(() => theirs.queue.get(), DisconnectedError);
  const exited = theirs.counter.exited;
  assertEquals(await lock.tryAcquire(), undefined);
  await scene.served.close();
  await deadline(waiting, WITHIN_MS);
  using guard = await deadline(lock.acquire(), WITHIN_MS);
  assertEquals(guard.abandoned, true);
  assertEquals((await deadline(exited, WITHIN_MS)).reason, "parent-gone");
  await assertRejects(() => deadline(theirs.counter.call.count(), WITHIN_MS), ActorExitedError);
  await assertRejects(() => deadline(theirs.queue.put(1), WITHIN_MS), DisconnectedError);
  // Here all is as it was.
  assertEquals(await counter.call.count(), 1);
});

connected("an item on its way to a peer that goes is not lost", async (scene) => {
  const queue = new Queue<number>();
  const theirs = await over(scene, queue) as Queue<number>;
  const got = theirs.get();
  got.catch(() => {});
  await scene.client.close();
  await queue.put(1);
  assertEquals(await deadline(queue.get(), WITHIN_MS), 1);
});

connected(
  "[REM-04] a value that cannot travel is refused where it is put, and the queue is as it was",
  async (scene) => {
    const queue = new Queue<unknown>();
    const theirs = await over(scene, queue) as Queue<unknown>;
    await assertRejects(() => theirs.put({ deep: [() => {}] }), NotSerializableError, "deep");
    await assertRejects(() => scene.client.send(Symbol()), NotSerializableError);
    assertEquals(await theirs.size(), 0);
    await theirs.put("well");
    assertEquals(await queue.get(), "well");
  },
);

async function echo(connection: Connection<unknown>): Promise<void> {
  for await (const message of connection) await connection.send(message);
}
task(import.meta.url, echo);

connected(
  "[PIPE-25] a connection that was accepted can be passed on, to a thread, and all data arrives there",
  async ({ client, served }) => {
    const p = await spawn(echo, [served], { placement: "thread" });
    served.close();
    for (let i = 0; i < 100; i++) {
      await client.send({ i, text: "x".repeat(i) });
      assertEquals(await deadline(client.recv(), WITHIN_MS), { i, text: "x".repeat(i) });
    }
    await client.close();
    assertEquals((await deadline(p.exited, WITHIN_MS)).reason, "normal");
  },
);

connected("a program can be connected to itself as often as it likes, and pass a handle round", async (scene) => {
  using second = await connect<unknown>(scene.listener.address, { authKey });
  using served = await scene.listener.accept();
  const queue = new Queue<number>();
  const once = await over(scene, queue) as Queue<number>;
  await second.send(once);
  const twice = await served.recv() as Queue<number>;
  await twice.put(5);
  assertEquals(await queue.get(), 5);
  // The first hop goes, and with it the way.
  await scene.client.close();
  await assertRejects(() => deadline(twice.put(6), WITHIN_MS), DisconnectedError);
});

connected(
  "a message of more values than another program takes is refused; as bytes, or as numbers in a typed array, it passes",
  async ({ client, served }) => {
    const many = 3_000_000;
    await client.send(new Float64Array(many));
    assertEquals((await served.recv()).length, many);
    await assertRejects(() => client.send(new Array(many).fill(0)), NotSerializableError, "2097152 values");
    await client.send("well");
    assertEquals(await deadline(served.recv(), WITHIN_MS), "well");
  },
);

/** A peer that shares no code, and listens on a queue of ours. */
async function rawWithQueue(
  listener: Listener,
  queue: Queue<unknown>,
): Promise<{ raw: RawPeer; address: ValueType[] }> {
  const raw = await RawPeer.join(listener.address, authKey);
  const served = await listener.accept();
  const sent = served.send(queue);
  const header = await raw.next(([, , kind]) => kind === SEND);
  await raw.envelope(">", "<", [REPLY, header[7], "value", null, []]);
  await sent;
  kept.push(served);
  const [, , , , , isolate, slot, incarnation, secret] = (header[11] as ValueType[][])[0];
  return { raw, address: [`>${(isolate as string).slice(1)}`, slot, incarnation, secret] };
}
const kept: Connection<unknown>[] = [];

Deno.test("a peer that floods is not read: it has to wait, memory stays as it is, and others are served", async () => {
  const listener = await listen(undefined, { authKey, heartbeatMs: 60_000 });
  const queue = new Queue<unknown>({ maxSize: 1 });
  const { raw, address } = await rawWithQueue(listener, queue);
  using _raw = raw;
  const [to, slot, incarnation, secret] = address;
  const body = encode("x".repeat(60_000));
  let written = 0;
  let blocked = false;
  const flood = async () => {
    for (let id = 1; id < 10_000; id++) {
      const stuck = setTimeout(() => blocked = true, 500);
      try {
        await raw.envelope(to as string, "<", [SEND, slot, incarnation, secret, 1, id, "put", "", null, []], body);
      } finally {
        clearTimeout(stuck);
      }
      written += body.length;
    }
  };
  const flooding = flood().catch(() => {});
  const before = Deno.memoryUsage().rss;
  while (!blocked) await delay(10);
  assert(written < 100 * 1024 * 1024, `it could write ${written} bytes`);
  assert(Deno.memoryUsage().rss - before < 400 * 1024 * 1024);
  // Others are served meanwhile, ...
  using client = await connect(listener.address, { authKey });
  using served = await listener.accept();
  await client.send("hello");
  assertEquals(await deadline(served.recv(), WITHIN_MS), "hello");
  // ... and it goes on when what it put is got.
  const then = written;
  for (let i = 0; i < 200; i++) await deadline(queue.get(), WITHIN_MS);
  while (written === then) await delay(10);
  raw.socket.close();
  await flooding;
  for (const connection of kept.splice(0)) await connection.close();
  await Promise.all([client.close(), served.close(), listener.close()]);
  await allEnded();
});

Deno.test("a peer that asks and does not read its answers is not read either", async () => {
  const listener = await listen(undefined, { authKey, heartbeatMs: 60_000 });
  const queue = new Queue<unknown>();
  const { raw, address } = await rawWithQueue(listener, queue);
  using _raw = raw;
  const [to, slot, incarnation, secret] = address;
  for (let i = 0; i < 200; i++) await queue.put("x".repeat(1_000_000));
  // Sizes are asked for until nobody takes the questions any more: each answer is small, and they add up.
  let blocked = false;
  const asking = (async () => {
    for (let id = 1;; id++) {
      const stuck = setTimeout(() => blocked = true, 500);
      try {
        await raw.envelope(to as string, "<", [SEND, slot, incarnation, secret, 1, id, "get", "", null, []]);
      } finally {
        clearTimeout(stuck);
      }
    }
  })().catch(() => {});
  await deadline(
    (async () => {
      while (!blocked && await queue.size() > 0) await delay(10);
    })(),
    10_000,
  );
  assert(await queue.size() > 50, `${await queue.size()} of 200 items are left`);
  raw.socket.close();
  await asking;
  // What was offered and not acknowledged is there again.
  while (await queue.size() < 200) await delay(10);
  for (const connection of kept.splice(0)) await connection.close();
  await listener.close();
  await allEnded();
});

Deno.test("a peer that vanished without a word is noticed within two heartbeats, and what it held is settled", async () => {
  const heartbeatMs = 200;
  const listener = await listen({ port: 0 }, { authKey, heartbeatMs });
  const lock = new Lock();
  // It says nothing any more, and its socket stays open: as when a cable is pulled.
  const { raw, address } = await rawWithQueue(listener, lock as unknown as Queue<unknown>);
  using _raw = raw;
  const [served] = kept.splice(0);
  const [to, slot, incarnation, secret] = address;
  await raw.envelope(to as string, "<", [SEND, slot, incarnation, secret, 1, 1, "acquire", "0 -1", null, []]);
  await raw.next(([, , kind, id]) => kind === 2 && id === 1);
  await raw.envelope(to as string, "<", [3, 1, true, []]);
  // What is answered has been heard: its last word.
  await raw.envelope(to as string, "<", [SEND, slot, incarnation, secret, 1, 2, "tryAcquire", "0 -1", null, []]);
  await raw.next(([, , kind, id]) => kind === REPLY && id === 2);
  raw.beats = 0;
  using guard = await deadline(lock.acquire(), WITHIN_MS);
  assertEquals(guard.abandoned, true);
  // The listener shows that it is there twice in each heartbeat, and does not come to the fourth time.
  await raw.untilHungUp();
  assert(raw.beats < 4, `it was noticed after ${raw.beats} halves of a heartbeat`);
  await assertRejects(() => deadline(served.recv(), WITHIN_MS), DisconnectedError);
  await listener.close();
  await allEnded();
});

Deno.test("two that show nothing but heartbeats stay connected", async () => {
  await using listener = await listen({ port: 0 }, { authKey, heartbeatMs: 40 });
  const bytes = { up: 0, down: 0 };
  const between = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const passing = pass(between, listener, bytes);
  const client = await connect<number, number>({ port: between.addr.port }, { authKey });
  const served = await listener.accept();
  bytes.up = bytes.down = 0;
  // Nothing else passes; each is four bytes, and who shows none for four times half a heartbeat is gone.
  await until(() => bytes.up >= 4 * 12 && bytes.down >= 4 * 12, "both have shown often that they are there", WITHIN_MS);
  await client.send(1);
  assertEquals(await served.recv(), 1);
  await Promise.all([client.close(), served.close()]);
  await deadline(passing, WITHIN_MS);
  await listener.close();
  await allEnded();
});

/** Passes the bytes of the next connection on, and counts them. */
async function pass(
  between: Deno.TcpListener,
  { address }: Listener,
  bytes: { up: number; down: number },
): Promise<void> {
  const counting = (way: "up" | "down") =>
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        bytes[way] += chunk.length;
        controller.enqueue(chunk);
      },
    });
  const near = await between.accept();
  between.close();
  const far = await Deno.connect({ port: (address as { port: number }).port });
  await Promise.allSettled([
    near.readable.pipeThrough(counting("up")).pipeTo(far.writable),
    far.readable.pipeThrough(counting("down")).pipeTo(near.writable),
  ]);
}

Deno.test("a ref over a connection that fell silent tells so", async () => {
  const listener = await listen(undefined, { authKey, heartbeatMs: 100 });
  const { raw } = await rawWithQueue(listener, new Queue());
  using _raw = raw;
  const [served] = kept.splice(0);
  // The peer sends a ref of its own, and falls silent.
  const [, , end] = [0, 0, raw.welcome.end as ValueType[]];
  const passage = ["ref", ["theirs", "inline", null], 0, -1, 0, "<", 9, 1, "cd".repeat(16)];
  const [path, slot, incarnation, secret] = end;
  const body = new Uint8Array([0xd4, 10, 0]);
  await raw.envelope(`>${(path as string).slice(1)}`, "<", [SEND, slot, incarnation, secret, 1, 1, "send", "-1", null, [
    passage,
  ]], body);
  const ref = await deadline(served.recv(), WITHIN_MS) as Ref<Counting>;
  const error = await assertRejects(() => deadline(ref.call.count(), WITHIN_MS), ActorExitedError);
  assertInstanceOf(error, ActorExitedError);
  assertEquals((error.exit as Exit).reason, "parent-gone");
  await listener.close();
  await allEnded();
});

Deno.test("[REM-05] a listener that was closed can be opened again at once, and reconnecting clients find it", async () => {
  const first = await listen({ port: 0 }, { authKey });
  const { address } = first;
  const client = await connect<string, string>(address, { authKey, reconnect: { minMs: 5, maxMs: 20 } });
  const served = await first.accept();
  await client.send("one");
  assertEquals(await served.recv(), "one");
  await served.send("last");
  await Promise.all([served.close(), first.close()]);
  // What had come before the break is read first, and the break is then told once.
  assertEquals(await client.recv(), "last");
  await assertRejects(() => client.recv(), DisconnectedError);
  await using second = await listen(address, { authKey });
  const again = await deadline(second.accept(), WITHIN_MS);
  await deadline(client.send("two"), WITHIN_MS);
  assertEquals(await again.recv(), "two");
  await again.send("three");
  assertEquals(await client.recv(), "three");
  await client.close();
  await assertRejects(() => client.send("four"), ClosedError);
  await again.close();
  await second.close();
  await allEnded();
});

Deno.test("what was under way at a break rejects, iterating goes on, and after so many attempts it is over", async () => {
  const first = await listen({ port: 0 }, { authKey });
  const { address } = first;
  const client = await connect<Queue<number>, string>(address, {
    authKey,
    reconnect: { minMs: 1, maxMs: 5, attempts: 200 },
  });
  const served = await first.accept();
  const read: string[] = [];
  const reading = (async () => {
    for await (const message of client) read.push(message);
  })();
  await served.send("before");
  const theirs = new Queue<number>();
  await served.send(theirs as never);
  while (read.length < 2) await delay(1);
  const getting = assertRejects(() => (read[1] as unknown as Queue<number>).get(), DisconnectedError);
  await Promise.all([served.close(), first.close()]);
  await deadline(getting, WITHIN_MS);

  const second = await listen(address, { authKey });
  const again = await deadline(second.accept(), WITHIN_MS);
  await again.send("after");
  while (read.length < 3) await delay(1);
  assertEquals([read[0], read[2]], ["before", "after"]);
  // Nobody listens there any more, or nobody with that key: it gives up.
  await Promise.all([again.close(), second.close()]);
  const third = await listen(address, { authKey: "another" });
  await assertRejects(async () => {
    while (true) await deadline(client.send(new Queue()), WITHIN_MS);
  }, DisconnectedError);
  await deadline(reading, WITHIN_MS);
  await assertRejects(() => client.recv(), DisconnectedError, "could not be made again");
  await client.close();
  await third.close();
  await allEnded();
});

Deno.test("a program that leaves listeners and connections open ends when it is done, and leaves nothing", async () => {
  const { code, stdout, stderr } = await run(
    "deno run -A --no-check tests/channels/remote/fixtures/leaving_open.ts",
    20_000,
  );
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: "done\n", stderr: "" });
});

connected("whatever a peer's envelope makes go wrong ends its connection, is logged, and no more", async (scene) => {
  const { client, served } = scene;
  const logged: string[] = [];
  const { write } = logger;
  const { deliver } = isolate;
  logger.write = ({ message }) => void logged.push(message);
  isolate.deliver = (envelope) => {
    if (envelope.kind === "send" && isForeign(envelope.from)) throw new RangeError("Map maximum size exceeded");
    deliver(envelope);
  };
  try {
    await assertRejects(() => deadline(client.send("anything"), WITHIN_MS), DisconnectedError);
    await assertRejects(() => deadline(served.recv(), WITHIN_MS), DisconnectedError);
  } finally {
    isolate.deliver = deliver;
    logger.write = write;
  }
  assertEquals(logged.filter((line) => line.includes("Map maximum size exceeded")).length, 1);
});
