/**
 * A value that comes from elsewhere is of the type that it must be, or refused before anything is made of it. A value of another
 * type would be turned into a text or a number wherever one is needed: what a few bytes say takes years to be turned into one.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { deadline } from "@std/async";
import { companionsFrom } from "../../actors/supervision/companions.ts";
import { describedAs } from "../../actors/supervision/child.ts";
import { taskNameOf } from "../../actors/pool/task_name.ts";
import { whoActs } from "../../channels/kernel/acting.ts";
import { ask } from "../../channels/kernel/ask.ts";
import type { Target } from "../../channels/kernel/cell.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { type Passage, passagesOf } from "../../channels/kernel/handle.ts";
import { destinationOf, pack, unpack } from "../../channels/kernel/pack.ts";
import { plainPacket } from "../../channels/kernel/packet.ts";
import { root } from "../../channels/kernel/root.ts";
import {
  actor,
  child,
  ClosedError,
  type Condition,
  listen,
  type Lock,
  manage,
  type Namespace,
  Pool,
  ProtocolError,
  Queue,
  type RLock,
  type Semaphore,
  SharedArray,
  type SharedDict,
  SharedMemory,
  type SharedSet,
  spawn,
  supervise,
  task,
} from "../../mod.ts";
import { allEnded } from "../channels/remote/all_ended.ts";
import { type Lie, LyingHome } from "./lying_home.ts";

const WITHIN_MS = 10_000;
const authKey = "swordfish";
const ELSEWHERE = { isolate: "nowhere", slot: 9, incarnation: 1, secret: "ab".repeat(16) };

class Honest {
  ping(): string {
    return "pong";
  }
}
actor(import.meta.url, Honest);

function double(n: number): number {
  return 2 * n;
}
task(import.meta.url, double);

/** One value of each type. Those within lists would pass for what is in them. */
const ANYTHING: readonly unknown[] = [
  null,
  true,
  7,
  7n,
  "7",
  [[7]],
  [["7"]],
  { length: 7 },
  new Uint8Array(3),
  new Map([[0, 7]]),
  new Set([7]),
  new Date(7),
  new Error("7"),
];

/** All that a sound value can be with something of another type in one of its places. */
function* unsound(sound: unknown): Generator<unknown> {
  for (const value of ANYTHING) if (typeOf(value) !== typeOf(sound)) yield value;
  if (typeOf(sound) !== "array" && typeOf(sound) !== "object") return;
  for (const [key, part] of Object.entries(sound as object)) {
    for (const value of unsound(part)) {
      yield Array.isArray(sound)
        ? sound.map((item, at) => at === Number(key) ? value : item)
        : { ...sound as object, [key]: value };
    }
  }
}

function typeOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  const { name } = value.constructor;
  return name === "Array" || name === "Object" ? name.toLowerCase() : name;
}

/** The error of a refusal says what cannot be read. */
function assertRefusal(error: unknown, what: string): void {
  assert(error instanceof ProtocolError || error instanceof TypeError, `${what}: ${error}`);
  assert(/^Cannot (?!read propert|destructure|convert)/.test(error.message), `${what}: ${error.stack}`);
}

const PART: Passage = { kind: "shared-dict", meta: null, target: ELSEWHERE };
const name = ["told", "process"];
/** The handles that say something of themselves, each as it may be. */
const HANDLES: readonly Pick<Passage, "kind" | "meta" | "also">[] = [
  { kind: "queue", meta: 10 },
  { kind: "joinable-queue", meta: 10 },
  { kind: "producer", meta: 10 },
  { kind: "connection", meta: [true, true] },
  { kind: "barrier", meta: [2, 100] },
  { kind: "shared-memory", meta: ["name", 64] },
  { kind: "shared-value", meta: ["int32", 1] },
  { kind: "shared-array", meta: ["int32", 1] },
  { kind: "shared-struct", meta: [{ x: "int32" }, 1] },
  { kind: "shareable-list", meta: 1 },
  { kind: "queue-loan", meta: 1 },
  { kind: "pool", meta: [2, true] },
  { kind: "ref", meta: name },
  { kind: "process", meta: [...name, false, 1] },
  { kind: "supervisor", meta: [...name, ["a"]] },
  // The object that it stands for is its part.
  { kind: "named", meta: ["manager", "dict", "name"] },
  { kind: "instance", meta: name, also: ELSEWHERE },
  { kind: "signal", meta: encode("over", "reason") },
];

