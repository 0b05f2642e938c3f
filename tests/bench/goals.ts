/**
 * The goals of each comparison, by its title: `deno task bench` judges them, after its own turns or with `--from=FILE` by
 * the file that `deno bench --json` has written. Limits are in the unit of the comparison, microseconds unless it says
 * another.
 *
 * @module
 */

import { type Goal, perSecond } from "./goal.ts";

const [WEB, SOCKET, PIPE, QUEUE] = ["raw web Worker", "raw Unix socket", "Python Pipe", "Python Queue"];
const [SYNC, ASYNC] = ["Troupe, sync method", "Troupe, async method"];
const POOLS = [
  "Piscina",
  "Tinypool",
  "workerpool",
  "Comlink, two workers in turn",
  "Python multiprocessing.Pool",
  "Python ProcessPoolExecutor",
];
const VALUE = "Python Value, with its lock";
const CODEC: Goal[] = [{ of: "codec", than: "@msgpack/msgpack", times: 1 }];

export const GOALS: Readonly<Record<string, readonly Goal[]>> = {
  // Bytes are copied here, and there a view is given: no race.
  "Codec, arguments of a call: both ways": CODEC,
  "Codec, a small call: both ways": CODEC,
  "Codec, a medium message: both ways": CODEC,
  "Codec, 100 records: both ways": CODEC,
  "Inline casts, until the last is handled": [
    { of: SYNC, than: "Erlang process", times: 1 },
    // As it was seen, where there is no Erlang to ask.
    { of: SYNC, atMost: perSecond(6.4e6) },
    { of: ASYNC, atMost: perSecond(2e6) },
  ],
  "Inline calls, one at a time": [{ of: SYNC, atMost: 1 }],
  "Memory of an inline actor": [{ of: "Troupe", atMost: 1024 }],
  "Calls, one at a time": [
    { of: "thread", atMost: 3 },
    { of: "thread", than: WEB, times: 25 },
    { of: "thread", than: PIPE, times: 10 },
    { of: "process", than: SOCKET, times: 1 / 1.3 },
  ],
  "Calls, each to one that has slept for a millisecond": [{ of: "thread", than: WEB, times: 1 }],
  "Calls, 16 outstanding": [{ of: "thread", than: WEB, times: 4 }],
  "Calls, 256 outstanding": [
    { of: "thread", atMost: perSecond(1.5e6) },
    { of: "thread", than: WEB, times: 8 },
    { of: "thread", than: "Comlink", times: 15 },
    { of: "process", atMost: perSecond(0.6e6) },
    { of: "process", than: [PIPE, "Python Queue, one way"], times: 3 },
  ],
  "Casts, until the last is handled": [{ of: "thread", atMost: perSecond(2.5e6) }],
  "Queue: put, get and put there, get here, one at a time": [{ of: "thread", than: QUEUE, times: 3 }],
  "Queue: items put here, 64 at a time, and got there": [{ of: "thread", than: QUEUE, times: 3 }],
  "A buffer of 64 MiB to a thread, until it says how long it is": [{ of: "thread", atMost: 1000 }],
  "16 MiB to a subprocess and back": [{ of: "process", than: SOCKET, times: 0.7 }],
  "Start": [
    { of: "thread", than: "bare node:worker_threads", times: 1 / 1.3 },
    { of: "thread, with a warm spare", atMost: 3000 },
    { of: "process", than: "bare deno run, with a socket", times: 1 / 1.5 },
  ],
  "SharedValue: adding one": ["home, addSync", "thread, addSync"].map((of) => ({ of, than: VALUE, times: 5 })),
  "Shared dict: set, one at a time": [{ of: "from a thread", than: "Python Manager", times: 2 }],
  "One task at a time": [{ of: "Troupe, thread", than: POOLS, times: 4 }],
  "Map, chunk 1; those that have no map: all at once": [{ of: "Troupe, thread", than: POOLS, times: 5 }],
  "Map of 100,000 small items, default chunk": [
    { of: "Troupe, thread", than: "Python multiprocessing.Pool", times: 1 },
  ],
  "HTTP requests to a program with 64 loops of calls, 99th percentile": [{ of: "thread", atMost: 2 }],
  // The cost of looking out for messages, not of a call.
  "Every core busy with other work: what a call takes of them": [
    { of: "thread", than: "thread, linked by its port alone", times: 1 },
  ],
  "Idle, with 32 of them": [{ of: "threads", atMost: 1 }],
};
