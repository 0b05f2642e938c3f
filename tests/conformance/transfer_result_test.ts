/** Buffers, ports and streams that move with a result: `current().transfer`. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { child, NotSerializableError, type PlacementName, Pool, Queue, SharedValue, supervise } from "../../mod.ts";
import { Asker, Giver, giveSized } from "./fixtures/giver.ts";
import { bounded, callsOf, everywhere, PLACEMENTS, type World } from "./pipe_everywhere.ts";

const WITHIN = ["inline", "thread"] as const;

async function giverOf(world: World) {
  return callsOf(await world.spawn(Giver, []));
}

/** Fails unless the promise rejects for what is at that path. */
async function assertRefused(send: () => Promise<unknown>, path: string, message = ""): Promise<void> {
  assertEquals((await assertRejects(send, NotSerializableError, message)).path, path);
}

everywhere("a buffer in a result moves to the caller, and is detached where it was", async (world) => {
  const giver = await giverOf(world);
  const { name, buffer } = await giver.give([1, 2, 3]);
  assertEquals([name, ...new Uint8Array(buffer)], ["given", 1, 2, 3]);
  assertEquals(await giver.left(), 0);
  assertEquals([...new Uint8Array(await giver.giveLater([4]))], [4]);
  assertEquals(await giver.left(), 0);
  const resizable = await giver.giveResizable();
  assertEquals([resizable.byteLength, resizable.maxByteLength, await giver.left()], [2, 10, 0]);
});

everywhere("views of a buffer in a result arrive as views of one buffer, where it moves", async (world) => {
  const giver = await giverOf(world);
  const [first, second] = await giver.giveViews();
  assertEquals([...first, ...second], [1, 2, 0x0504]);
  assertEquals(first.buffer === second.buffer, world.placement !== "process");
  assertEquals(await giver.left(), 0);
});

everywhere("a buffer that a generator yields or returns moves, item by item", async (world) => {
  const giver = await giverOf(world);
  const items = giver.giveEach([3, 0, 5])[Symbol.asyncIterator]();
  for (const size of [3, 0, 5]) {
    const { value } = await items.next();
    assertEquals(new Uint8Array(value as ArrayBuffer), new Uint8Array(size).fill(size));
    assertEquals(await giver.left(), 0);
  }
  assertEquals(await items.next(), { done: true, value: new Uint8Array([9]) });
  assertEquals(await giver.left(), 0);
});

everywhere("ports and streams in a result work where they arrive", async (world) => {
  const giver = await giverOf(world);
  assertEquals(await Array.fromAsync(await giver.giveStream([1, { two: 2 }])), [1, { two: 2 }]);
  const { readable, writable, port } = await giver.giveAll();
  const answer = new Promise((resolve) => port.onmessage = ({ data }) => resolve(data));
  port.postMessage("hello");
  assertEquals(await answer, "HELLO");
  port.close();
  const writer = writable.getWriter();
  const [read] = await Promise.all([Array.fromAsync(readable), writer.write("through"), writer.close()]);
  assertEquals(read, ["through"]);
}, { placements: WITHIN });

everywhere(
  "ports and streams cannot move out of a subprocess: the call rejects, and the actor goes on",
  async (world) => {
    const giver = await giverOf(world);
    const message = "it cannot leave this operating-system process";
    await assertRefused(() => giver.giveStream([1]), "transfer[0]", message);
    await assertRefused(() => giver.giveAll(), "transfer[0]", message);
    assertEquals((await giver.give([1])).buffer.byteLength, 1);
  },
  { placements: ["process"] },
);

everywhere(
  "a stream that is only returned, or yielded, is refused, and the error says how it would move",
  async (world) => {
    const giver = await giverOf(world);
    await assertRefused(
      () => giver.giveStreamAsItIs(),
      "result",
      "Cannot send result: a ReadableStream cannot travel; give the result to current().transfer()",
    );
    await assertRefused(
      () => giver.giveStreamAsItem()[Symbol.asyncIterator]().next(),
      "stream.item",
      "Cannot send stream.item: a ReadableStream cannot travel; give the item to current().transfer()",
    );
  },
);

everywhere("nothing is detached when something else in the result cannot travel", async (world) => {
  const giver = await giverOf(world);
  await assertRefused(() => giver.giveBad() as Promise<unknown>, "result.call");
  assertEquals(await giver.left(), 3);
});

everywhere("wrong arguments of transfer() are an error, and nothing is detached", async (world) => {
  const giver = await giverOf(world);
  await assertRejects(() => giver.giveWrong("no object"), TypeError, "the value must be an object, not 5");
  await assertRejects(() => giver.giveWrong("no array"), TypeError, "transfer must be an array");
  await assertRefused(() => giver.giveWrong("no buffer"), "transfer[1]");
  assertEquals(await giver.left(), 1);
  await assertRefused(() => giver.giveWrong("twice"), "transfer[1]");
  assertEquals(await giver.left(), 1);
  await assertRefused(() => giver.giveWrong("gone"), "transfer[0]", "detached already");
});

