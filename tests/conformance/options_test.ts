/** Options of a name that is unknown are refused by everything that takes options, before anything else happens. */

import { assert, assertEquals } from "@std/assert";
import {
  actor,
  asCompleted,
  Barrier,
  child,
  Condition,
  connect,
  connectManager,
  EventFlag,
  JoinableQueue,
  listen,
  Lock,
  manage,
  manager,
  onExit,
  pipe,
  Pool,
  Process,
  Queue,
  ready,
  register,
  RLock,
  select,
  Semaphore,
  shareable,
  SharedMemory,
  spawn,
  supervise,
  supervisor,
  task,
  wait,
  watch,
} from "../../mod.ts";
import { type Bag, optionBags } from "../option_bags.ts";
import { bounded } from "./bounded.ts";

class Counter {}
actor(import.meta.url, Counter);

async function idle(): Promise<void> {
  await Promise.resolve();
}
task(import.meta.url, idle);

class Plain {}

// deno-lint-ignore no-explicit-any -- options of whatever name are what is tested
type AnyOptions = any;
type Calls = Record<string, (options: AnyOptions) => unknown>;

/** How each of them is called with options; that all are here is tested. */
async function calls(stack: AsyncDisposableStack): Promise<Calls> {
  const inline = { placement: "inline" } as const;
  const ref = stack.use(await spawn(Counter, [], inline));
  const process = stack.use(new Process(idle, [], inline));
  await process.start();
  const group = stack.use(await supervise({}));
  const pool = new Pool({ ...inline, size: 1 });
  stack.defer(() => pool.terminate());
  const shared = stack.use(await manage({}, inline));
  const list = await shared.list<number>();
  const [lock, rlock, semaphore, flag] = [new Lock(), new RLock(), new Semaphore(), new EventFlag()];
  const condition = new Condition();
  const barrier = new Barrier(2);
  const queue = new Queue<number>();
  const joinable = new JoinableQueue<number>();
  const producer = stack.use(await queue.producer());
  const [connection] = pipe();
  const address = { port: 0 };
  const listener = stack.use(await listen(address));
  return {
    "spawn(options)": (options) => spawn(Counter, [], options),
    "Ref.with(options)": (options) => ref.with(options),
    "Ref.ready(options)": (options) => ref.ready(options),
    "Ref.stop(options)": (options) => ref.stop(options),
    "new Process(options)": (options) => new Process(idle, [], options),
    "Process.join(options)": (options) => process.join(options),
    "Process.send(options)": (options) => process.send(1, options),
    "Process.stop(options)": (options) => process.stop(options),
    "child(options)": (options) => child(Counter, [], options),
    "supervise(options)": (options) => supervise({}, options),
    "supervisor(options)": (options) => supervisor({}, options),
    "Supervisor.stop(options)": (options) => group.stop(options),
    "new Pool(options)": (options) => new Pool(options),
    "Pool.run(options)": (options) => pool.run(idle, [], options),
    "Pool.submit(options)": (options) => pool.submit(idle, [], options),
    "Pool.ready(options)": (options) => pool.ready(options),
    "Pool.close(options)": (options) => pool.close(options),
    "Pool.map(options)": (options) => pool.map(idle, [1], options),
    "Pool.starmap(options)": (options) => pool.starmap(idle, [[]], options),
    "Pool.mapSettled(options)": (options) => pool.mapSettled(idle, [1], options),
    "Pool.imap(options)": (options) => pool.imap(idle, [1], options),
    "Pool.imapUnordered(options)": (options) => pool.imapUnordered(idle, [1], options),
    "Pool.join(options)": (options) => pool.join(options),
    "manage(options)": (options) => manage({}, options),
    "manager(options)": (options) => manager({}, options),
    "Manager.dict(options)": (options) => shared.dict(options),
    "Manager.list(options)": (options) => shared.list(options),
    "Manager.set(options)": (options) => shared.set(options),
    "Manager.namespace(options)": (options) => shared.namespace(options),
    "Manager.value(options)": (options) => shared.value("int8", 0, options),
    "Manager.array(options)": (options) => shared.array("int8", 1, options),
    "Manager.struct(options)": (options) => shared.struct({ x: "int8" }, 1, options),
    "Manager.queue(options)": (options) => shared.queue(options),
    "Manager.joinableQueue(options)": (options) => shared.joinableQueue(options),
    "Manager.lock(options)": (options) => shared.lock(options),
    "Manager.rlock(options)": (options) => shared.rlock(options),
    "Manager.semaphore(options)": (options) => shared.semaphore(1, options),
    "Manager.boundedSemaphore(options)": (options) => shared.boundedSemaphore(1, options),
    "Manager.condition(options)": (options) => shared.condition(options),
    "Manager.eventFlag(options)": (options) => shared.eventFlag(options),
    "Manager.barrier(options)": (options) => shared.barrier(1, options),
    "Manager.pool(options)": (options) => shared.pool(options),
    "Manager.serve(address)": (address) => shared.serve(address, { authKey: "key" }),
    "Manager.serve(options)": (options) => shared.serve(address, options),
    "connectManager(address)": (address) => connectManager(address, { authKey: "key" }),
    "connectManager(options)": (options) => connectManager(listener.address, options),
    "shareable(options)": (options) => shareable(Plain, options),
    "SharedList.sort(options)": (options) => list.sort(options),
    "register(options)": (options) => register("counter", ref, options),
    "onExit(options)": (options) => onExit(() => {}, options),
    "ready(options)": (options) => ready({ queue }, options),
    "select(options)": (options) => select({ queue }, options),
    "asCompleted(options)": (options) => asCompleted([], options),
    "wait(options)": (options) => wait([], options),
    "Lock.acquire(options)": (options) => lock.acquire(options),
    "Lock.acquireSync(options)": (options) => lock.acquireSync(options),
    "RLock.acquire(options)": (options) => rlock.acquire(options),
    "RLock.acquireSync(options)": (options) => rlock.acquireSync(options),
    "Semaphore.acquire(options)": (options) => semaphore.acquire(options),
    "Semaphore.acquireSync(options)": (options) => semaphore.acquireSync(options),
    "Condition.wait(options)": (options) => condition.wait(options),
    "Condition.waitFor(options)": (options) => condition.waitFor(() => true, options),
    "EventFlag.wait(options)": (options) => flag.wait(options),
    "new Barrier(options)": (options) => new Barrier(1, options),
    "Barrier.wait(options)": (options) => barrier.wait(options),
    "SharedMemory.create(options)": (options) => SharedMemory.create(8, options),
    "new Queue(options)": (options) => new Queue(options),
    "watch(options)": (options) => watch(ref, () => {}, options),
    "Queue.put(options)": (options) => queue.put(1, options),
    "Queue.get(options)": (options) => queue.get(options),
    "Producer.put(options)": (options) => producer.put(1, options),
    "new JoinableQueue(options)": (options) => new JoinableQueue(options),
    "JoinableQueue.get(options)": (options) => joinable.get(options),
    "JoinableQueue.join(options)": (options) => joinable.join(options),
    "pipe(options)": (options) => pipe(options),
    "Connection.send(options)": (options) => connection.send(1, options),
    "Connection.recv(options)": (options) => connection.recv(options),
    "Connection.poll(options)": (options) => connection.poll(options),
    "Connection.sendBytes(options)": (options) => connection.sendBytes(new Uint8Array(1), options),
    "Connection.recvBytes(options)": (options) => connection.recvBytes(options),
    "Connection.recvBytesInto(options)": (options) => connection.recvBytesInto(new Uint8Array(1), 0, options),
    "listen(address)": (address) => listen(address),
    "listen(options)": (options) => listen(address, options),
    "Listener.accept(options)": (options) => listener.accept(options),
    "connect(address)": (address) => connect(address),
    "connect(options)": (options) => connect(listener.address, options),
  };
}

