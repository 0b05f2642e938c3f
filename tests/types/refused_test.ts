/**
 * Programs that must not compile, and what the compiler has to say: one line that names the mistake.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";

/** What every program begins with. */
const PRELUDE = `
import { actor, child, type Connection, type ErrorDecision, pipe, Pool, Process, Queue, type Receiver, type Ref, select,
  type Sender, SharedValue, spawn, supervise, task } from "@troupe/troupe";
class Counter {
  #n = 0;
  step = 1;
  constructor(readonly start: number, readonly label: string = "") {}
  add(by: number): number { return this.#n += by; }
  *items(): Generator<number> { yield 1; }
  get total(): number { return this.#n; }
  private secret(): void {}
  _hidden(): void {}
  onStart(): void {}
}
actor(import.meta.url, Counter);
function square(n: number): number { return n * n; }
task(import.meta.url, square);
declare const counter: Ref<Counter>;
declare const queue: Queue<number>;
declare const sender: Sender<number>;
declare const receiver: Receiver<number>;
declare const connection: Connection<number, string>;
function power(base: number, exponent: number): number { return base ** exponent; }
task(import.meta.url, power);
declare const pool: Pool;
void [Pool, pool, power, Process, SharedValue, child, pipe, select, spawn, supervise, counter, queue, sender, receiver, connection, square];
export type Used = ErrorDecision;
`;

