/** Libraries that run functions in threads, each as a way to run one of ours, set to what makes it fastest. */

import * as Comlink from "comlink";
import { FixedQueue, Piscina } from "piscina";
import Tinypool from "tinypool";
import workerpool from "workerpool";
import type * as functions from "./pool_functions.ts";

/** The names of what they run. */
export type FunctionName = keyof typeof functions;

/** One of them, with its threads. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  run(name: FunctionName, argument: unknown): Promise<unknown>;
}

/** How many workers the pools have that are compared. */
export const WORKERS = 2;

/** Starts the pools, and Comlink beside them. */
export function startPeers(): Peer[] {
  return [
    piscina("Piscina", WORKERS),
    tinypool(),
    workerPool(),
    comlink("Comlink, two workers in turn", WORKERS),
  ];
}

/**
 * Piscina, with the queue that its README calls more performant, and without its statistics. Atomics are on by default. The
 * README sees no use in several tasks a thread where they are synchronous; measured, a thread that has the next one at hand
 * does up to 1.4 times as many small ones.
 */
export function piscina(name: string, threads: number): Peer {
  const pool = new Piscina({ ...optionsOf(threads), taskQueue: new FixedQueue(), recordTiming: false });
  return {
    name,
    run: (name, argument) => pool.run(argument, { name }),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}

/** Tinypool, a fork of Piscina that refers to its documentation: Atomics are on here too. Piscina's queue gains it nothing. */
function tinypool(): Peer {
  const pool = new Tinypool(optionsOf(WORKERS));
  return {
    name: "Tinypool",
    run: (name, argument) => pool.run(argument, { name }),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}

function optionsOf(threads: number) {
  const filename = new URL("./pool_functions.ts", import.meta.url).href;
  return { filename, minThreads: threads, maxThreads: threads, concurrentTasksPerWorker: 64 };
}

/** workerpool, with all workers from the start. Its README names nothing that makes it faster but their kind. */
function workerPool(): Peer {
  const script = new URL("./pool_worker_workerpool.ts", import.meta.url).pathname;
  const pool = workerpool.pool(script, { minWorkers: WORKERS, maxWorkers: WORKERS, workerType: "thread" });
  return {
    name: "workerpool",
    run: async (name, argument) => await pool.exec(name, [argument]),
    async [Symbol.asyncDispose]() {
      await pool.terminate();
    },
  };
}

/** Comlink, which has no pool: web Workers in turn. */
export function comlink(name: string, threads: number): Peer {
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(new URL("./pool_worker_comlink.ts", import.meta.url), { type: "module" });
    return { worker, remote: Comlink.wrap<typeof functions>(worker) };
  });
  let turn = 0;
  return {
    name,
    run(name, argument) {
      const call = workers[turn++ % threads].remote[name] as (argument: unknown) => Promise<unknown>;
      return call(argument);
    },
    [Symbol.asyncDispose]() {
      for (const { worker } of workers) worker.terminate();
      return Promise.resolve();
    },
  };
}
