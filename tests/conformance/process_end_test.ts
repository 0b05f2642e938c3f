import { assert, assertEquals, assertRejects } from "@std/assert";
import { activeChildren, ActorExitedError, type Exit, Process, Queue } from "../../mod.ts";
import {
  leave,
  leaveWithNothing,
  listenToTerm,
  nothing,
  type Portrait,
  shrugOff,
  sleep,
  spin,
} from "./fixtures/process_tasks.ts";
import { everywhere } from "./process_everywhere.ts";

const KILLED: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };
const TERMINATED: Exit = { code: -15, signal: "SIGTERM", reason: "killed" };

for (const task of [sleep, spin]) {
  // Code that never yields can be stopped from outside only where it does not hold the caller's own isolate.
  const placements = task === spin ? ["thread", "process"] as const : ["inline", "thread", "process"] as const;

  everywhere(`[PROC-12] [PROC-14] terminate() ends a process in ${task.name}: code -15`, async (placement) => {
    const said = new Queue<Portrait>();
    const p = new Process(task, [said], { placement });
    await p.start();
    await said.get();
    assertEquals(await p.terminate(), TERMINATED);
    assertEquals(await p.join(), TERMINATED);
    assertEquals([p.alive, p.exitCode, activeChildren()], [false, -15, []]);
    await assertRejects(() => p.result, ActorExitedError, "killed by SIGTERM");
  }, placements);

  everywhere(`[PROC-13] kill() ends a process in ${task.name}: code -9`, async (placement) => {
    const said = new Queue<Portrait>();
    const p = new Process(task, [said], { placement });
    await p.start();
    await said.get();
    assertEquals(await p.kill(), KILLED);
    assertEquals(await p.join(), KILLED);
    assertEquals([p.alive, p.exitCode, activeChildren()], [false, -9, []]);
    await assertRejects(() => p.result, ActorExitedError, "killed by SIGKILL");
  }, placements);
}

everywhere("[PROC-12] a subprocess that a signal from outside ended tells the signal", async (placement) => {
  for (const [signal, code] of [["SIGTERM", -15], ["SIGINT", -2], ["SIGKILL", -9], ["SIGABRT", -6]] as const) {
    const said = new Queue<Portrait>();
    const p = new Process(sleep, [said], { placement });
    await p.start();
    const { pid } = await said.get();
    Deno.kill(pid, signal);
    assertEquals(await p.join(), { code, signal, reason: "killed" });
  }
}, ["process"]);

everywhere("kill() ends a process that is still starting", async (placement) => {
  const said = new Queue<Portrait>();
  const p = new Process(sleep, [said], { placement });
  const starting = p.start();
  const outcome = starting.then(() => "started", (error) => error.code);
  assertEquals(await p.kill(), KILLED);
  assert(["started", "start"].includes(await outcome));
  assertEquals([p.alive, p.exitCode, activeChildren()], [false, -9, []]);
});

everywhere("terminate() of a subprocess that listens to SIGTERM: it ends as it chooses", async (placement) => {
  for (
    const [how, exit] of [["exit", { code: 3, reason: "error" }], ["return", { code: 0, reason: "normal" }]] as const
  ) {
    const said = new Queue<string>();
    const p = new Process(listenToTerm, [said, how], { placement });
    await p.start();
    assertEquals(await said.get(), "listening");
    assertEquals([await p.terminate(), p.exitCode], [exit, exit.code]);
  }
}, ["process"]);

everywhere("[PROC-15] terminate(), kill() and stop() of an ended process change nothing", async (placement) => {
  const p = new Process(leave, ["exit", 7], { placement });
  await p.start();
  const exit = await p.join();
  assertEquals(exit, { code: 7, reason: "error" });
  assertEquals([await p.terminate(), await p.kill(), await p.stop()], [exit, exit, exit]);
  await p.interrupt();
  await p[Symbol.asyncDispose]();
  assertEquals(p.exitCode, 7);
});

