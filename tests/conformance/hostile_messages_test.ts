/** A message with a body of a wrong shape costs its sender; its texts are shown harmlessly. */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { contactBehind, makeRef } from "../../actors/actor_ref.ts";
import { behindFace } from "../../actors/contact.ts";
import type { ManagerActor } from "../../actors/manager/manager_actor.ts";
import { describedAs } from "../../actors/supervision/child.ts";
import { whoActs } from "../../channels/kernel/acting.ts";
import { ask, tell } from "../../channels/kernel/ask.ts";
import type { Target } from "../../channels/kernel/cell.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { HANDLE } from "../../channels/kernel/codec/extension.ts";
import { grantAll, type Passage, passagesOf } from "../../channels/kernel/handle.ts";
import { destinationOf, unpack } from "../../channels/kernel/pack.ts";
import { EMPTY_PACKET, type Packet, plainPacket } from "../../channels/kernel/packet.ts";
import {
  Barrier,
  BoundedSemaphore,
  child,
  Condition,
  deadLetters,
  EventFlag,
  JoinableQueue,
  Lock,
  logger,
  type LogRecord,
  manage,
  pipe,
  Pool,
  Process,
  ProtocolError,
  Queue,
  type Ref,
  RLock,
  Semaphore,
  ShareableList,
  SharedArray,
  SharedMemory,
  SharedStruct,
  SharedValue,
  spawn,
  supervise,
} from "../../mod.ts";
import { Giver, isAlive, ItemReader, reads, unreadable, Vandal } from "./fixtures/hostile_users.ts";
import { INJECTION } from "./fixtures/hostile_values.ts";
import { assertLogged, assertShown, outcomeOf } from "./lawful.ts";
import { within } from "./bounded.ts";
import { bounded, everywhere, until } from "./process_everywhere.ts";

const HANDLE_0 = new Uint8Array([0xd4, HANDLE, 0]);

/** Bodies that are no list of arguments. */
function bodies(target: Target): Readonly<Record<string, Packet>> {
  const values: Record<string, unknown> = {
    "a text": "text",
    "a number": 5,
    "null": null,
    "an object": { length: 1 },
    "an object with a length and an iterator's name": { length: 1, next: 1 },
    "a map": new Map([[0, "x"]]),
    "bytes": new Uint8Array(3),
    "an error": new Error("x"),
  };
  return {
    "nothing": EMPTY_PACKET,
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plainPacket(encode(value, "value"))])),
    ...unreadable(target),
  };
}

everywhere(
  "a call or cast whose body is no list of arguments costs its sender, and not the actor",
  async (placement) => {
    using _quiet = quiet();
    await using giver = await spawn(Giver, [], { placement });
    const target = contactBehind(giver)!.actor;
    const holder = whoActs.holder();
    for (const [name, body] of Object.entries(bodies(target))) {
      const question = { holder, verb: "call", detail: "alive", body, lost: () => new Error("it is lost") };
      const { thrown, value } = await outcomeOf(`a call with ${name}`, ask(target, question));
      assertEquals(thrown, true, name);
      assert((value as Error).message !== "it is lost", name);
      const before = deadLetters.count;
      tell(target, holder, "cast", "alive", body);
      await until(() => deadLetters.count === before + 1, `${name} is a dead letter`);
      assertEquals(await giver.call.alive(), "yes", name);
    }
  },
);

everywhere("a message whose body cannot be read is a dead letter, and its reader gets the next", async (placement) => {
  using _quiet = quiet();
  const process = new Process(reads, [], { placement, handleSignals: false });
  await process.start();
  const [passage] = passagesOf(process)!;
  const actor = passage.also ?? passage.target;
  const before = deadLetters.count;
  for (const bytes of [[0xc1], [0x92, 1], [0x91, ...HANDLE_0]]) {
    const question = { holder: whoActs.holder(), verb: "message", body: plainPacket(new Uint8Array(bytes)) };
    await outcomeOf("a message", ask(actor, { ...question, lost: () => new Error("lost") }));
  }
  await process.send("the next");
  assertEquals(await within(5000, process.result), "the next");
  await until(() => deadLetters.count === before + 3, "each is a dead letter");
});