/** The kinds of what a manager gives names to. */
const MADE_BY_MANAGERS = /^(shared-(?!memory)|queue$|joinable-queue|barrier|pool|named)/;

function receive(handle: Pick<Passage, "kind" | "meta" | "also">, parts: readonly Passage[] = [PART]): unknown {
  const passages = [{ ...handle, target: ELSEWHERE, parts: parts.length }, ...parts];
  return unpack({ ...plainPacket(new Uint8Array([0xd4, 10, 0])), passages }, whoActs.holder());
}

Deno.test("a handle that says of itself what cannot be is refused where it arrives", () => {
  for (const handle of HANDLES) {
    receive(handle);
    for (const meta of unsound(handle.meta)) {
      // The signal of a call that goes on has none.
      if (handle.kind === "signal" && meta === null) continue;
      const what = `${handle.kind} ${Deno.inspect(meta)}`;
      assertRefusal(assertThrows(() => receive({ ...handle, meta }), Error, undefined, what), what);
    }
  }
  assertRefusal(assertThrows(() => receive({ kind: "instance", meta: name })), "an instance of nobody");
  const named = HANDLES.find(({ kind }) => kind === "named")!;
  assertRefusal(assertThrows(() => receive(named, [])), "a named object that is nothing");
  for (const { kind, ...rest } of HANDLES.filter(({ kind }) => !MADE_BY_MANAGERS.test(kind))) {
    assertRefusal(assertThrows(() => receive(named, [{ kind, ...rest, target: ELSEWHERE }])), `a named ${kind}`);
  }
  const end: Passage = { kind: "connection", meta: [true, true], target: ELSEWHERE };
  receive({ kind: "remote-connection", meta: null }, [end, end]);
  for (const parts of [[], [end], [PART, end], [end, PART]]) {
    assertRefusal(
      assertThrows(() => receive({ kind: "remote-connection", meta: null }, parts)),
      "a connection of others",
    );
    assertRefusal(assertThrows(() => receive({ kind: "condition", meta: null }, parts)), "a condition without a lock");
  }
  assertEquals(companionsFrom([["f00d.1", 2]]), [["f00d.1", 2]]);
  for (const value of unsound([["f00d.1", 2]])) assertThrows(() => companionsFrom(value), ProtocolError);
});

