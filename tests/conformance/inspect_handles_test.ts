/** What `console.log` shows of handles: what they are of, and how that is where it can be known. */

import { assertEquals } from "@std/assert";
import {
  Barrier,
  BoundedSemaphore,
  Condition,
  EventFlag,
  JoinableQueue,
  listen,
  Lock,
  manage,
  pipe,
  Pool,
  Process,
  Queue,
  RLock,
  Semaphore,
  ShareableList,
  SharedArray,
  SharedMemory,
  SharedStruct,
  SharedValue,
  supervise,
} from "../../mod.ts";
import { inspectAll } from "./fixtures/inspecting.ts";
import { bounded, everywhere } from "./process_everywhere.ts";

everywhere(
  "inspecting a handle says what it is of; its state where that lives, else that it is elsewhere",
  async (placement) => {
    const queue = new Queue<number>({ maxSize: 5 });
    await queue.put(1);
    const closed = new Queue<number>();
    await closed.close();
    const jobs = new JoinableQueue<number>();
    await Promise.all([jobs.put(1), jobs.put(2)]);
    await jobs.get();
    using producer = await new Queue<number>().producer();
    const flag = new EventFlag();
    await flag.set();
    const broken = new Barrier(2);
    await broken.abort();
    const condition = new Condition();
    const [end, other] = pipe<number>();
    const numbers = new SharedArray("float64", 3);
    const struct = new SharedStruct({ x: "float64", n: "int8" }, 3);
    const list = new ShareableList(["a", 1]);
    using memory = await SharedMemory.create(8, { name: `seen ${placement}` });
    await using manager = await manage({}, { placement: "inline" });
    const dict = await manager.dict<string, number>();
    await dict.set("a", 1);
    await using app = await supervise({});
    const shared = placement === "process" ? "elsewhere" : "42";

    const rows: readonly [handle: object, here: string, there: string][] = [
      [queue, "Queue(1 of 5 items)", "Queue(elsewhere)"],
      [closed, "Queue(0 items, closed)", "Queue(elsewhere)"],
      [jobs, "JoinableQueue(1 item, 2 not done)", "JoinableQueue(elsewhere)"],
      [producer, "Producer(0 items)", "Producer(elsewhere)"],
      [new Lock(), "Lock(free)", "Lock(elsewhere)"],
      [new RLock(), "RLock(free)", "RLock(elsewhere)"],
      [new Semaphore(2), "Semaphore(2 free)", "Semaphore(elsewhere)"],
      [new BoundedSemaphore(2), "BoundedSemaphore(2 free)", "BoundedSemaphore(elsewhere)"],
      [flag, "EventFlag(set)", "EventFlag(elsewhere)"],
      [new Barrier(2), "Barrier(2 parties)", "Barrier(2 parties, elsewhere)"],
      [broken, "Barrier(2 parties, broken)", "Barrier(2 parties, elsewhere)"],
      [condition, "Condition(RLock(free))", "Condition(RLock(elsewhere))"],
      [end, "Connection(both ways, open)", "Connection(both ways, open)"],
      [new SharedValue("int32", 42), "SharedValue(int32, 42)", `SharedValue(int32, ${shared})`],
      [numbers, "SharedArray(float64, 3)", "SharedArray(float64, 3)"],
      [struct, 'SharedStruct({ x: "float64", n: "int8" }, 3)', 'SharedStruct({ x: "float64", n: "int8" }, 3)'],
      [list, "ShareableList(2)", "ShareableList(2)"],
      [memory, `SharedMemory(seen ${placement}, 8 bytes)`, `SharedMemory(seen ${placement}, 8 bytes)`],
      [dict, "SharedDict(size 1)", "SharedDict(elsewhere)"],
      [manager, "Manager(alive)", "Manager(alive)"],
    ];
    const handles = rows.map(([handle]) => handle);
    assertEquals(inspectAll(handles), rows.map(([, here]) => here));
    const p = new Process(inspectAll, [handles], { placement });
    await p.start();
    const where = placement === "inline" ? 1 : 2;
    assertEquals(await p.result, rows.map((row) => row[where]));
    await p.join();
    assertEquals(Deno.inspect(p), `Process(${p.name} ${p.address}, ${placement}, ended: normal, code 0)`);
    assertEquals(
      Deno.inspect(app).replace(/\S+#\d+/, "ADDRESS"),
      "Supervisor(; Ref(supervisor ADDRESS, inline, alive))",
    );
    await Promise.all([end.close(), other.close()]);
  },
);

bounded("inspecting a handle that was given up, or is of what has ended, says so", async () => {
  const queue = new Queue<number>();
  queue[Symbol.dispose]();
  const [end, other] = pipe<number>();
  await Promise.all([end.close(), other.close()]);
  const pool = new Pool({ size: 2, placement: "inline" });
  const listener = await listen({ port: 0 }, { authKey: "swordfish" });
  const address = Object.values(listener.address).join(":");
  const before = [pool, listener].map((handle) => Deno.inspect(handle));
  assertEquals(before, ["Pool(size 2)", `Listener(${address})`]);
  await Promise.all([pool.terminate(), listener.close()]);
  assertEquals([queue, end, listener].map((handle) => Deno.inspect(handle)), [
    "Queue(disposed of)",
    "Connection(both ways, closed)",
    `Listener(${address}, closed)`,
  ]);
});
