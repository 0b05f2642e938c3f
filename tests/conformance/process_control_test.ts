import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ActorExitedError, NotSerializableError, Process, Queue, TimeoutError } from "../../mod.ts";
import {
  answerOnce,
  clean,
  collect,
  collectLater,
  leaveChild,
  type Portrait,
  refuseToStop,
  shrugOff,
  sleep,
  spin,
  untilAborted,
  waitForChild,
} from "./fixtures/process_tasks.ts";
import { everywhere, peek, PLACEMENTS } from "./process_everywhere.ts";

everywhere(
  "[PROC-54] interrupt() aborts the signal: finally runs, and what it throws ends it with 1",
  async (placement) => {
    const said = new Queue<string>();
    const p = new Process(clean, [said], { placement });
    await p.start();
    assertEquals(await said.get(), "waiting");
    await p.interrupt();
    const exit = await p.join();
    assertEquals([exit?.code, exit?.reason, p.exitCode], [1, "error", 1]);
    assertEquals([await said.get(), await said.get(), await said.size()], ["finally", "onExit", 0]);
    await assertRejects(() => p.result, DOMException, "was interrupted");
  },
);

everywhere("[PROC-54] terminate() and kill() run neither finally nor onExit", async (placement) => {
  for (const end of ["terminate", "kill"] as const) {
    const said = new Queue<string>();
    const p = new Process(clean, [said], { placement });
    await p.start();
    assertEquals(await said.get(), "waiting");
    assertEquals((await p[end]()).reason, "killed");
    await peek(new Promise(() => {}));
    assertEquals(await said.size(), 0);
  }
}, ["thread", "process"]);

// The code that runs goes on, as the contract says; its end is no end of the process any more.
everywhere("[PROC-54] terminate() of an inline process does not run its onExit", async (placement) => {
  const said = new Queue<string>();
  const p = new Process(clean, [said], { placement });
  await p.start();
  assertEquals(await said.get(), "waiting");
  assertEquals((await p.terminate()).code, -15);
  assertEquals(await said.get(), "finally");
  assertEquals(await said.get({ timeoutMs: 50 }).catch((error) => error.code), "empty");
}, ["inline"]);

everywhere("interrupt() does nothing more than abort: the process may go on and take messages", async (placement) => {
  const said = new Queue<string>();
  const p = new Process(shrugOff, [said], { placement });
  await p.start();
  await said.get();
  await p.interrupt();
  assertEquals(await said.get(), "aborted");
  await p.interrupt();
  assert(p.alive);
  await p.send("a message");
  assertEquals([await p.result, p.exitCode, await said.size()], ["still got a message", 0, 0]);
});

everywhere(
  "stop() aborts the signal and ends the mailbox: the function returns, code 0, its result is kept",
  async (placement) => {
    const said = new Queue<string>();
    const p = new Process(shrugOff, [said], { placement });
    await p.start();
    await said.get();
    assertEquals(await p.stop(), { code: 0, reason: "stopped" });
    assertEquals([await p.result, await said.get(), p.exitCode], ["the mailbox ended", "aborted", 0]);
  },
);

everywhere("stop() after interrupt() still ends the mailbox", async (placement) => {
  const said = new Queue<string>();
  const p = new Process(shrugOff, [said], { placement });
  await p.start();
  await said.get();
  await p.interrupt();
  assertEquals(await p.stop(), { code: 0, reason: "stopped" });
  assertEquals(await p.result, "the mailbox ended");
});

everywhere(
  "stop(): a function that leaves by throwing the reason of its signal was stopped, and did not fail",
  async (placement) => {
    const said = new Queue<string>();
    const p = new Process(untilAborted, [said], { placement });
    await p.start();
    await said.get();
    assertEquals(await p.stop(), { code: 0, reason: "stopped" });
    await assertRejects(() => p.result, DOMException, "was asked to stop");
  },
);

everywhere("stop() runs finally, then onExit", async (placement) => {
  const said = new Queue<string>();
  const p = new Process(clean, [said], { placement });
  await p.start();
  await said.get();
  assertEquals((await p.stop()).reason, "stopped");
  assertEquals([await said.get(), await said.get(), await said.size()], ["finally", "onExit", 0]);
});