/** A program's last line, and the whole error. */
const REFUSED: Readonly<Record<string, readonly [line: string, error: string]>> = {
  "an argument of the wrong type for a pool's task": [
    `await pool.run(square, ["2"]);`,
    "Type 'string' is not assignable to type 'number'.",
  ],
  "arguments left out that a pool's task needs": [
    `await pool.run(square);`,
    "Expected 2-3 arguments, but got 1.",
  ],
  "items of the wrong type": [
    `await pool.map(square, ["a"]);`,
    "Argument of type 'string[]' is not assignable to parameter of type 'Iterable<number>'.",
  ],
  "a map of a task that needs two arguments": [
    `await pool.map(power, [2]);`,
    "Argument of type '(base: number, exponent: number) => number' is not assignable to parameter of type '(item: number) => number'.",
  ],
  "lists that are too short for a starmap": [
    `await pool.starmap(power, [[1]]);`,
    "Argument of type '[number][]' is not assignable to parameter of type 'Iterable<Readonly<NoInfer<[base: number, exponent: number]>>>'.",
  ],
  "items of the wrong type from a source": [
    `for await (const n of pool.imap(square, new Set(["a"]))) void n;`,
    "Argument of type 'Set<string>' is not assignable to parameter of type 'Iterable<number> | AsyncIterable<number>'.",
  ],
  "a pool's result taken for another type": [
    `export const text: string = await pool.run(square, [2]);`,
    "Type 'number' is not assignable to type 'string'.",
  ],
  "an option that a pool does not have": [
    `void new Pool({ workers: 2 });`,
    "Object literal may only specify known properties, and 'workers' does not exist in type 'PoolOptions'.",
  ],
  "an argument of the wrong type": [
    `await counter.call.add("2");`,
    "Argument of type 'string' is not assignable to parameter of type 'number'.",
  ],
  "an argument too few": [
    `await counter.call.add();`,
    "Expected 1 arguments, but got 0.",
  ],
  "an argument too many": [
    `await counter.call.add(1, 2);`,
    "Expected 1 arguments, but got 2.",
  ],
  "a cast with an argument of the wrong type": [
    `counter.cast.add("2");`,
    "Argument of type 'string' is not assignable to parameter of type 'number'.",
  ],
  "the result of a cast": [
    `export const sum: number = counter.cast.add(1);`,
    "Type 'void' is not assignable to type 'number'.",
  ],
  "a result that is not awaited": [
    `export const sum: number = counter.call.add(1);`,
    "Type 'Promise<number>' is not assignable to type 'number'.",
  ],
  "a method that is not there": [
    `await counter.call.subtract(1);`,
    "Property 'subtract' does not exist on type 'Calls<Counter>'.",
  ],
  "a hook": [
    `await counter.call.onStart();`,
    "Property 'onStart' does not exist on type 'Calls<Counter>'.",
  ],
  "a private method": [
    `await counter.call.secret();`,
    "Property 'secret' does not exist on type 'Calls<Counter>'.",
  ],
  "a method whose name begins with _": [
    `await counter.call._hidden();`,
    "Property '_hidden' does not exist on type 'Calls<Counter>'.",
  ],
  "a property": [
    `await counter.call.step;`,
    "Property 'step' does not exist on type 'Calls<Counter>'.",
  ],
  "a getter": [
    `await counter.call.total;`,
    "Property 'total' does not exist on type 'Calls<Counter>'.",
  ],
  "a hook as a cast": [
    `counter.cast.onStart();`,
    "Property 'onStart' does not exist on type 'Casts<Counter>'.",
  ],
  "a method called on the ref itself": [
    `await counter.add(1);`,
    "Property 'add' does not exist on type 'Ref<Counter>'.",
  ],
  "a generator method awaited for a number": [
    `export const item: number = await counter.call.items();`,
    "Type 'AsyncIterableIterator<number>' is not assignable to type 'number'.",
  ],
  "an ordinary method iterated": [
    `for await (const item of counter.call.add(1)) void item;`,
    "Type 'Promise<number>' must have a '[Symbol.asyncIterator]()' method that returns an async iterator.",
  ],
  "spawn() without the arguments that are needed": [
    `await spawn(Counter);`,
    "Expected 2-3 arguments, but got 1.",
  ],
  "spawn() with an empty list where an argument is needed": [
    `await spawn(Counter, []);`,
    "Argument of type '[]' is not assignable to parameter of type 'readonly [start: number, label?: string | undefined]'.",
  ],
  "spawn() with an argument of the wrong type": [
    `await spawn(Counter, ["0"]);`,
    "Type 'string' is not assignable to type 'number'.",
  ],
  "spawn() with arguments that are no list": [
    `await spawn(Counter, 0);`,
    "Argument of type 'number' is not assignable to parameter of type 'readonly [start: number, label?: string | undefined]'.",
  ],
  "spawn() with a misspelt option": [
    `await spawn(Counter, [0], { placment: "thread" });`,
    "Object literal may only specify known properties, but 'placment' does not exist in type 'SpawnOptions'. Did you mean to write 'placement'?",
  ],
  "spawn() with a placement that there is not": [
    `await spawn(Counter, [0], { placement: "fork" });`,
    `Type '"fork"' is not assignable to type 'PlacementName | undefined'.`,
  ],
  "spawn() of an instance": [
    `await spawn(new Counter(0));`,
    "Argument of type 'Counter' is not assignable to parameter of type 'Definition'.",
  ],
  "a Process of a class": [
    `new Process(Counter, [0]);`,
    "Argument of type 'typeof Counter' is not assignable to parameter of type '(args_0: number) => unknown'.",
  ],
  "a Process with an argument of the wrong type": [
    `new Process(square, ["2"]);`,
    "Type 'string' is not assignable to type 'number'.",
  ],
  "the result of a process taken for another type": [
    `export const text: string = await new Process(square, [2]).result;`,
    "Type 'number' is not assignable to type 'string'.",
  ],
  "a ref that lacks the method which is wanted": [
    `export const ref: Ref<{ sub(by: number): number }> = counter;`,
    "Type 'Ref<Counter>' is not assignable to type 'Ref<{ sub(by: number): number; }>'.",
  ],
  "a ref whose method takes something else": [
    `export const ref: Ref<{ add(by: string): number }> = counter;`,
    "Type 'Ref<Counter>' is not assignable to type 'Ref<{ add(by: string): number; }>'.",
  ],
  "with() and an option of the wrong type": [
    `counter.with({ timeoutMs: "5" });`,
    "Type 'string' is not assignable to type 'number'.",
  ],
  "writing to call": [
    `counter.call.add = async () => 1;`,
    "Cannot assign to 'add' because it is a read-only property.",
  ],
  "a wrong item in a queue": [
    `await queue.put("x");`,
    "Argument of type 'string' is not assignable to parameter of type 'number'.",
  ],
  "an item of a queue taken for another type": [
    `export const text: string = await queue.get();`,
    "Type 'number' is not assignable to type 'string'.",
  ],
  "send on a Receiver": [
    `await receiver.send(1);`,
    "Property 'send' does not exist on type 'Receiver<number>'.",
  ],
  "recv on a Sender": [
    `await sender.recv();`,
    "Property 'recv' does not exist on type 'Sender<number>'.",
  ],
  "iterating a Sender": [
    `for await (const item of sender) void item;`,
    "Type 'Sender<number>' must have a '[Symbol.asyncIterator]()' method that returns an async iterator.",
  ],
  "a wrong message on a connection": [
    `await connection.send("x");`,
    "Argument of type 'string' is not assignable to parameter of type 'number'.",
  ],
  "a wrong message on a one-way pipe": [
    `await pipe<number>({ duplex: false })[1].send("x");`,
    "Argument of type 'string' is not assignable to parameter of type 'number'.",
  ],
  "child() without the arguments that are needed": [
    `child(Counter);`,
    "Expected 2-3 arguments, but got 1.",
  ],
  "child() with a kind of restart that there is not": [
    `child(Counter, [0], { restart: "always" });`,
    `Type '"always"' is not assignable to type 'RestartType | undefined'.`,
  ],
  "a child by a name that was not given": [
    `(await supervise({ counter: child(Counter, [0]) })).refs.conter;`,
    "Property 'conter' does not exist on type 'Refs<{ readonly counter: Child<Ref<Counter>>; }>'. Did you mean 'counter'?",
  ],
  "select() from what is no source": [
    `await select({ counter: 7 });`,
    "Type 'number' is not assignable to type 'SelectSource'.",
  ],
  "what select() took, taken for another's": [
    `await select({ queue, connection }).then(({ key, value }) => key === "queue" && value.length);`,
    "Property 'length' does not exist on type 'number'.",
  ],
  "a number where 64 bits need a bigint": [
    `new SharedValue("bigint64", 1);`,
    "Argument of type 'number' is not assignable to parameter of type 'bigint'.",
  ],
  "a decision that onError cannot take": [
    `export const decision: ErrorDecision = "retry";`,
    `Type '"retry"' is not assignable to type 'ErrorDecision'.`,
  ],
};

