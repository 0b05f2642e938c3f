/**
 * Adding to a number that others share: from its home, from a thread, which has the memory, and from a subprocess, which
 * asks; beside Python's `multiprocessing.Value` under its lock.
 *
 * @module
 */

import { SharedValue, spawn } from "../../mod.ts";
import { Adder } from "./adder.ts";
import type { Goal } from "./goal.ts";
import { type Alternative, compare, oneByOne, printMachine } from "./harness.ts";
import { python } from "./other_program.ts";

const PYTHON = "Python Value, with its lock";
/** A round takes as long as it takes. */
const NO_LIMIT = { timeoutMs: Infinity };

printMachine();
const value = new SharedValue("int32");
await using peer = await python("value_peer.py");
await using thread = await spawn(Adder, [value], { placement: "thread" });
await using subprocess = await spawn(Adder, [value], { placement: "process" });

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

const goals: Goal[] = ["home, addSync", "thread, addSync"].map((of) => ({ of, than: PYTHON, times: 5 }));
await compare({
  title: "SharedValue: adding one",
  show: "time",
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
  goals,
});
