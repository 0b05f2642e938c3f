/**
 * What the types of a manager infer. That this file compiles is the test.
 *
 * @module
 */

import { assertType, type IsExact } from "@std/testing/types";
import {
  actor,
  type BoundedSemaphore,
  child,
  type DeepReadonly,
  type DictChange,
  type JoinableQueue,
  type Key,
  manage,
  type Manager,
  manager,
  type Namespace,
  type Queue,
  type Ref,
  type SharedArray,
  type SharedDict,
  type SharedList,
  type SharedSet,
  type SharedStruct,
  type SharedValue,
  supervise,
} from "../../mod.ts";

class Counter {
  add(by: number): number {
    return by;
  }
}
actor(import.meta.url, Counter);

interface Person {
  name: string;
  tags: string[];
  born?: Date;
  marks: Map<string, { n: number }>;
  point: [x: number, y: number];
  jobs: Queue<string>;
}

Deno.test("a manager's children keep their types, in a supervisor too", () => {
  async function _use(): Promise<void> {
    const state = await manage({ counter: child(Counter) }, { store: "state.db" });
    assertType<IsExact<typeof state.refs.counter, Ref<Counter>>>(true);
    const app = await supervise({ inner: manager({ counter: child(Counter) }) });
    assertType<IsExact<typeof app.refs.inner.refs.counter, Ref<Counter>>>(true);
    const alone: Manager = await manage();
    void alone;
  }
});

Deno.test("an object that a manager makes has the types that it was asked for", () => {
  async function _use(m: Manager): Promise<void> {
    assertType<IsExact<Awaited<ReturnType<typeof m.dict<string, Person>>>, SharedDict<string, Person>>>(true);
    const list: SharedList<Person> = await m.list();
    const set: SharedSet<[string, number]> = await m.set({ name: "set" });
    const queue: Queue<Person> = await m.queue({ maxSize: 2 });
    const jobs: JoinableQueue<number> = await m.joinableQueue({ maxDeliveries: 1 });
    const value = await m.value("bigint64", 1n);
    const array = await m.array("float32", [1]);
    const struct = await m.struct({ x: "float64", n: "int8" }, 2, { name: "struct" });
    const permits: BoundedSemaphore = await m.boundedSemaphore(2);
    assertType<IsExact<typeof value, SharedValue<"bigint64">>>(true);
    assertType<IsExact<typeof array, SharedArray<"float32">>>(true);
    assertType<IsExact<typeof struct, SharedStruct<{ x: "float64"; n: "int8" }>>>(true);
    const shared = await m.shared<Counter>("counter");
    assertType<IsExact<typeof shared, Ref<Counter>>>(true);
    void [list, set, queue, jobs, permits];
  }
});

Deno.test("an instance that a manager makes has the methods of its class, and takes what its constructor takes", () => {
  class Tally {
    constructor(readonly start: number, readonly label?: string) {}
    add(by: bigint): string {
      return `${by}`;
    }
  }
  async function _use(m: Manager): Promise<void> {
    const tally = await m.make(Tally, [1]);
    assertType<IsExact<typeof tally, Ref<Tally>>>(true);
    assertType<IsExact<Awaited<ReturnType<typeof tally.call.add>>, string>>(true);
    await m.make(Tally, [1, "a"]);
    await m.make(Counter);
    await m.make(Counter, []);
    // @ts-expect-error -- the constructor needs a number
    await m.make(Tally);
    // @ts-expect-error -- and not a text
    await m.make(Tally, ["1"]);
    // @ts-expect-error -- this one takes nothing
    await m.make(Counter, [1]);
    // @ts-expect-error -- there is no such method
    tally.call.subtract(1n);
    // @ts-expect-error -- it adds bigints
    tally.call.add(1);
    // @ts-expect-error -- a function is no class
    await m.make(() => 1);
    await manage({}, { classes: [Counter, Tally] });
    // @ts-expect-error -- nor is an instance one
    await manage({}, { classes: [new Counter()] });
  }
});