everywhere("stop() kills after its grace what does not stop, and not before", async (placement) => {
  const said = new Queue<string>();
  const p = new Process(refuseToStop, [said], { placement });
  await p.start();
  await said.get();
  const before = performance.now();
  const exit = await p.stop({ graceMs: 100 });
  assertEquals(exit, { code: -9, signal: "SIGKILL", reason: "killed" });
  assert(performance.now() - before >= 99);
  assertEquals(await said.get(), "aborted");
});

everywhere("stop({ graceMs: 0 }) kills at once", async (placement) => {
  const said = new Queue<string>();
  const p = new Process(refuseToStop, [said], { placement });
  await p.start();
  await said.get();
  assertEquals((await p.stop({ graceMs: 0 })).reason, "killed");
});

everywhere("stop() kills a busy loop after its grace", async (placement) => {
  const said = new Queue<Portrait>();
  const p = new Process(spin, [said], { placement });
  await p.start();
  await said.get();
  assertEquals((await p.stop({ graceMs: 50 })).reason, "killed");
}, ["thread", "process"]);

everywhere(
  "[BEAT-17] a task past its time is stopped, aborted or, if it spins, killed within its grace; another goes on",
  async (placement) => {
    const said = new Queue<unknown>();
    const other = new Process(answerOnce, [said as Queue<Portrait>], { placement });
    const waits = new Process(untilAborted, [said as Queue<string>], { placement });
    const others = placement === "inline" ? [] : [new Process(spin, [said as Queue<Portrait>], { placement })];
    for (const p of [other, waits, ...others]) {
      await p.start();
      await said.get();
    }
    const ended = await Promise.all([waits, ...others].map(async (p) => {
      assertEquals(await p.join({ timeoutMs: 20 }), undefined);
      return (await p.stop({ graceMs: p === waits ? 15_000 : 100 })).reason;
    }));
    assertEquals(ended, ["stopped", "killed"].slice(0, ended.length));
    await other.send("still there");
    assertEquals(await other.result, "still there");
  },
);

everywhere("stop() with less grace than one under way shortens it", async (placement) => {
  const said = new Queue<string>();
  const p = new Process(refuseToStop, [said], { placement });
  await p.start();
  await said.get();
  const patient = p.stop({ graceMs: Infinity });
  assertEquals(await said.get(), "aborted");
  assertEquals(await peek(patient), "pending");
  assertEquals((await p.stop({ graceMs: 20 })).reason, "killed");
  assertEquals((await patient).reason, "killed");
});

everywhere("stop() wants a grace that is a number", async (placement) => {
  const said = new Queue<Portrait>();
  const p = new Process(sleep, [said], { placement });
  await p.start();
  await assertRejects(() => p.stop({ graceMs: NaN }), TypeError, "graceMs");
  await assertRejects(() => p.stop({ graceMs: "1" as unknown as number }), TypeError, "graceMs");
  assert(p.alive);
  await p.kill();
});

// 3 s is far below the grace, so that killing at its end cannot pass for stopping.
everywhere("stop() of a process that is still starting ends it well before the grace", async (placement) => {
  const said = new Queue<string>();
  const p = new Process(shrugOff, [said], { placement });
  const starting = p.start().then(() => "started", (error) => error.code);
  const before = performance.now();
  assertEquals(await p.stop({ graceMs: 15_000 }), { code: 0, reason: "stopped" });
  assert(performance.now() - before < 3000);
  assert(["started", "start"].includes(await starting));
});

for (const inner of PLACEMENTS) {
  everywhere(`stop() of a process that waits for one of its own in ${inner} stops both`, async (placement) => {
    const said = new Queue<string>();
    const p = new Process(waitForChild, [said, inner], { placement });
    await p.start();
    assertEquals(await said.get(), "waiting");
    const before = performance.now();
    assertEquals(await p.stop({ graceMs: 15_000 }), { code: 0, reason: "stopped" });
    assert(performance.now() - before < 3000);
    assertEquals([await said.get(), await p.result], ["aborted", { code: 0, reason: "stopped" }]);
  });
}