Deno.test("a request for what cannot be is refused, and changes nothing", async () => {
  const memory = await SharedMemory.create(64);
  const manager = await manage({}, { placement: "inline" });
  const list = await manager.list<number>();
  await list.extend([1, 2, 3]);
  const pool = new Pool({ size: 1, placement: "inline" });
  const honest = await spawn(Honest, [], { placement: "inline" });
  const cellOf = (face: object): Target => passagesOf(face)![0].target;
  const array = new SharedArray("int32", 3);
  const one = child(Honest, [], { placement: "inline", restart: "temporary" });
  const app = await supervise({ one });
  const events = new Queue<unknown>();
  const { spec } = describedAs("look", "another", child(Honest, [], one.options));
  const run = taskNameOf("run", double);
  const requests: readonly [target: Target, verb: string, detail: string, sound: unknown][] = [
    [cellOf(memory), "write", "", [0, new Uint8Array([1])]],
    [cellOf(memory), "read", "", [0, 1]],
    [cellOf(array), "set", "", [0, 1]],
    [cellOf(array), "add", "", [0, 1]],
    [cellOf(array), "compareExchange", "", [0, 1, 2]],
    [cellOf(array), "get", "", [0]],
    [cellOf(array), "slice", "", [0, 1]],
    [cellOf(list), "slice", "", [0, 1]],
    [cellOf(list), "extend", "", []],
    [cellOf(manager), "call", "object", ["dict", "another", []]],
    [cellOf(manager), "call", "make", [{ moduleUrl: import.meta.url, name: "Honest" }, []]],
    [cellOf(manager), "call", "publish", ["a name", honest]],
    [cellOf(app), "call", "add", ["another", spec]],
    [cellOf(app), "call", "observe", ["an id", events]],
    [cellOf(app), "call", "bind", ["an id", await events.producer()]],
    [cellOf(pool), "run", run, []],
    [cellOf(pool), "runWith", `0 0 0 ${run}`, []],
    [cellOf(honest), "call", "ping", []],
    [root(), "createMemory", "", [8, "another name"]],
    [root(), "attachMemory", "", "a name"],
    [root(), "register", "", ["a name"]],
    [root(), "lookup", "", "a name"],
    [root(), "unregister", "", "a name"],
    [root(), "deadLetters", "", [1, [{ to: "somebody", what: "something" }]]],
  ];
  for (const [target, verb, detail, sound] of requests) {
    const told = (value: unknown) => {
      const holder = whoActs.holder();
      const body = pack(value, "request", { isolate: holder.isolate, slot: holder.slot });
      return deadline(ask(target, { holder, verb, detail, body, lost: () => new Error("lost") }), WITHIN_MS);
    };
    for (const value of unsound(sound)) {
      const what = `${verb} ${detail} ${Deno.inspect(value)}`;
      assertRefusal(await assertRejects(() => told(value), Error, undefined, what), what);
    }
  }
  const holder = whoActs.holder();
  const lost = () => new Error("lost");
  const asked = (method: string, args: unknown[]) => {
    const body = pack(args, "request", destinationOf(cellOf(app)));
    return ask(cellOf(app), { holder, verb: "call", detail: method, body, lost });
  };
  // The id of an observer is kept, so a long one is refused. The end of events without an observer is not kept.
  await assertRejects(() => asked("observe", ["x".repeat(1000), events]), ProtocolError);
  const unbound = new Queue<unknown>();
  {
    using end = await unbound.producer();
    await asked("bind", ["nobody's", end]);
  }
  await assertRejects(() => deadline(unbound.get(), WITHIN_MS), ClosedError);
  // More items than there are values.
  for (const items of [[], new Uint8Array(100), "a long text", [new Uint8Array(100)]]) {
    const chunk = { holder, verb: "chunk", detail: `1 0 9 9 0 0 0 ${run}`, body: plainPacket(encode(items, "items")) };
    await assertRejects(
      () => ask(cellOf(pool), { ...chunk, lost: () => new Error("lost") }),
      TypeError,
      "Cannot run items",
    );
  }
  assertEquals([await memory.read(0, 4), await list.size(), await array.slice()], [new Uint8Array(4), 3, [0, 0, 0]]);
  await assertRejects(() => SharedMemory.attach("another name"), Deno.errors.NotFound);
  // An observer that was refused is told nothing of a restart.
  await app.restart("one");
  assertEquals([await one.ref.call.ping(), await events.size()], ["pong", 0]);
  await app.stop();
  await pool.terminate();
  await manager.stop();
  await honest.stop();
  await memory.close();
  await allEnded();
});

const reply = (value: unknown): Lie => ({ kind: "reply", value });
const item = (value: unknown): Lie => ({ kind: "item", value });
const FREE = item([0, 1, false]);

