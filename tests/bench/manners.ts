/**
 * The cost of messages to everybody else: to the HTTP requests of a program that is busy with calls, to the work of others
 * where there is more to do than there are cores, and to the processor where there is nothing to do.
 *
 * @module
 */

// @ts-types="@types/d3-array"
import { median } from "d3-array";
import process from "node:process";
import { type Ref, spawn } from "../../mod.ts";
import { Echo } from "./echo.ts";
import { oneByOne, printMachine, quick, readings } from "./harness.ts";
import { OtherProgram } from "./other_program.ts";
import { type RawEcho, webWorker } from "./raw_echo.ts";

const LOOPS = 64;
const REQUESTS = quick ? 150 : 1000;
const ROUNDS = quick ? 3 : 9;
const BUSY_MS = quick ? 300 : 2000;
const THREADS = 32;
const IDLE_MS = quick ? 3000 : 10_000;
const LINK = "TROUPE_LINK";

const RAW = "raw web Worker";
const SPINS = "thread";
const SLEEPS = "thread, linked by its port alone";

type Call = (n: number) => Promise<unknown>;

printMachine();
{
  await using stack = new AsyncDisposableStack();
  const web: RawEcho = stack.use(await webWorker());
  const thread = stack.use(await spawn(Echo, []));
  Deno.env.set(LINK, "port");
  const byPort: Ref<Echo> = stack.use(await spawn(Echo, []));
  Deno.env.delete(LINK);
  const callers = new Map<string, Call>([
    [RAW, web.call],
    [SPINS, (n) => thread.call.echo(n)],
    [SLEEPS, (n) => byPort.call.echo(n)],
  ]);
  for (const call of callers.values()) await oneByOne(1000, call);
  await answering(callers);
  await sharing(callers);
}
await idling();

/** How late a server is that also makes calls. */
async function answering(callers: ReadonlyMap<string, Call>): Promise<void> {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("ok"));
  await using client = new OtherProgram("Deno", Deno.execPath(), ["run", "-A", file("http_client.ts")]);
  await client.start();
  const p99 = (count = REQUESTS) => client.figure(`${server.addr.port}`, count);
  await p99();
  const samples = new Map<string, number[]>([["no calls at all", []]]);
  for (const name of callers.keys()) samples.set(name, []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, ms] of samples) {
      await using _calls = keepCalling(callers.get(name), LOOPS);
      ms.push(await p99());
    }
  }
  readings(
    `HTTP requests to a program with ${LOOPS} loops of calls, 99th percentile`,
    "ms",
    medians(samples),
  );
}

/** How much of the cores a call takes from others, where those have use for all of them. */
async function sharing(callers: ReadonlyMap<string, Call>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  for (let core = 0; core < navigator.hardwareConcurrency; core++) stack.use(burner());
  const none = () => new Map<string, number[]>([...callers.keys()].map((name) => [name, []]));
  const [taken, took] = [none(), none()];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, call] of callers) {
      const [before, began] = [process.cpuUsage(), performance.now()];
      let calls: number;
      {
        await using calling = keepCalling(call, 1);
        await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
        calls = calling.count;
      }
      const { user, system } = process.cpuUsage(before);
      taken.get(name)!.push((user + system) / calls);
      took.get(name)!.push(1000 * (performance.now() - began) / calls);
    }
  }
  readings("Every core busy with other work: what a call takes of them", "µs", medians(taken));
  readings("Every core busy with other work: how long a call takes", "µs", medians(took));
}

/** A program that keeps a core busy. */
function burner(): AsyncDisposable {
  const child = new Deno.Command(Deno.execPath(), { args: ["eval", "while (true);"], stdin: "null" }).spawn();
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

/** The cost of a system that has nothing to do. */
async function idling(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const share = async () => {
    // Starting and stopping them is over by then.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / (IDLE_MS * 10);
  };
  const shares = new Map<string, number>();
  {
    await using bare = new AsyncDisposableStack();
    for (let n = 0; n < THREADS; n++) bare.use(await webWorker());
    shares.set("raw web Workers", await share());
  }
  const refs: Ref<Echo>[] = [];
  for (let n = 0; n < THREADS; n++) refs.push(stack.use(await spawn(Echo, [])));
  for (const ref of refs) await oneByOne(100, (n) => ref.call.echo(n));
  shares.set("threads", await share());
  readings(`Idle, with ${THREADS} of them`, "% of a core", shares);
}

/** Calls in so many loops until disposed of. */
function keepCalling(call: Call | undefined, loops: number): AsyncDisposable & { readonly count: number } {
  let [count, over] = [0, false];
  const loop = async () => {
    while (!over) await call!(count++);
  };
  const all = call === undefined ? Promise.resolve() : Promise.all(Array.from({ length: loops }, loop));
  return {
    get count() {
      return count;
    },
    async [Symbol.asyncDispose]() {
      over = true;
      await all;
    },
  };
}

function medians(samples: ReadonlyMap<string, readonly number[]>): Map<string, number> {
  return new Map([...samples].map(([name, values]) => [name, median(values)!]));
}

function file(name: string): string {
  return `${import.meta.dirname!}/${name}`;
}
