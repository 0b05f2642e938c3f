/**
 * Adding to a number that others share: from its home, from a thread, which has the memory, and from a subprocess, which
 * asks; beside Python's `multiprocessing.Value` under its lock.
 *
 * @module
 */

import { SharedValue, spawn } from "../../mod.ts";
import { Adder } from "./adder.ts";
import { type Alternative, oneByOne } from "./harness.ts";
import { suite } from "./suite.ts";

/** A round takes as long as it takes. */
const NO_LIMIT = { timeoutMs: Infinity };

await suite(import.meta.main, async ({ compare, python, stack }) => {
  const value = new SharedValue("int32");
  const peer = await python("value_peer.py");
  const thread = stack.use(await spawn(Adder, [value], { placement: "thread" }));
  const subprocess = stack.use(await spawn(Adder, [value], { placement: "process" }));

  const fromThread = thread.with(NO_LIMIT).call;
  const fromSubprocess = subprocess.with(NO_LIMIT).call;

  /** Begins each round at zero: the sums of many would not fit. */
  function fromZero(name: string, add: (count: number) => Promise<void>): Alternative {
    return {
      name,
      async run(count) {
        value.setSync(0);
        await add(count);
        if (value.getSync() !== count) throw new Error(`${name}: ${value.getSync()} instead of ${count}`);
      },
    };
  }

  await compare({
    title: "SharedValue: adding one",
    show: "time",
    batch: 1000,
    alternatives: [
      peer.alternative("Value, with its lock", "add"),
      fromZero("home, addSync", (count) => {
        for (let i = 0; i < count; i++) value.addSync(1);
        return Promise.resolve();
      }),
      fromZero("home, add", (count) => oneByOne(count, () => value.add(1))),
      fromZero("thread, addSync", (count) => fromThread.addSync(count)),
      fromZero("thread, add", (count) => fromThread.add(count, 1)),
      fromZero("subprocess, add", (count) => fromSubprocess.add(count, 1)),
      fromZero("subprocess, add, 64 at a time", (count) => fromSubprocess.add(count, 64)),
    ],
  });
});
