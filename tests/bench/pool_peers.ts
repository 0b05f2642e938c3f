/** Other pools, each as a way to run one of the functions. */

import * as Comlink from "comlink";
import { Piscina } from "piscina";
import Tinypool from "tinypool";
import workerpool from "workerpool";
import type * as functions from "./pool_functions.ts";

/** The names of what they run. */
export type FunctionName = keyof typeof functions;

/** One of them, with two workers. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  run(name: FunctionName, argument: unknown): Promise<unknown>;
}

const SIZE = 2;
const FUNCTIONS = new URL("./pool_functions.ts", import.meta.url).href;

/** Starts all that run here. */
export function startPeers(): Peer[] {
  const options = { filename: FUNCTIONS, minThreads: SIZE, maxThreads: SIZE };
  const piscina = new Piscina(options);
  const tinypool = new Tinypool(options);
  const script = new URL("./pool_worker_workerpool.ts", import.meta.url).pathname;
  const pool = workerpool.pool(script, { minWorkers: SIZE, maxWorkers: SIZE, workerType: "thread" });
  return [
    {
      name: "Piscina",
      run: (name, argument) => piscina.run(argument, { name }),
      [Symbol.asyncDispose]: () => piscina.destroy(),
    },
    {
      name: "Tinypool",
      run: (name, argument) => tinypool.run(argument, { name }),
      [Symbol.asyncDispose]: () => tinypool.destroy(),
    },
    {
      name: "workerpool",
      run: async (name, argument) => await pool.exec(name, [argument]),
      async [Symbol.asyncDispose]() {
        await pool.terminate();
      },
    },
    comlink(),
  ];
}

/** No pool: two workers in turn. */
function comlink(): Peer {
  const workers = Array.from({ length: SIZE }, () => {
    const worker = new Worker(new URL("./pool_worker_comlink.ts", import.meta.url), { type: "module" });
    return { worker, remote: Comlink.wrap<typeof functions>(worker) };
  });
  let turn = 0;
  return {
    name: "Comlink, two workers in turn",
    run(name, argument) {
      const call = workers[turn++ % SIZE].remote[name] as (argument: unknown) => Promise<unknown>;
      return call(argument);
    },
    [Symbol.asyncDispose]() {
      for (const { worker } of workers) worker.terminate();
      return Promise.resolve();
    },
  };
}

/** Python's two pools, if there is a Python; each does what it is told so many times. */
export async function startPython(): Promise<
  ((work: string, count: number) => Promise<void>) & AsyncDisposable | undefined
> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("python3", {
      args: [new URL("./pool_peer.py", import.meta.url).pathname],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
  } catch {
    return undefined;
  }
  const writer = child.stdin.getWriter();
  const reader = child.stdout.getReader();
  let [number, read] = [0, ""];
  const run = async (work: string, count: number) => {
    await writer.write(new TextEncoder().encode(`${work} ${count} ${++number}\n`));
    while (!read.includes(`done ${number}\n`)) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`Python's pools ended while they were asked for "${work}"`);
      read += new TextDecoder().decode(value);
    }
    read = "";
  };
  await run("pool one", 1);
  return Object.assign(run, {
    async [Symbol.asyncDispose]() {
      await writer.close();
      await reader.cancel();
      await child.status;
    },
  });
}