everywhere("a send to a process that has ended rejects with its exit", async (placement) => {
  const p = new Process(leave, ["exit", 7], { placement });
  await p.start();
  await p.join();
  const error = await assertRejects(() => p.send("hello"), ActorExitedError, "has ended");
  assertEquals([error.exit, error.address], [{ code: 7, reason: "error" }, p.address]);
});

everywhere(
  "[PROC-17] exit(8) ends a process with 8; exit(), exit(null) and exit(undefined) with 0",
  async (placement) => {
    assertEquals(await exitCodeOf(new Process(leaveWithNothing, [], { placement })), 0);
    for (const [code, expected] of [[8, 8], [null, 0], [undefined, 0]]) {
      assertEquals(await exitCodeOf(new Process(leave, ["exit", code], { placement })), expected);
    }
  },
);

everywhere("[PROC-18] exit(true) ends a process with 1, exit(false) with 0", async (placement) => {
  assertEquals(await exitCodeOf(new Process(leave, ["exit", true], { placement })), 1);
  assertEquals(await exitCodeOf(new Process(leave, ["exit", false], { placement })), 0);
});

everywhere("exit(n) ends a process with n & 0xFF; what is no whole number is a TypeError in it", async (placement) => {
  for (const [code, expected] of [[256, 0], [-3, 253], [511, 255], [2 ** 32 + 5, 5]]) {
    assertEquals(await exitCodeOf(new Process(leave, ["exit", code], { placement })), expected);
  }
  for (const code of [1.5, NaN, Infinity, "text", {}]) {
    const p = new Process(leave, ["exit", code], { placement });
    await p.start();
    await assertRejects(() => p.result, TypeError, "whole number");
    assertEquals(p.exitCode, 1);
  }
});

everywhere(
  "[BEAT-38] a process that ends by Deno.exit(n) or process.exit(n): exit resolves with n & 0xFF",
  async (placement) => {
    for (const how of ["Deno.exit", "process.exit"] as const) {
      for (const [code, expected] of [[7, 7], [0, 0], [undefined, 0], [256, 0], [257, 1], [-3, 253]] as const) {
        const p = new Process(leave, [how, code], { placement });
        await p.start();
        const exit = await p.exited;
        assertEquals(exit, { code: expected, reason: expected === 0 ? "normal" : "error" }, `${how}(${code})`);
        await assertRejects(() => p.result, ActorExitedError, "has ended");
      }
    }
  },
  ["thread", "process"],
);

everywhere("[BEAT-38] a process that ends by self.close(): exit resolves with 0", async (placement) => {
  const p = new Process(leave, ["close"], { placement });
  await p.start();
  assertEquals(await p.exited, { code: 0, reason: "normal" });
  await assertRejects(() => p.result, ActorExitedError, "has ended");
}, ["thread", "process"]);

// The contract says 100 ms; 1 s leaves room for a loaded machine, and is far below any timer of ours.
everywhere("[BEAT-38] the exit of one that ends silently, or is terminated, is known within 1 s", async (placement) => {
  for (const how of ["Deno.exit", "close"] as const) {
    if (placement === "inline") continue;
    const p = new Process(leave, [how, 3], { placement });
    await p.start();
    const before = performance.now();
    await p.exited;
    assert(performance.now() - before < 1000);
  }
  const said = new Queue<string>();
  const p = new Process(shrugOff, [said], { placement });
  await p.start();
  await said.get();
  const before = performance.now();
  await p.terminate();
  assert(performance.now() - before < 1000);
});

everywhere("a process that ends at once has always told its result and its exit", async (placement) => {
  for (let round = 0; round < 20; round++) {
    const p = new Process(nothing, [], { placement });
    const q = new Process(leave, ["exit", 9], { placement });
    await Promise.all([p.start(), q.start()]);
    assertEquals([await p.result, await p.exited], [undefined, { code: 0, reason: "normal" }]);
    assertEquals(await q.exited, { code: 9, reason: "error" });
  }
});

async function exitCodeOf(p: Process): Promise<number | undefined> {
  await p.start();
  await p.join();
  return p.exitCode;
}
