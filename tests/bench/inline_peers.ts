/** Others who keep actors in one isolate, and what one would write by hand. */

import * as untyped from "nact";
import { assign, createActor, createMachine } from "xstate";

// deno-lint-ignore no-explicit-any -- nact has no types, and those that Deno reads off it are wrong
const { dispatch, query, spawn, start, stop } = untyped as any;

/** One of them, with one actor. */
export interface InlinePeer {
  readonly name: string;
  cast(n: number): void;
  /** The answer to a message, behind all casts before it. */
  call?(n: number): Promise<unknown>;
  /** Resolves when all casts before it were handled. */
  fence(): Promise<unknown>;
  /** Makes another actor like that, and gives what ends it. */
  make?(): () => void;
}

interface Message {
  readonly method: "count" | "echo";
  readonly n: number;
  readonly sender?: unknown;
}

/** An array of messages, and a microtask that takes them one by one: no copies, no deadlines, nobody who dies. */
export function bareLoop(): InlinePeer {
  let casts = 0;
  let queue: { readonly args: readonly number[]; readonly resolve?: (value: unknown) => void }[] = [];
  const drain = () => {
    const messages = queue;
    queue = [];
    for (const { args, resolve } of messages) {
      if (resolve === undefined) casts++;
      else resolve(args[0]);
    }
  };
  const post = (message: typeof queue[number]) => {
    if (queue.push(message) === 1) queueMicrotask(drain);
  };
  const call = (n: number) => new Promise((resolve) => post({ args: [n], resolve }));
  return { name: "bare loop", cast: (n) => post({ args: [n] }), call, fence: () => call(casts) };
}

/** An actor of nact. */
export function nact(): InlinePeer {
  const system = start();
  // The names that it makes up itself are met twice among a hundred thousand.
  let made = 0;
  const make = () =>
    spawn(system, (casts: number = 0, { method, n, sender }: Message) => {
      if (method === "count") return casts + 1;
      dispatch(sender, n);
      return casts;
    }, `peer-${made++}`);
  const one = make();
  const call = (n: number) => query(one, (sender: unknown) => ({ method: "echo", n, sender }), 5000);
  return {
    name: "nact",
    cast: (n) => dispatch(one, { method: "count", n }),
    call,
    fence: () => call(0),
    make() {
      const ref = make();
      return () => stop(ref);
    },
  };
}

/** An actor of XState, which handles an event before `send` returns; it answers none. */
export function xstate(): InlinePeer {
  const machine = createMachine({
    types: {} as { context: { casts: number }; events: { type: "count"; n: number } },
    context: { casts: 0 },
    on: { count: { actions: assign({ casts: ({ context }) => context.casts + 1 }) } },
  });
  const make = () => createActor(machine).start();
  const one = make();
  return {
    name: "XState, a machine",
    cast: (n) => one.send({ type: "count", n }),
    fence: () => Promise.resolve(),
    make() {
      const actor = make();
      return () => actor.stop();
    },
  };
}