Deno.test("an answer that cannot be is refused before the library makes anything of it", async () => {
  const listener = await listen(undefined, { authKey });
  using home = await LyingHome.join(listener, authKey);
  /** Uses a handle while its home says what is unsound in the place of one sound answer. */
  const assertRefuses = async (
    handles: readonly Pick<Passage, "kind" | "meta">[],
    verb: string,
    sound: Lie,
    use: (face: never) => Promise<unknown>,
    others: Record<string, Lie> = {},
  ) => {
    for (const value of unsound(sound.value)) {
      home.lies = { ...others, [verb]: { ...sound, value } };
      const face = await home.face(...handles) as never;
      const what = `${handles[0].kind} ${verb} ${Deno.inspect(value)}`;
      const error = await assertRejects(() => deadline(use(face), WITHIN_MS), Error, undefined, what);
      assertRefusal(error, what);
    }
  };

  for (const kind of ["lock", "rlock", "semaphore"]) {
    const handle = { kind, meta: null };
    for (const verb of ["acquire", "tryAcquire"] as const) {
      await assertRefuses([handle], verb, FREE, (lock: Lock | RLock | Semaphore) => lock[verb]());
    }
  }
  await assertRefuses(
    [{ kind: "condition", meta: null }, { kind: "lock", meta: null }],
    "enlist",
    reply(1),
    async (condition: Condition) => {
      await condition.lock.acquire();
      await condition.wait();
    },
    { acquire: FREE, release: reply(undefined) },
  );
  const numbers = [{ kind: "shared-array", meta: ["int32", 3] }];
  await assertRefuses(numbers, "get", reply(1), (array: SharedArray<"int32">) => array.get(0));
  await assertRefuses(numbers, "get", reply(1), (array: SharedArray<"int32">) => array.update(0, (old) => old + 1));
  await assertRefuses(numbers, "add", reply(1), (array: SharedArray<"int32">) => array.add(0, 1));
  await assertRefuses(numbers, "slice", reply([1]), (array: SharedArray<"int32">) => array.slice());
  await assertRefuses(
    [{ kind: "shared-dict", meta: null }],
    "read",
    reply([1]),
    (dict: SharedDict<string, number>) => dict.update("a", () => 1),
  );
  const [keys, entries] = [reply(["sa"]), reply([["sa"]])];
  const face = (kind: string) => [{ kind, meta: null }];
  await assertRefuses(face("shared-dict"), "entries", entries, (dict: SharedDict<string, number>) => dict.snapshot());
  await assertRefuses(
    face("shared-namespace"),
    "entries",
    entries,
    (names: Namespace<{ a: number }>) => names.snapshot(),
  );
  await assertRefuses(face("shared-dict"), "keys", keys, (dict: SharedDict<string, number>) => dict.keys());
  await assertRefuses(face("shared-set"), "keys", keys, (set: SharedSet<string>) => set.values());
  // To lend items is for threads of one process alone.
  for (const value of [...ANYTHING, [1, new Uint8Array([1])]]) {
    home.lies = { get: reply(value) };
    const queue = await home.face({ kind: "queue", meta: 0 }) as Queue<unknown>;
    const iterator = queue[Symbol.asyncIterator]();
    assertRefusal(await assertRejects(() => deadline(iterator.next(), WITHIN_MS)), `queue ${Deno.inspect(value)}`);
  }
  await listener.close();
  home[Symbol.dispose]();
  await allEnded();
});

Deno.test("a supervisor does not wait for the place of a child that one with fewer rights has added", async () => {
  const listener = await listen(undefined, { authKey });
  using home = await LyingHome.join(listener, authKey);
  home.silent = true;
  const control = await home.face({ kind: "place-control", meta: null });
  const one = child(Honest, [], { placement: "inline" });
  const app = await supervise({ one });
  const { spec } = describedAs("look", "another", child(Honest, [], { placement: "inline" }));
  const asked = (method: string, ...args: unknown[]) => {
    const holder = whoActs.holder();
    const { target } = passagesOf(app)![0];
    const body = pack(args, "request", { isolate: holder.isolate, slot: holder.slot });
    return deadline(
      ask(target, { holder, verb: "call", detail: method, body, lost: () => new Error("lost") }),
      WITHIN_MS,
    );
  };
  await asked("add", "another", { ...spec, control });
  await asked("restart", "another");
  await asked("restart", "one");
  assertEquals(await one.ref.call.ping(), "pong");
  await asked("remove", "another");
  await deadline(app.stop(), WITHIN_MS);
  await listener.close();
  home[Symbol.dispose]();
  await allEnded();
});
