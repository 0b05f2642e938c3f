/**
 * What a person reads when something goes wrong: at each boundary the literal texts, the same in every placement. Each
 * says what failed, a colon, how things are; and where, by the name of the actor, the path of the value, or the address.
 */

import { assertEquals } from "@std/assert";
import {
  actor,
  type ActorClass,
  child,
  connect,
  listen,
  pipe,
  type PlacementName,
  Pool,
  Process,
  Queue,
  type Ref,
  spawn,
  type SpawnOptions,
  supervise,
  task,
} from "../../mod.ts";
import { close, fail, Late, Stillborn, Unlucky } from "./fixtures/unlucky.ts";
import { bounded, everywhere } from "./process_everywhere.ts";

const here = import.meta.url;
const fixture = import.meta.resolve("./fixtures/unlucky.ts");

/** What fails; the text of its error, with its class; and how to get there. */
type Row = readonly [what: string, text: string, act: () => unknown];

/** Does all that fails, and compares what a person reads. */
async function assertTexts(rows: readonly Row[]): Promise<void> {
  const read: (readonly [string, string])[] = [];
  for (const [what, , act] of rows) {
    const error = await Promise.resolve().then(act).then(() => "nothing was thrown", (error: unknown) => error);
    read.push([what, placeless(String(error))]);
  }
  assertEquals(read, rows.map(([what, text]) => [what, text] as const));
}

/** Without what is another at each run: where files and ports are. */
function placeless(text: string): string {
  return text.replaceAll(/file:\S*\/(\w+\.ts)/g, "$1").replaceAll(/127\.0\.0\.1:\d+/g, "HOST:PORT");
}

class Unregistered {}
function unregistered(): void {}
const unregisteredClass = Unregistered as ActorClass;

bounded("bad definition: what is wrong with it, and what to do", async () => {
  const pool = new Pool({ size: 1, placement: "inline" });
  const call = "in the module that declares it";
  await assertTexts([
    [
      "a class without a name",
      "TypeError: Cannot register an actor: it has no name, by which a child could find it in error_texts_test.ts",
      () => actor(here, class {}),
    ],
    [
      "a function without a name",
      "TypeError: Cannot register a task: it has no name, by which a child could find it in error_texts_test.ts",
      () => task(here, () => {}),
    ],
    [
      "a name that is taken",
      "TypeError: Cannot register a task: unlucky.ts has registered another definition named fail",
      () => task(fixture, { fail(): void {} }.fail),
    ],
    [
      "a function as an actor",
      "TypeError: Cannot register an actor: unregistered is a function, use task()",
      () => actor(here, unregistered as unknown as ActorClass),
    ],
    [
      "a class as a task",
      "TypeError: Cannot register a task: Unregistered is a class, use actor()",
      () => task(here, Unregistered as never),
    ],
    [
      "a path as the module",
      'TypeError: Cannot register a task: the module URL must be import.meta.url, not "./work.ts"',
      () => task("./work.ts", unregistered),
    ],
    [
      "an actor that is not registered",
      `TypeError: Cannot spawn: Unregistered is not registered; call actor(import.meta.url, Unregistered) ${call}`,
      () => spawn(unregisteredClass),
    ],
    [
      "a process that is not registered",
      `TypeError: Cannot make a process: unregistered is not registered; call task(import.meta.url, unregistered) ${call}`,
      () => new Process(unregistered),
    ],
    [
      "a child that is not registered",
      `TypeError: Cannot describe a child: Unregistered is not registered; call actor(import.meta.url, Unregistered) ${call}`,
      () => child(unregisteredClass),
    ],
    [
      "a task for a pool that is not registered",
      `TypeError: Cannot run a task: unregistered is not registered; call task(import.meta.url, unregistered) ${call}`,
      () => pool.run(unregistered),
    ],
    [
      "an instance",
      "TypeError: Cannot spawn: a registered class or function is needed, not object",
      () => spawn(new Unregistered() as unknown as ActorClass),
    ],
  ]);
  await pool.terminate();
});

/** Registered here under a module that a child imports. */
const throwing = elsewhere("../actors/placement/fixtures/throwing_module.ts");
const silent = elsewhere("../actors/placement/fixtures/silent_module.ts");
const leaving = elsewhere("../actors/placement/fixtures/leaving_module.ts");
const missing = elsewhere("./no_such_module.ts");

function elsewhere(module: string): ActorClass {
  return actor(import.meta.resolve(module), class Elsewhere {});
}