everywhere(
  "a buffer moves with a result once: it is copied when the same object is a result again",
  async (world) => {
    const giver = await giverOf(world);
    assertEquals([await giver.giveAgain(), await giver.left()], [{ again: 1 }, 0]);
    assertEquals([await giver.giveAgain(), await giver.left()], [{ again: 1 }, 1]);
  },
);

everywhere("a result that nobody waits for any more moves nothing, and its streams end", async (world) => {
  const ref = await world.spawn(Giver, []);
  const asked = new Queue<string>();
  const controller = new AbortController();
  const answer = ref.with({ signal: controller.signal }).call.giveTooLate(asked);
  const refused = assertRejects(() => answer, DOMException);
  await asked.get();
  controller.abort();
  await refused;
  assertEquals(await callsOf(ref).cancelled(), "cancelled");
  assertEquals(await callsOf(ref).left(), 2);
});

everywhere("a stream that comes when its caller has just given up ends, and its giver is told", async (world) => {
  const ref = await world.spawn(Giver, []);
  const left = new SharedValue("int32", 0);
  const controller = new AbortController();
  const answer = ref.with({ signal: controller.signal }).call.giveAndTell(left);
  const refused = assertRejects(() => answer, DOMException);
  await Promise.resolve();
  // Nothing is taken in meanwhile.
  while (left.getSync() === 0);
  controller.abort();
  await refused;
  assertEquals(await callsOf(ref).cancelled(), "cancelled");
}, { placements: ["thread"] });

everywhere("the result of a task moves to its starter", async (world) => {
  const child = await world.start(giveSized, 3);
  const buffer = await child.result as ArrayBuffer;
  assertEquals([buffer.byteLength, buffer.maxByteLength, buffer.detached], [3, 4, false]);
  await child.join();
});

everywhere("a task in a subprocess that returns a stream has the error for a result", async (world) => {
  const child = await world.start(giveSized, -1);
  await assertRefused(() => child.result, "transfer[0]");
  assertEquals((await child.join())?.code, 0);
}, { placements: ["process"] });

const SIZES = [5, 0, 1, 7, 2, 3, 9, 4];

for (const placement of PLACEMENTS) {
  bounded(`the results of a pool's tasks move (${placement})`, async () => {
    await using pool = new Pool({ size: 2, placement });
    const single = await pool.run(giveSized, [3]) as ArrayBuffer;
    assertEquals([single.byteLength, single.maxByteLength], [3, 4]);
    for (const chunkSize of [1, 3, 100]) {
      const buffers = await pool.map(giveSized, SIZES, { chunkSize }) as ArrayBuffer[];
      assertEquals(buffers.map(({ byteLength }) => byteLength), SIZES);
    }
    const settled = await pool.mapSettled(giveSized, [1, -1, 2], { chunkSize: 3 });
    assertEquals(settled.map(({ status }) => status), [
      "fulfilled",
      placement === "process" ? "rejected" : "fulfilled",
      "fulfilled",
    ]);
    const [, stream] = settled;
    if (stream.status === "fulfilled") assertEquals(await Array.fromAsync(stream.value as ReadableStream), [-1]);
    else assertEquals((stream.reason as NotSerializableError).path, "transfer[0]");
  });
}

for (const placement of ["thread", "process"] as PlacementName[]) {
  everywhere(`a result that moved to a pool goes on to the caller, from a worker in a ${placement}`, async (world) => {
    await using pool = new Pool({ size: 1, placement });
    const asker = callsOf(await world.spawn(Asker, []));
    assertEquals(await asker.run(pool, 3), 3);
    assertEquals(await asker.map(pool, SIZES), SIZES);
    if (world.placement === "process") await assertRejects(() => asker.run(pool, -1), NotSerializableError);
    assertEquals(await asker.run(pool, 4), 4);
  });

  everywhere(
    `a result that moved through a supervisor goes on to the caller, from a child in a ${placement}`,
    async (world) => {
      await using app = await supervise({ giver: child(Giver, [], { placement }) });
      const asker = callsOf(await world.spawn(Asker, []));
      assertEquals(await asker.send(app.refs.giver, [1, 2]), [[1, 2], true]);
      assertEquals(await asker.ask(app.refs.giver, [1, 2]), [1, 2]);
      assertEquals(await app.refs.giver.call.left(), 0);
      const crossing = placement === "process" || world.placement === "process";
      if (crossing) await assertRejects(() => asker.askForStream(app.refs.giver), NotSerializableError);
      else assertEquals(await asker.askForStream(app.refs.giver), [1, 2]);
      assert((await app.refs.giver.call.give([1])).buffer.byteLength === 1);
    },
  );
}
