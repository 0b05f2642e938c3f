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