everywhere(
  "an item or message that cannot be read is a dead letter, and its reader gets the next",
  async (placement) => {
    using _quiet = quiet();
    await using reader = await spawn(ItemReader, [], { placement });
    const [near, far] = pipe<unknown, unknown>();
    const channels: Record<string, { channel: object; verb: string; detail: string; good: (item: string) => unknown }> =
      {};
    for (const channel of [new Queue<unknown>(), new JoinableQueue<unknown>()]) {
      const good = (item: string) => channel.put(item);
      channels[channel.constructor.name] = { channel, verb: "put", detail: "", good };
    }
    channels.pipe = { channel: far, verb: "send", detail: "-1", good: (item) => near.send(item) };
    const holder = whoActs.holder();
    for (const [name, { channel, verb, detail, good }] of Object.entries(channels)) {
      const { target } = passagesOf(name === "pipe" ? near : channel)![0];
      const bad = Object.entries(unreadable(contactBehind(reader)!.actor));
      const before = deadLetters.count;
      for (const way of ["get", "iterate", "select", "tryGet"] as const) {
        for (const [what, body] of bad) {
          grantAll(body.passages, destinationOf(target));
          await within(5000, ask(target, { holder, verb, detail, body, lost: () => new Error("lost") })).catch(
            (error) => {
              throw new Error(`${name} ${what}`, { cause: error });
            },
          );
        }
        await good(`${name} ${way}`);
        assertEquals(await within(5000, reader.call.read(channel as Queue<unknown>, way)), `${name} ${way}`);
      }
      await until(() => deadLetters.count >= before + 4 * bad.length, "each is a dead letter");
      if (channel instanceof JoinableQueue) {
        for (let open = 0; open < 4; open++) await reader.call.done(channel);
        await within(5000, channel.join());
      }
    }
  },
);

everywhere("a reader that is lent items passes over those that cannot be read", async (placement) => {
  using _quiet = quiet();
  await using reader = await spawn(ItemReader, [], { placement });
  const queue = new Queue<number>();
  const { target } = passagesOf(queue)![0];
  const holder = whoActs.holder();
  const body = plainPacket(new Uint8Array([0xc1]));
  const before = deadLetters.count;
  const items = Array.from({ length: 200 }, (_, at) => at);
  for (const item of items) {
    await queue.put(item);
    if (item % 3 === 0) await ask(target, { holder, verb: "put", body, lost: () => new Error("lost") });
  }
  assertEquals(await within(5000, reader.call.readAll(queue, items.length)), items);
  await until(() => deadLetters.count >= before + 66, "each is a dead letter");
});

everywhere("what cannot be read is refused to the sandbox that would have a manager keep it", async (placement) => {
  await using manager = await manage({}, { placement });
  await using vandal = await spawn(Vandal, [], { placement: "process", permissions: "none" });
  const dict = await manager.dict<string, unknown>();
  const list = await manager.list<unknown>();
  const set = await manager.set<string>();
  const namespace = await manager.namespace<Record<string, unknown>>();
  const kept = {
    queue: new Queue<number>(),
    lock: new Lock(),
    pipe: pipe()[0],
    named: await manager.dict({ name: "n" }),
  };
  await dict.set("kept", kept);
  await list.push("kept");
  for (const [name, outcome] of Object.entries(await within(10_000, vandal.call.spoil(dict, list, set, namespace)))) {
    assertEquals(outcome, "refused", name);
  }
  // What can be read is kept of a sandbox, too.
  assertEquals(await vandal.call.copy(dict, "kept", "copied"), undefined);
  assertEquals([...(await dict.snapshot()).keys()], ["kept", "copied"]);
  assertEquals(await Array.fromAsync(list), ["kept"]);
  assertEquals([await set.size(), Object.keys(await namespace.snapshot())], [0, []]);
});

