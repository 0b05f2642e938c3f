/**
 * What types infer. That these files compile is the test; running them only shows that nothing in them needs to run.
 *
 * @module
 */

import { assertType, type IsExact } from "@std/testing/types";
import {
  actor,
  type Call,
  type Callable,
  type Calls,
  type Casts,
  type Connection,
  type Current,
  type Exit,
  type Handle,
  JoinableQueue,
  pipe,
  Process,
  type Producer,
  Queue,
  type Receiver,
  type Ref,
  type Sender,
  spawn,
  type StartArgs,
} from "../../mod.ts";

interface Account {
  readonly id: number;
  readonly tags: readonly string[];
}

class Bank {
  #balance = 0;
  name = "bank";
  private secret(): void {}
  protected inner(): void {}

  constructor(readonly start: number, readonly currency: string = "EUR") {}

  deposit(by: number): number {
    return this.#balance += by;
  }

  async find(id: number): Promise<Account | undefined> {
    return await Promise.resolve(id === 0 ? undefined : { id, tags: [] });
  }

  reset(): void {}

  fail(message: string): never {
    throw new Error(message);
  }

  maybe(id: number): Account | Promise<Account> {
    return { id, tags: [] };
  }

  rest(first: string, second?: number, ...others: boolean[]): [string, number | undefined, boolean[]] {
    return [first, second, others];
  }

  *ids(from: number): Generator<number, string, undefined> {
    yield from;
    return "done";
  }

  async *accounts(): AsyncGenerator<Account> {
    yield { id: 1, tags: [] };
  }

  iterator(): IterableIterator<Account> {
    return [][Symbol.iterator]();
  }

  lookUp(id: number): Promise<Account>;
  lookUp(name: string, exact: boolean): Promise<Account[]>;
  lookUp(_key: number | string, _exact?: boolean): Promise<Account | Account[]> {
    return Promise.resolve([]);
  }

  async echo<T>(value: T): Promise<T> {
    return await Promise.resolve(value);
  }

  async *repeat<T>(value: T, times: number): AsyncGenerator<T> {
    for (let i = 0; i < times; i++) yield value;
  }

  pair<T>(value: T): [T, T] {
    return [value, value];
  }

  get balance(): number {
    return this.#balance;
  }

  _hidden(): void {}
  then(): void {}
  onStart(_context: Current): void {}
  onStop(): void {}
  onDown(): void {}
  onError(): "resume" {
    return "resume";
  }
  [Symbol.dispose](): void {}
}

class Plain {
  constructor(readonly options: { readonly size?: number } = {}) {}
  ping(): "pong" {
    return "pong";
  }
}

function square(n: number): number {
  return n * n;
}
async function sum(...numbers: number[]): Promise<number> {
  return await Promise.resolve(numbers.length);
}

type Of<K extends keyof Calls<Bank>> = Calls<Bank>[K];

Deno.test("a method that returns a value is called with its arguments and gives a promise of it", () => {
  assertType<IsExact<Of<"deposit">, (by: number) => Promise<number>>>(true);
  assertType<IsExact<Of<"find">, (id: number) => Promise<Account | undefined>>>(true);
  assertType<IsExact<Of<"reset">, () => Promise<void>>>(true);
  assertType<IsExact<Of<"fail">, (message: string) => Promise<never>>>(true);
  assertType<IsExact<Of<"maybe">, (id: number) => Promise<Account>>>(true);
  type Rest = (
    first: string,
    second?: number,
    ...others: boolean[]
  ) => Promise<[string, number | undefined, boolean[]]>;
  assertType<IsExact<Of<"rest">, Rest>>(true);
});

Deno.test("a generator method gives its items", () => {
  assertType<IsExact<Of<"ids">, (from: number) => AsyncIterableIterator<number>>>(true);
  assertType<IsExact<Of<"iterator">, () => AsyncIterableIterator<Account>>>(true);
  assertType<IsExact<Of<"accounts">, () => AsyncGenerator<Account>>>(true);
});

Deno.test("overloads and type parameters of methods that return a promise or an async generator are kept", () => {
  async function _use(bank: Ref<Bank>): Promise<void> {
    const one = await bank.call.lookUp(1);
    assertType<IsExact<typeof one, Account>>(true);
    const many = await bank.call.lookUp("a", true);
    assertType<IsExact<typeof many, Account[]>>(true);
    const echoed = await bank.call.echo({ n: 1 });
    assertType<IsExact<typeof echoed, { n: number }>>(true);
    for await (const item of bank.call.repeat("x", 2)) assertType<IsExact<typeof item, string>>(true);
    for await (const item of bank.call.ids(1)) assertType<IsExact<typeof item, number>>(true);
  }
});