everywhere("failed start: who did not start, and why", async (placement) => {
  const options: SpawnOptions = { placement, name: "starter" };
  await assertTexts([
    [
      "a constructor that throws",
      "StartError: Cannot start starter: no such luck",
      () => spawn(Stillborn, [], options),
    ],
    [
      "onStart that takes too long",
      "StartError: Cannot start starter: it was not ready after 20 ms",
      () => spawn(Late, [], { ...options, startTimeoutMs: 20 }),
    ],
    [
      "a child of a supervisor",
      "StartError: Cannot start supervisor: Cannot start starter: no such luck",
      () => supervise({ starter: child(Stillborn, [], options) }),
    ],
    [
      "a worker of a pool",
      "StartError: Cannot start crew-1: no such luck",
      async () => {
        await using pool = new Pool({ size: 1, placement, name: "crew", initializer: fail });
        await pool.start();
      },
    ],
  ]);
});

everywhere("failed start of an isolate: which module, and what it did", async (placement) => {
  const options: SpawnOptions = { placement, name: "starter" };
  await assertTexts([
    [
      "a module that throws",
      "StartError: Cannot start starter: This module has a bad day",
      () => spawn(throwing, [], options),
    ],
    [
      "a module that is not there",
      'StartError: Cannot start starter: Module not found "no_such_module.ts".',
      () => spawn(missing, [], options),
    ],
    [
      "a module that registers something else",
      "StartError: Cannot start starter: silent_module.ts did not register Elsewhere when a child imported it",
      () => spawn(silent, [], options),
    ],
    [
      "a module that ends its isolate",
      "StartError: Cannot start starter: it ended before it was ready (error, code 7)",
      () => spawn(leaving, [], options),
    ],
  ]);
}, ["thread", "process"]);

everywhere("failed start: an option that only a subprocess can have", async (placement) => {
  const state = `can be enforced only with placement "process", not "${placement}"`;
  const start = (options: SpawnOptions) => spawn(Unlucky, [], { ...options, placement, name: "starter" });
  await assertTexts([
    ["permissions", `StartError: Cannot start starter: permissions ${state}`, () => start({ permissions: "none" })],
    ["env", `StartError: Cannot start starter: env ${state}`, () => start({ env: {} })],
    ["maxHeapMb", `StartError: Cannot start starter: maxHeapMb ${state}`, () => start({ maxHeapMb: 64 })],
  ]);
}, ["inline", "thread"]);

bounded("wrong type: which argument or option, what is wanted, and what was given", async () => {
  await assertTexts([
    [
      "arguments",
      "TypeError: Cannot spawn Unlucky: the arguments must be an array, not 5",
      () => spawn(Unlucky, 5 as never),
    ],
    [
      "a placement",
      'TypeError: Cannot spawn Unlucky: placement must be "thread", "process" or "inline", not "fork"',
      () => spawn(Unlucky, [], { placement: "fork" as PlacementName }),
    ],
    [
      "a time",
      'TypeError: Cannot spawn Unlucky: startTimeoutMs must be a number of milliseconds, not "1s"',
      () => spawn(Unlucky, [], { startTimeoutMs: "1s" as never }),
    ],
    [
      "a number of a queue",
      'TypeError: Cannot make a queue: maxSize must be a number, not "9"',
      () => new Queue({ maxSize: "9" as never }),
    ],
    [
      "a strategy",
      'TypeError: Cannot supervise: strategy must be one of one-for-one, one-for-all, rest-for-one, not "all"',
      () => supervise({}, { strategy: "all" as never }),
    ],
  ]);
});

everywhere("wrong type: what an actor cannot be asked", async (placement) => {
  await using unlucky = await start(placement);
  const call = unlucky.call as unknown as Record<string, () => Promise<unknown>>;
  await assertTexts([
    ["no such method", "TypeError: Cannot call unlucky.nothing: it has no such public method", () => call.nothing()],
    [
      "its constructor",
      "TypeError: Cannot call unlucky.constructor: it has no such public method",
      () => (call.constructor as () => Promise<unknown>)(),
    ],
    [
      "a generator awaited",
      "TypeError: Cannot await unlucky.items: it is a generator method, iterate its items with for await",
      () => call.items(),
    ],
    [
      "no generator iterated",
      "TypeError: Cannot iterate unlucky.take: it is no generator method, await its result",
      () => Array.fromAsync(call.take() as unknown as AsyncIterable<unknown>),
    ],
    [
      "a time",
      "TypeError: Cannot call unlucky: timeoutMs must be a number of milliseconds, not NaN",
      () => unlucky.with({ timeoutMs: NaN }).call.take(),
    ],
  ]);
});