/** Keeps what is told of dead letters off the screen. */
function quiet(): Disposable {
  const { level } = logger;
  logger.level = "error";
  return { [Symbol.dispose]: () => void (logger.level = level) };
}

/** Runs a test with what is logged meanwhile, as it is written. */
async function logged(test: () => Promise<void>): Promise<string[]> {
  const { error } = console;
  const lines: string[] = [];
  console.error = (...args) => void lines.push(args.join(" "));
  try {
    await test();
  } finally {
    console.error = error;
  }
  return lines;
}

everywhere(
  "a cast to a dead actor is one line of the log, and a dead letter of one line, whatever its name is",
  async (placement) => {
    const giver = await spawn(Giver, [], { placement });
    const target = contactBehind(giver)!.actor;
    await giver.stop();
    const reader = deadLetters[Symbol.asyncIterator]();
    const lines = await logged(async () => {
      const said = [["cast", INJECTION], ["cast", "x".repeat(1_000_000)]];
      // An isolate that is gone did not look at what it was.
      for (const [verb, detail] of placement === "inline" ? said : [...said, [INJECTION, ""]]) {
        tell(target, whoActs.holder(), verb, detail, EMPTY_PACKET);
        const { value } = await within(5000, reader.next());
        assertShown(value!.what, "what a dead letter was");
        assertShown(value!.to, "whom a dead letter was for");
      }
    });
    await reader.return!();
    for (const line of lines) assertShown(line, "a line of the log");
  },
);

bounded("a request of an unknown name is refused in words that are bounded", async () => {
  await using giver = await spawn(Giver, [], { placement: "inline" });
  const queue = new Queue();
  const targets = [contactBehind(giver)!.actor, passagesOf(queue)![0].target];
  for (const target of targets) {
    for (const verb of [INJECTION, "x".repeat(1_000_000)]) {
      const question = { holder: whoActs.holder(), verb, lost: () => new Error("lost") };
      assertShown((await assertRejects(() => ask(target, question), TypeError)).message, "a refusal");
    }
  }
  const question = { holder: whoActs.holder(), verb: "call", detail: INJECTION, lost: () => new Error("lost") };
  assertShown((await assertRejects(() => ask(targets[0], question), TypeError)).message, "a refusal");
});

bounded("a manager and its lists refuse names and kinds that there are not in words that are bounded", async () => {
  await using manager = await manage({}, { placement: "inline" });
  const list = await manager.list<number>();
  const { call } = makeRef(behindFace(manager)!) as unknown as Ref<ManagerActor>;
  const spec = (definition: string) => ({ kind: "actor", moduleUrl: "", definition, options: {}, args: [] });
  for (const text of [INJECTION, "x".repeat(100_000)]) {
    const { control } = describedAs("test", "child", child(Giver, [], { placement: "inline" })).spec;
    const asked: Record<string, () => PromiseLike<unknown>> = {
      object: () => call.object(text as never, undefined, []),
      "object of a name": () => call.object("dict", text, []).then(() => call.object("list", text, [])),
      "object of a name and kind": () => call.object("dict", text, []).then(() => call.object(text as never, text, [])),
      named: () => call.named(text as never, text, []),
      make: () => call.make({ moduleUrl: text, name: text }, [], undefined as never),
      published: () => call.published(text),
      "published of another type": () => call.published([text] as never),
      remove: () => call.remove(text),
      restart: () => call.restart(text),
      add: () => call.add(text, { ...spec(text), control } as never),
      "add of a wrong option": () => call.add(text, { ...spec(text), options: { restart: text }, control } as never),
      "list.set": () => {
        const question = { holder: whoActs.holder(), verb: "set", detail: text, lost: () => new Error("lost") };
        return ask(passagesOf(list)![0].target, question);
      },
    };
    for (const [what, ask] of Object.entries(asked)) {
      assertShown((await assertRejects(async () => await ask(), Error)).message, what);
    }
  }
});