Deno.test("type parameters of a synchronous method become unknown: such a method should return a promise", () => {
  assertType<IsExact<Of<"pair">, (value: unknown) => Promise<[unknown, unknown]>>>(true);
});

Deno.test("hooks, private and protected methods, _names, then, symbols and properties cannot be called", () => {
  type Names =
    | "deposit"
    | "find"
    | "reset"
    | "fail"
    | "maybe"
    | "rest"
    | "ids"
    | "accounts"
    | "iterator"
    | "lookUp"
    | "echo"
    | "repeat"
    | "pair";
  assertType<IsExact<Callable<Bank>, Names>>(true);
  assertType<IsExact<keyof Calls<Bank>, Names>>(true);
  assertType<IsExact<keyof Casts<Bank>, Names>>(true);
});

Deno.test("an interface may write its methods as properties, so types refuse no property that holds a function", () => {
  interface Depositing {
    readonly deposit: (by: number) => number;
    readonly reset: () => void;
  }
  assertType<IsExact<Callable<Depositing>, "deposit" | "reset">>(true);
  function _use(bank: Ref<Bank>): [Calls<Depositing>, Casts<Depositing>] {
    return [bank.call, bank.cast];
  }
});

Deno.test("a cast takes the arguments of the method and gives nothing", () => {
  assertType<IsExact<Casts<Bank>["deposit"], (by: number) => void>>(true);
  assertType<IsExact<Casts<Bank>["find"], (id: number) => void>>(true);
  assertType<IsExact<Casts<Bank>["accounts"], () => void>>(true);
});

Deno.test("spawn() gives a ref of a class and a process of a task", () => {
  assertType<IsExact<Handle<typeof Bank>, Ref<Bank>>>(true);
  assertType<IsExact<Handle<typeof square>, Process<number>>>(true);
  assertType<IsExact<Handle<typeof sum>, Process<number>>>(true);
  async function _use(): Promise<void> {
    const bank = await spawn(Bank, [1]);
    assertType<IsExact<typeof bank, Ref<Bank>>>(true);
    const balance = await bank.call.deposit(1);
    assertType<IsExact<typeof balance, number>>(true);
    const process = await spawn(square, [2]);
    assertType<IsExact<typeof process, Process<number>>>(true);
    const result = await process.result;
    assertType<IsExact<typeof result, number>>(true);
    const exit = await bank.exited;
    assertType<IsExact<typeof exit, Exit>>(true);
  }
});

Deno.test("arguments are those of the constructor or the function, and may be left out where none is needed", () => {
  assertType<IsExact<StartArgs<typeof Bank>, [start: number, currency?: string]>>(true);
  assertType<IsExact<StartArgs<typeof square>, [n: number]>>(true);
  async function _use(): Promise<void> {
    await spawn(Bank, [1]);
    await spawn(Bank, [1, "USD"], { placement: "process" });
    await spawn(Bank, [1] as const);
    await spawn(Plain);
    await spawn(Plain, []);
    await spawn(Plain, undefined, { placement: "inline" });
    await spawn(Plain, [{ size: 1 }]);
    await spawn(sum);
    await spawn(sum, [1, 2, 3]);
  }
});

Deno.test("a process knows what its function takes and returns", () => {
  function _use(): void {
    const p = new Process(square, [1], { placement: "thread" });
    assertType<IsExact<typeof p, Process<number, [n: number]>>>(true);
    assertType<IsExact<typeof p.result, Promise<number>>>(true);
    assertType<IsExact<Awaited<ReturnType<typeof p.join>>, Exit | undefined>>(true);
    new Process(sum);
    const unknown: Process = p;
    const numeric: Process<number> = p;
    assertType<IsExact<typeof unknown.result, Promise<unknown>>>(true);
    assertType<IsExact<typeof numeric.result, Promise<number>>>(true);
  }
});