for (const inner of PLACEMENTS) {
  everywhere(
    `a process that returned waits for its own in ${inner}, until they end or it is stopped`,
    async (placement) => {
      for (const end of ["child ends", "stop"] as const) {
        const lent = new Queue<Process>();
        const said = new Queue<string>();
        const p = new Process(leaveChild, [lent, said, { placement: inner, daemon: false }], { placement });
        await p.start();
        assertEquals(await said.get(), "waiting");
        const child = await lent.get();
        assertEquals([p.alive, await p.join({ timeoutMs: 30 })], [true, undefined]);
        const before = performance.now();
        if (end === "stop") {
          assertEquals(await p.stop({ graceMs: 15_000 }), { code: 0, reason: "stopped" });
          assertEquals(await said.get(), "aborted");
        } else {
          await child.send("go");
          assertEquals(await p.join(), { code: 0, reason: "normal" });
        }
        assert(performance.now() - before < 3000);
        assertEquals(await p.result, "returned");
        await child.exited;
        assertEquals(child.alive, false);
      }
    },
  );

  everywhere(`a process that returned stops its daemons in ${inner}, and waits for none`, async (placement) => {
    const lent = new Queue<Process>();
    const said = new Queue<string>();
    const p = new Process(leaveChild, [lent, said, { placement: inner, daemon: true }], { placement });
    await p.start();
    assertEquals([await p.join(), await p.result], [{ code: 0, reason: "normal" }, "returned"]);
    assertEquals([await said.get(), await said.get()], ["waiting", "aborted"]);
    await (await lent.get()).exited;
  });
}

everywhere("await using stops the process at the end of the block", async (placement) => {
  const said = new Queue<string>();
  let handle: Process;
  {
    await using p = new Process(shrugOff, [said], { placement });
    handle = p;
    await p.start();
    assertEquals(await said.get(), "waiting");
  }
  assertEquals([handle.alive, handle.exitCode, await said.get()], [false, 0, "aborted"]);
  await handle[Symbol.asyncDispose]();
  await using neverStarted = new Process(shrugOff, [said], { placement });
  assertEquals(neverStarted.alive, false);
});

everywhere("messages arrive in the order in which they were sent, copies taken at the send", async (placement) => {
  const p = new Process(collect, [4], { placement });
  await p.start();
  const message = { n: 1 };
  const sent = [p.send("first"), p.send(message)];
  message.n = 2;
  sent.push(p.send(undefined), p.send([new Map([[1, 2n]])]));
  await Promise.all(sent);
  assertEquals(await p.result, ["first", { n: 1 }, undefined, [new Map([[1, 2n]])]]);
});

everywhere("a message that cannot travel is a NotSerializableError, and nothing is sent", async (placement) => {
  const p = new Process(collect, [1], { placement });
  await p.start();
  const error = await assertRejects(() => p.send({ list: [() => {}] }), NotSerializableError);
  assertEquals(error.path, "message.list[0]");
  await p.send("fine");
  assertEquals(await p.result, ["fine"]);
});

everywhere("send() waits for room in the mailbox; giving up takes the message back", async (placement) => {
  const opened = new Queue<string>();
  const p = new Process(collectLater, [opened, 3], { placement, mailbox: { capacity: 2 } });
  await p.start();
  await p.send(1);
  await p.send(2);
  await assertRejects(() => p.send("late", { timeoutMs: 30 }), TimeoutError, "mailbox stayed full");
  const abort = new AbortController();
  const aborted = p.send("aborted", { signal: abort.signal });
  const third = p.send(3);
  assertEquals(await peek(aborted), "pending");
  const reason = new RangeError("enough");
  abort.abort(reason);
  assertEquals(await aborted.catch((error) => error), reason);
  await opened.put("open");
  await third;
  assertEquals(await p.result, [1, 2, 3]);
});

everywhere("send() to a process that ends without reading rejects, or had been accepted", async (placement) => {
  const said = new Queue<Portrait>();
  const p = new Process(sleep, [said], { placement, mailbox: { capacity: 1 } });
  await p.start();
  await p.send("accepted");
  const waiting = p.send("waits");
  assertEquals(await peek(waiting), "pending");
  await p.kill();
  const error = await assertRejects(() => waiting, ActorExitedError);
  assertMatch(error.message, /^Cannot send to Process-\d+: .*killed by SIGKILL/);
});