Deno.test("values read are readonly all the way down, but for handles and private copies", () => {
  assertType<
    IsExact<DeepReadonly<Person>, {
      readonly name: string;
      readonly tags: readonly string[];
      readonly born?: Date;
      readonly marks: ReadonlyMap<string, { readonly n: number }>;
      readonly point: readonly [x: number, y: number];
      readonly jobs: Queue<string>;
    }>
  >(true);
  assertType<IsExact<DeepReadonly<Uint8Array>, Uint8Array>>(true);
  assertType<IsExact<DeepReadonly<unknown>, unknown>>(true);
  assertType<IsExact<DeepReadonly<number | string[]>, number | readonly string[]>>(true);
  assertType<IsExact<DeepReadonly<SharedDict<string, number>>, SharedDict<string, number>>>(true);
  async function _use(dict: SharedDict<string, Person>, list: SharedList<Person[]>): Promise<void> {
    const one = await dict.get("a");
    assertType<IsExact<typeof one, DeepReadonly<Person> | undefined>>(true);
    const first = await list.get(0);
    assertType<IsExact<typeof first, readonly DeepReadonly<Person>[] | undefined>>(true);
    // @ts-expect-error -- what was read cannot be changed
    one!.tags.push("b");
    // @ts-expect-error -- nor can an item of it be
    first!.push(one!);
    await dict.update("a", (old) => ({ ...old!, tags: [], point: [1, 2], marks: new Map() }));
    for await (const change of dict.changes()) {
      assertType<IsExact<typeof change, DictChange<string, Person>>>(true);
      if (change.type === "set") assertType<IsExact<typeof change.value, DeepReadonly<Person>>>(true);
    }
  }
});

Deno.test("a value that was read can be stored as it is, and with a part of it changed", () => {
  interface Job {
    id?: number;
    readonly name?: string;
    tags?: string[];
    parts?: { n: number }[];
  }
  async function _use(
    people: SharedDict<string, Person>,
    jobs: SharedDict<string, Job>,
    list: SharedList<Person>,
    settings: Namespace<{ owner: Person; job: Job }>,
    make: <V>() => SharedDict<string, V>,
  ): Promise<void> {
    await people.set("b", (await people.get("a"))!);
    await people.set("b", (await list.get(0))!);
    await people.setDefault("b", (await people.pop("a"))!);
    for (const [name, person] of await people.entries()) await people.set(name, person);
    await jobs.update("a", (old) => ({ ...old, id: 1 }));
    await jobs.update("a", async (old) => await Promise.resolve({ ...old, tags: [...old?.tags ?? [], "new"] }));
    const stored = await people.update("a", (old) => ({ ...old!, tags: [] }));
    assertType<IsExact<typeof stored, DeepReadonly<Person>>>(true);
    await list.push(stored, ...await list.snapshot());
    await list.extend(await list.slice(1));
    await list.insert(0, stored);
    await list.set(0, (await list.get(1))!);
    await list.includes(stored);
    await list.update(0, (old) => ({ ...old, tags: ["a"] }));
    await settings.set("owner", await settings.get("owner"));
    await settings.update("job", (old) => ({ ...old, id: 1 }));
    const counted = await make<number>().update("a", (old = 0) => old + 1);
    assertType<IsExact<typeof counted, number>>(true);

    // @ts-expect-error -- there may be nothing to take the other parts from
    await people.update("a", (old) => ({ ...old, tags: [] }));
    // @ts-expect-error -- there may be none
    await people.set("b", await people.get("a"));
    // @ts-expect-error -- a part of the wrong type
    await jobs.update("a", (old) => ({ ...old, id: "1" }));
    // @ts-expect-error -- what was read of jobs is no person
    await people.set("b", (await jobs.get("a"))!);
    // @ts-expect-error -- a part that a job does not have
    await jobs.set("a", { ...(await jobs.get("a"))!, owner: "b" });
    // @ts-expect-error -- what it has kept of the old value is frozen
    stored.tags.push("b");
    // @ts-expect-error -- a job is no person
    await settings.set("owner", await settings.get("job"));
  }
});

Deno.test("only numbers are incremented, and only keys are keys", () => {
  async function _use(
    numbers: SharedDict<Key, number>,
    big: SharedDict<string, bigint>,
    people: SharedDict<string, Person>,
    m: Manager,
    settings: Namespace<{ name: string; retries: number }>,
  ): Promise<void> {
    assertType<IsExact<Awaited<ReturnType<typeof numbers.get>>, number | undefined>>(true);
    await numbers.increment(["a", 1], 2);
    await big.increment("a", 1n);
    // @ts-expect-error -- a bigint is not incremented by a number
    await big.increment("a", 1);
    // @ts-expect-error -- a person is no number
    await people.increment("a");
    // @ts-expect-error -- an object is no key
    await m.dict<{ a: 1 }, number>();
    await settings.set("name", "a");
    await settings.increment("retries");
    // @ts-expect-error -- a string is not incremented
    await settings.increment("name");
    // @ts-expect-error -- there is no such name
    await settings.get("nmae");
    // @ts-expect-error -- a value has its type
    await settings.set("retries", "3");
  }
});