/** Of which the compiler says more, behind the line that names the mistake. */
const EXPLAINED: ReadonlySet<string> = new Set([
  "spawn() with an empty list where an argument is needed",
  "a ref that lacks the method which is wanted",
  "a ref whose method takes something else",
  "a Process of a class",
  "items of the wrong type",
  "items of the wrong type from a source",
  "a map of a task that needs two arguments",
  "lists that are too short for a starmap",
]);

const config = join(import.meta.dirname!, "../../deno.json");
const errors = await errorsOf(REFUSED);

for (const [what, [line, expected]] of Object.entries(REFUSED)) {
  Deno.test(`${what} does not compile, and one line says why`, () => {
    const found = errors.get(what) ?? [];
    assertEquals(found.length, 1, `${line} gave ${found.length} errors:\n${found.join("\n")}`);
    const [first, ...others] = found[0].split("\n");
    assertEquals(first, expected);
    // Where two types of the user's own are compared the compiler may explain itself; nothing of ours is explained.
    assert(others.length === 0 || EXPLAINED.has(what), others.join("\n"));
  });
}

/** What the compiler says of each program. */
async function errorsOf(programs: typeof REFUSED): Promise<Map<string, string[]>> {
  const folder = await Deno.makeTempDir();
  try {
    const names = Object.keys(programs);
    const paths = names.map((_, i) => join(folder, `program_${i}.ts`));
    await Promise.all(names.map((name, i) => Deno.writeTextFile(paths[i], `${PRELUDE}${programs[name][0]}\n`)));
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", config, ...paths],
      env: { NO_COLOR: "1" },
    }).output();
    const found = new Map<string, string[]>();
    // Each error begins with its code, and ends with where it is.
    for (const report of new TextDecoder().decode(stderr).split(/^(?=TS\d+ )/m)) {
      const place = /program_(\d+)\.ts:(\d+):/.exec(report);
      // What is indented is a hint about the one before.
      if (place === null || /^TS\d+ \[ERROR\]: {2,}/.test(report)) continue;
      const name = names[Number(place[1])];
      const source = report.indexOf(`\n${programs[name][0]}`);
      const said = report.slice(0, source).replace(/^TS\d+ \[ERROR\]: /, "").trim();
      found.set(name, [...found.get(name) ?? [], said]);
    }
    return found;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