everywhere("crash: who has ended, and of what, before or while it was asked", async (placement) => {
  const crashing = await start(placement, { concurrency: 2 });
  const atCrash = settled(crashing.call.wait());
  crashing.cast.fail();
  await crashing.exited;

  const killed = await start(placement);
  const atKill = settled(killed.call.wait());
  await killed.kill();

  const failing = new Process(fail, [], { placement, name: "failing" });
  await failing.start();
  await failing.join();

  await using unlucky = await start(placement);
  await assertTexts([
    ["in a call", "RangeError: no such luck\nfor anybody", () => unlucky.call.fail()],
    [
      "during a call",
      "ActorExitedError: Cannot call unlucky.wait: unlucky has ended (RangeError: no such luck)",
      () => atCrash,
    ],
    [
      "before a call",
      "ActorExitedError: Cannot call unlucky.take: unlucky has ended (RangeError: no such luck)",
      () => crashing.call.take(),
    ],
    [
      "killed during a call",
      "ActorExitedError: Cannot call unlucky.wait: unlucky has ended (killed by SIGKILL)",
      () => atKill,
    ],
    ["of a process", "RangeError: no such luck", () => failing.result],
    [
      "of a task in a pool",
      "RangeError: no such luck",
      async () => {
        await using pool = new Pool({ size: 1, placement });
        await pool.run(fail);
      },
    ],
    [
      "too often",
      'RestartLimitError: Cannot keep "unlucky" alive: it ended again after 0 restarts (RangeError: no such luck)',
      async () => {
        const app = await supervise({ unlucky: child(Unlucky, [], { placement }) }, { maxRestarts: 0 });
        app.refs.unlucky.cast.fail();
        throw (await app.exited).error;
      },
    ],
  ]);
  const inspected = Deno.inspect(crashing).replace(crashing.address, "ADDRESS");
  assertEquals(inspected, `Ref(unlucky ADDRESS, ${placement}, ended: RangeError: no such luck)`);
});

everywhere("timeout: what was waited for, and how long", async (placement) => {
  const unlucky = await start(placement);
  const queue = new Queue<number>({ maxSize: 1 });
  const full = new Queue<number>({ maxSize: 1 });
  await full.put(1);
  const [mine, theirs] = pipe<number>();
  await assertTexts([
    [
      "a call",
      "TimeoutError: Cannot call unlucky.wait: no answer came in 10 ms",
      () => unlucky.with({ timeoutMs: 10 }).call.wait(),
    ],
    ["a get", "EmptyError: Cannot get from a queue: it stayed empty for 10 ms", () => queue.get({ timeoutMs: 10 })],
    ["a put", "FullError: Cannot put to a queue: it stayed full for 10 ms", () => full.put(2, { timeoutMs: 10 })],
    [
      "a recv",
      "TimeoutError: Cannot receive from a pipe: nothing came in 10 ms",
      () => mine.recv({ timeoutMs: 10 }),
    ],
  ]);
  await theirs.close();
  await unlucky.kill();
});

everywhere("closed: what is, on which side", async (placement) => {
  const [mine, theirs] = pipe<string>();
  const closer = new Process(close, [theirs], { placement, name: "closer" });
  await closer.start();
  await closer.join();
  const peerGone = "the peer is gone";
  await assertTexts([
    ["recv, at the other end", `DisconnectedError: Cannot receive from a pipe: ${peerGone}`, () => mine.recv()],
    ["send, at the other end", `DisconnectedError: Cannot send on a pipe: ${peerGone}`, () => mine.send("x")],
  ]);
  await mine.close();
  const queue = new Queue<string>();
  await queue.close();
  const [reader, writer] = pipe<string>({ duplex: false });
  const pool = new Pool({ size: 1, placement, name: "crew" });
  await pool.close();
  const stopped = await start(placement);
  await stopped.stop();
  closer.close();
  await assertTexts([
    ["recv, here", "ClosedError: Cannot receive from a pipe: this end is closed", () => mine.recv()],
    ["send, here", "ClosedError: Cannot send on a pipe: this end is closed", () => mine.send("x")],
    ["put", "ClosedError: Cannot put to a queue: it is closed", () => queue.put("x")],
    ["get", "ClosedError: Cannot get from a queue: it is closed", () => queue.get()],
    [
      "send, where one reads",
      "DirectionError: Cannot send on a pipe: this end only reads",
      () => (reader as unknown as { send(value: string): Promise<void> }).send("x"),
    ],
    ["a pool", "PoolClosedError: Cannot run a task: crew is closed", () => pool.run(fail)],
    ["a process object", "ClosedError: Cannot join closer: this process object is closed", () => closer.join()],
    [
      "an actor",
      "ActorExitedError: Cannot call unlucky.take: unlucky has ended (stopped, code 0)",
      () => stopped.call.take(),
    ],
  ]);
  await writer.close();
  await pool.join();
});