bounded("a logger that fails keeps nobody from ending, and what it was to write is written", async () => {
  const { write } = logger;
  try {
    const lines = await logged(async () => {
      logger.write = (_record: LogRecord) => {
        throw new Error(INJECTION);
      };
      const giver = await spawn(Giver, [], { placement: "inline" });
      giver.cast.throws("a revoked proxy");
      assertEquals((await within(5000, giver.exited)).reason, "error");
    });
    assertEquals(lines.length, 1);
    assertLogged(lines);
    assert(lines[0].startsWith("Giver-"), lines[0]);
  } finally {
    logger.write = write;
  }
});

/** Values that may stand in the meta of a handle. */
const METAS: readonly unknown[] = [
  null,
  undefined,
  7,
  -1,
  0.5,
  "text",
  true,
  [],
  {},
  new Map(),
  [null, null, null, null],
  [{ toString: 1, valueOf: 1 }, "thread", true, 1],
  ["x", { toString: 1, valueOf: 1 }, true, 1],
  [INJECTION, "thread", [INJECTION], 5],
  [INJECTION, "inline", ["queue", INJECTION, [{}]]],
  [INJECTION, "inline", [1, 2, 3]],
  ["x".repeat(1_000_000), "process", false, undefined],
  [INJECTION, 5],
  [5, INJECTION],
  ["int8", {}],
  [true, {}],
];

bounded("a handle that says anything of itself is refused, or harmless to who has it", async () => {
  await using giver = await spawn(Giver, [], { placement: "inline" });
  const process = new Process(isAlive, ["x"], { placement: "inline", handleSignals: false });
  await using app = await supervise({ giver: child(Giver, [], { placement: "inline" }) });
  await using manager = await manage({}, { placement: "inline" });
  const joinable = new JoinableQueue();
  const queue = new Queue();
  const lock = new Lock();
  const pool = new Pool({ placement: "inline" });
  const memory = await SharedMemory.create(8);
  const ends = pipe();
  const all: object[] = [
    giver,
    process,
    app,
    manager,
    queue,
    joinable,
    await queue.producer(),
    lock,
    new RLock(),
    new Semaphore(1),
    new BoundedSemaphore(1),
    new Condition(lock),
    new EventFlag(),
    new Barrier(1),
    new SharedValue("int32", 1),
    new SharedArray("int32", 2),
    new SharedStruct({ x: "int32", y: "float64" }, 2),
    new ShareableList([1]),
    memory,
    pool,
    ...ends,
    await manager.dict(),
    await manager.list(),
    await manager.set(),
    await manager.namespace(),
    await manager.dict({ name: "named" }),
    await manager.queue({ name: "queue" }),
  ];
  for (const handle of all) {
    for (const meta of METAS) {
      const passages = passagesOf(handle)!;
      const forged: Passage[] = passages.map((passage, at) => at === 0 ? { ...passage, meta } : passage);
      const face = receive(forged);
      if (face === undefined) continue;
      const what = `${handle.constructor.name} with ${Deno.inspect(meta).slice(0, 80)}`;
      assertShown(Deno.inspect(face), what);
      for (const key of ["name", "address"]) {
        if (key in face && !(face instanceof SharedMemory)) assertShown(String(Reflect.get(face, key)), what);
      }
      if (face.constructor === giver.constructor) {
        const ref = face as typeof giver;
        await outcomeOf(what, ref.call.alive());
      }
    }
  }
  await Promise.all([
    process.close(),
    pool.close(),
    queue.close(),
    joinable.close(),
    ...ends.map((end) => end.close()),
  ]);
  await memory.unlink();
});

/** The face of a handle that came; undefined if it is refused as it must be. */
function receive(passages: readonly Passage[]): object | undefined {
  const holder = whoActs.holder();
  grantAll(passages, holder);
  try {
    return unpack({ bytes: HANDLE_0, passages, moved: [] }, holder) as object;
  } catch (error) {
    assertInstanceOf(error, ProtocolError);
    return undefined;
  }
}