Deno.test("a ref is known by what can be called, whatever the class", () => {
  function _use(bank: Ref<Bank>): void {
    const depositor: Ref<{ deposit(by: number): number }> = bank;
    const asynchronous: Ref<{ deposit(by: number): Promise<number> }> = bank;
    const anything: Ref = bank;
    const byClass: Ref<typeof Bank> = bank;
    assertType<IsExact<typeof depositor.call.deposit, (by: number) => Promise<number>>>(true);
    assertType<IsExact<typeof asynchronous.call.deposit, (by: number) => Promise<number>>>(true);
    assertType<IsExact<typeof byClass.call.deposit, (by: number) => Promise<number>>>(true);
    assertType<IsExact<keyof typeof anything.call, never>>(true);
  }
  // Code that is generic over an actor names the method that it needs.
  async function _twice(ref: Ref<{ deposit(by: number): number }>): Promise<number> {
    await ref.call.deposit(1);
    return await ref.with({ timeoutMs: 10 }).call.deposit(1);
  }
});

Deno.test("with() gives the same call and cast", () => {
  function _use(bank: Ref<Bank>): void {
    const { call, cast } = bank.with({ timeoutMs: 1, retries: 2, transfer: [], signal: undefined });
    assertType<IsExact<typeof call, Ref<Bank>["call"]>>(true);
    assertType<IsExact<typeof cast, Ref<Bank>["cast"]>>(true);
  }
});

Deno.test("actor() returns the class itself, and works as a decorator", () => {
  const same = actor("file:///inference_test.ts", Plain);
  assertType<IsExact<typeof same, typeof Plain>>(true);
  @actor("file:///inference_test.ts")
  class Decorated {
    ping(): string {
      return "pong";
    }
  }
  assertType<IsExact<Handle<typeof Decorated>, Ref<Decorated>>>(true);
});

Deno.test("a queue and its producers know what is in them", () => {
  async function _use(): Promise<void> {
    const queue = new Queue<Account>();
    assertType<IsExact<Parameters<typeof queue.put>[0], Account>>(true);
    assertType<IsExact<Awaited<ReturnType<typeof queue.get>>, Account>>(true);
    assertType<IsExact<Awaited<ReturnType<typeof queue.tryGet>>, { value: Account } | undefined>>(true);
    for await (const item of queue) assertType<IsExact<typeof item, Account>>(true);
    const producer = await queue.producer();
    assertType<IsExact<typeof producer, Producer<Account>>>(true);
    const joinable = new JoinableQueue<string>();
    assertType<IsExact<Awaited<ReturnType<typeof joinable.get>>, string>>(true);
    const plain: Queue<string> = joinable;
    void plain;
  }
});

Deno.test("the ends of a pipe know what goes which way", () => {
  async function _use(): Promise<void> {
    const [a, b] = pipe<string, number>();
    assertType<IsExact<typeof a, Connection<string, number>>>(true);
    assertType<IsExact<typeof b, Connection<number, string>>>(true);
    assertType<IsExact<Awaited<ReturnType<typeof a.recv>>, number>>(true);
    const [c, d] = pipe<Account>();
    assertType<IsExact<typeof c, Connection<Account>>>(true);
    assertType<IsExact<typeof c, typeof d>>(true);
    const [reader, writer] = pipe<Account>({ duplex: false });
    assertType<IsExact<typeof reader, Receiver<Account>>>(true);
    assertType<IsExact<typeof writer, Sender<Account>>>(true);
    assertType<IsExact<Parameters<typeof writer.send>[0], Account>>(true);
    for await (const item of reader) assertType<IsExact<typeof item, Account>>(true);
    // An end of a two-way pipe serves where one direction is wanted.
    const sender: Sender<string> = a;
    const receiver: Receiver<number> = a;
    void sender, receiver;
  }
});

Deno.test("handles may be arguments and results, and keep their types", () => {
  class _Broker {
    jobs(_queue: Queue<number>, _bank: Ref<Bank>): { readonly reader: Receiver<string>; readonly bank: Ref<Bank> } {
      throw new Error("never called");
    }
  }
  type Jobs = (queue: Queue<number>, bank: Ref<Bank>) => Promise<{
    readonly reader: Receiver<string>;
    readonly bank: Ref<Bank>;
  }>;
  assertType<IsExact<Calls<_Broker>["jobs"] extends Jobs ? true : false, true>>(true);
  assertType<IsExact<ReturnType<Call<_Broker["jobs"]>>, ReturnType<Jobs>>>(true);
});
