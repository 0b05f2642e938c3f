/** A message to which nobody waits for an answer does what casts do, and nothing else. */
import { assertEquals } from "@std/assert";
import { Condition, deadLetters, EventFlag, Lock, manage, Queue, ShareableList, SharedMemory } from "../../mod.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { eachStranger, type Forged } from "./usurpers.ts";

const item = encode("an item", "");

/** A request, sent as if nobody waited for the answer. */
function cast(verb: string, body: Uint8Array = encode([], ""), detail = "0 -1"): Forged {
  return { kind: "send", verb, holder: 1, detail, body };
}

eachStranger("a request that nobody waits for is a dead letter, and does nothing", async (stranger) => {
  await using manager = await manage({}, { placement: "inline" });
  const dict = await manager.dict();
  await dict.set("a", 1);
  const queue = new Queue<string>();
  const flag = new EventFlag();
  const lock = new Lock();
  const slots = new ShareableList([1]);
  const memory = await SharedMemory.create(8);
  const requests: readonly (readonly [handle: object, requests: readonly Forged[]])[] = [
    [queue, [cast("put", item), cast("tryPut", item), cast("produce"), cast("close"), cast("size")]],
    [flag, [cast("set"), cast("wait")]],
    [lock, [cast("acquire"), cast("tryAcquire")]],
    [new Condition(), [cast("enlist"), cast("notify", undefined, "1")]],
    [slots, [cast("set", encode([0, 2], "")), cast("values")]],
    [memory, [cast("write", encode([0, new Uint8Array([1])], "")), cast("read", encode([0, 8], ""))]],
    [dict, [cast("set", item, "a"), cast("claim", undefined, "a"), cast("follow"), cast("entries")]],
  ];
  for (const [handle, envelopes] of requests) {
    const before = deadLetters.count;
    await stranger.forge(handle, envelopes);
    assertEquals(deadLetters.count - before, envelopes.length);
  }
  assertEquals(await queue.size(), 0);
  await queue.put("it is open");
  assertEquals(await flag.isSet(), false);
  await using _mine = await lock.acquire({ timeoutMs: 0 });
  assertEquals(await slots.get(0), 1);
  assertEquals([...await memory.read(0, 8)], [0, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals(await dict.get("a"), 1);
  await memory.unlink();
});
