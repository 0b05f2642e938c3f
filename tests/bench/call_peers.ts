/** Others who call a function in a thread: one thread each. */

import * as Comlink from "comlink";
import { Piscina } from "piscina";
import type * as functions from "./pool_functions.ts";

/** One of them. */
export interface Caller extends AsyncDisposable {
  readonly name: string;
  call(n: number): Promise<unknown>;
}

/** As it is meant to be used between one caller and one worker. */
export function comlink(): Caller {
  const worker = new Worker(new URL("./pool_worker_comlink.ts", import.meta.url), { type: "module" });
  const remote = Comlink.wrap<typeof functions>(worker);
  return {
    name: "Comlink",
    call: (n) => remote.same(n),
    [Symbol.asyncDispose]: () => Promise.resolve(worker.terminate()),
  };
}

/** With what makes its single thread fastest. */
export function piscina(): Caller {
  const pool = new Piscina({
    filename: new URL("./pool_functions.ts", import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 4,
  });
  return {
    name: "Piscina, one thread",
    call: (n) => pool.run(n, { name: "same" }),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}