everywhere("closed: what lived in an isolate that is gone", async (placement) => {
  const unlucky = await start(placement);
  const { queue, end, lock, flag, barrier, condition, value, list } = await unlucky.call.make();
  using _held = await condition.lock.acquire();
  await unlucky.kill();
  const gone = (action: string) => `DisconnectedError: Cannot ${action}: its home is gone`;
  await assertTexts([
    ["put", gone("put to a queue"), () => queue.put("x")],
    ["get", gone("get from a queue"), () => queue.get()],
    ["size", gone("ask the size of a queue"), () => queue.size()],
    ["send", gone("send on a pipe"), () => end.send("x")],
    ["recv", gone("receive from a pipe"), () => end.recv()],
    ["acquire", gone("acquire a lock"), () => lock.acquire()],
    ["wait for a flag", gone("wait for an event flag"), () => flag.wait()],
    ["set a flag", gone("set an event flag"), () => flag.set()],
    ["wait at a barrier", gone("wait at a barrier"), () => barrier.wait()],
    ["notify", gone("notify a condition"), () => condition.notify()],
    ["a slot", gone("read a shareable list"), () => list.get(0)],
    // Its memory is here, too, in a thread of the same process.
    ...placement === "process" ? [["add", gone("add to a shared value"), () => value.add(1)] as const] : [],
  ]);
}, ["thread", "process"]);

bounded("wrong key: whom one could not connect to; and who is told so at the other side", async () => {
  const refused = Promise.withResolvers<Error>();
  await using _listener = await listen({ port: 0 }, { authKey: "swordfish", onRefused: refused.resolve });
  await assertTexts([
    [
      "who connects",
      "AuthenticationError: Cannot connect to HOST:PORT: the other side does not accept the key",
      () => connect(_listener.address, { authKey: "herring" }),
    ],
    [
      "who listens",
      "AuthenticationError: Cannot accept HOST:PORT on the listener on HOST:PORT: the other side does not have the key",
      async () => {
        throw await refused.promise;
      },
    ],
    [
      "no key at all",
      "TypeError: Cannot connect: authKey must not be empty",
      () => connect(_listener.address, { authKey: "" }),
    ],
  ]);
});

everywhere("not serializable: the path of the value, what it is, and what to do", async (placement) => {
  await using unlucky = await start(placement);
  const { call, cast } = unlucky;
  const queue = new Queue<unknown>();
  const [mine, theirs] = pipe<unknown>();
  const never = "cannot travel";
  await assertTexts([
    [
      "an argument",
      `NotSerializableError: Cannot send args[0].options.on: a function ${never}`,
      () => call.take({ options: { on: () => {} } }),
    ],
    [
      "an instance",
      `NotSerializableError: Cannot send args[1][0]: an instance of class Unlucky ${never}; give plain data or a handle`,
      () => call.take(1, [new Unlucky()]),
    ],
    [
      "a promise",
      `NotSerializableError: Cannot send args[0]: a Promise ${never}; await it first`,
      () => call.take(Promise.resolve(1)),
    ],
    [
      "a key of a map",
      `NotSerializableError: Cannot send args[0].keys()[0]: a symbol ${never}`,
      () => call.take(new Map([[Symbol("key"), 1]])),
    ],
    [
      "a cast",
      `NotSerializableError: Cannot send args[0]["a b"]: a function ${never}`,
      () => cast.take({ "a b"() {} }),
    ],
    ["a result", `NotSerializableError: Cannot send result.found[0]: a function ${never}`, () => call.answer()],
    ["an item", `NotSerializableError: Cannot send item: a WeakMap ${never}`, () => queue.put(new WeakMap())],
    ["a message", `NotSerializableError: Cannot send message: a function ${never}`, () => mine.send(() => {})],
    [
      "an argument of a process",
      `NotSerializableError: Cannot send args[0]: a function ${never}`,
      () => new Process(close, [(() => {}) as never], { placement }).start(),
    ],
  ]);
  await mine.close();
  await theirs.close();
});

async function start(placement: PlacementName, options?: SpawnOptions): Promise<Ref<Unlucky>> {
  return await spawn(Unlucky, [], { placement, name: "unlucky", ...options });
}

/** Marked as handled: it is looked at later. */
function settled(call: PromiseLike<unknown>): Promise<unknown> {
  const promise = Promise.resolve(call);
  promise.catch(() => {});
  return promise;
}