const bags = await optionBags();

/** Registers a test of what holds for everything that takes options. */
function everyBag(name: string, test: (call: (options: AnyOptions) => unknown, bag: Bag) => Promise<void>): void {
  bounded(name, async () => {
    await using stack = new AsyncDisposableStack();
    const all = await calls(stack);
    for (const bag of bags) await test(all[bag.entry], bag);
  });
}

bounded("everything that takes options is called with unknown ones here", async () => {
  await using stack = new AsyncDisposableStack();
  assertEquals(Object.keys(await calls(stack)).sort(), [...new Set(bags.map(({ entry }) => entry))].sort());
});

everyBag("an option that is misspelt is a TypeError that names it and the one that was meant", async (call, bag) => {
  for (const name of bag.names) {
    const isAddress = bag.entry.endsWith("(address)");
    const [shown, meant] = isAddress ? [`address.${name}z`, `address.${name}`] : [`${name}z`, name];
    const message = await refusal(call, bag, optionsOf(`${name}z`));
    assert(message.endsWith(`: there is no option "${shown}"; did you mean "${meant}"?`), `${bag.entry}: ${message}`);
  }
});

everyBag("an option of something else is refused", async (call, bag) => {
  const foreign = new Set(bags.flatMap(({ names }) => names)).difference(new Set(bag.names));
  for (const name of foreign) {
    if (name.includes(".") && !bag.names.includes(name.split(".")[0])) continue;
    const message = await refusal(call, bag, optionsOf(name));
    assert(message.includes(`: there is no option "`), `${bag.entry}: ${message}`);
  }
});

everyBag("only an object's own enumerable names are options", async (call, bag) => {
  const hidden = Object.create({ inherited: 1 }, { hidden: { value: 1, enumerable: false } });
  const odd = Object.assign(hidden, { [Symbol("option")]: 1, unknown: undefined });
  const message = await refusal(call, bag, odd);
  assert(message.includes(`"unknown"`) || message.includes(`"address.unknown"`), `${bag.entry}: ${message}`);
  for (const name of ["constructor", "toString", "hasOwnProperty"]) {
    assert((await refusal(call, bag, { [name]: 1 })).includes(`${name}"`), bag.entry);
  }
  assert((await refusal(call, bag, JSON.parse('{ "__proto__": 1 }'))).includes(`__proto__"`), bag.entry);
});

bounded("an unknown option that resembles none is told with all that there are", async () => {
  const message = await refusal((options) => new Queue().get(options), { entry: "get", names: [] }, { loudness: 11 });
  assertEquals(message, 'Cannot get from a queue: there is no option "loudness"; known are timeoutMs, signal');
});

bounded("options that are known are taken, whatever else the object has in its prototype", async () => {
  const queue = new Queue<number>(Object.create({ unknown: 1 }, { maxSize: { value: 1, enumerable: true } }));
  assertEquals(queue.maxSize, 1);
  await queue.put(1, { timeoutMs: undefined, signal: undefined });
  assertEquals(await queue.get({ timeoutMs: 1000, signal: undefined }), 1);
});

/** Options with this one name; of `mailbox.capacity` an option `mailbox` with one. */
function optionsOf(name: string): object {
  const [outer, inner] = name.split(".");
  return { [outer]: inner === undefined ? 1 : { [inner]: 1 } };
}

/** The message with which options are refused. */
async function refusal(call: (options: AnyOptions) => unknown, { entry }: Bag, options: object): Promise<string> {
  try {
    const made = await call(options);
    throw new Error(`${entry} took ${Deno.inspect(options)} and gave ${Deno.inspect(made)}`);
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}
