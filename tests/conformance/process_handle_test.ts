import { assert, assertEquals, assertRejects } from "@std/assert";
import { ActorExitedError, type Exit, Process, Queue, StartError } from "../../mod.ts";
import {
  answerOnce,
  echo,
  handle,
  handOn,
  lookTwice,
  makeAndLend,
  nothing,
  type Portrait,
  refuseToStop,
  type Seen,
  shrugOff,
  sleep,
} from "./fixtures/process_tasks.ts";
import { bounded, everywhere, peek, PLACEMENTS } from "./process_everywhere.ts";
import { Program } from "./process_program.ts";

const KILLED: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };
const TERMINATED: Exit = { code: -15, signal: "SIGTERM", reason: "killed" };

for (const third of PLACEMENTS) {
  const there = (p: Process, what: Parameters<typeof handle>[1], message?: unknown) =>
    new Process(handle, [p, what, message], { placement: third });

  everywhere(`a handle sent to a third actor in ${third} works there: join and result`, async (placement) => {
    const said = new Queue<Portrait>();
    const p = new Process(answerOnce, [said], { placement, daemon: true });
    await p.start();
    const itself = await said.get();
    const other = there(p, "send", { to: ["the", "process"] });
    await other.start();
    assertEquals(
      await other.result,
      {
        name: p.name,
        address: itself.address,
        daemon: true,
        placement,
        aliveAtFirst: true,
        exit: { code: 0, reason: "normal" },
        exitCode: 0,
        aliveAtLast: false,
        result: { to: ["the", "process"] },
      } satisfies Seen,
    );
    assertEquals([await p.result, p.exitCode], [{ to: ["the", "process"] }, 0]);
  });

  everywhere(`a handle sent to ${third} before the process started works there when it has`, async (placement) => {
    const said = new Queue<Portrait>();
    const p = new Process(answerOnce, [said], { placement });
    const others = [there(p, "join"), there(p, "send", "hello")];
    for (const other of others) await other.start();
    await p.start();
    for (const other of others) {
      const { exit, exitCode, result } = await other.result;
      assertEquals([exit, exitCode, result], [{ code: 0, reason: "normal" }, 0, "hello"]);
    }
    assertEquals(await p.result, "hello");
  });

  everywhere(`a third actor in ${third} can kill, terminate, stop and interrupt a process`, async (placement) => {
    const expected: [Parameters<typeof handle>[1], Exit][] = [
      ["kill", KILLED],
      ["terminate", TERMINATED],
      ["stop", { code: 0, reason: "stopped" }],
      ["dispose", { code: 0, reason: "stopped" }],
    ];
    for (const [what, exit] of expected) {
      const said = new Queue<string>();
      const p = new Process(shrugOff, [said], { placement });
      await p.start();
      await said.get();
      const other = there(p, what);
      await other.start();
      const seen = await other.result;
      assertEquals([seen.exit, seen.exitCode, seen.aliveAtLast], [exit, exit.code, false], what);
      assertEquals([await p.join(), p.alive], [exit, false], what);
    }
    const said = new Queue<string>();
    const p = new Process(shrugOff, [said], { placement });
    await p.start();
    await said.get();
    const other = there(p, "interrupt");
    await other.start();
    assertEquals(await said.get(), "aborted");
    assert(p.alive);
    await p.send("go");
    assertEquals((await other.result).result, "still got go");
  });

  everywhere(`a handle to a process that has ended tells ${third} how, and its result`, async (placement) => {
    const p = new Process(echo, [1, "two"], { placement });
    await p.start();
    await p.join();
    const other = there(p, "join");
    await other.start();
    const { exit, exitCode, result, aliveAtLast } = await other.result;
    assertEquals([exit, exitCode, result, aliveAtLast], [{ code: 0, reason: "normal" }, 0, [1, "two"], false]);
    for (const what of ["kill", "stop", "terminate", "interrupt"] as const) {
      const again = there(p, what);
      await again.start();
      assertEquals((await again.result).exit, { code: 0, reason: "normal" }, what);
    }
  });

  everywhere(`a third actor in ${third} that looks once sees the truth, running or ended`, async (placement) => {
    const said = new Queue<Portrait>();
    const p = new Process(answerOnce, [said], { placement });
    await p.start();
    await said.get();
    const looked = new Queue<Exit | undefined>();
    const other = new Process(lookTwice, [p, looked], { placement: third });
    await other.start();
    assertEquals(await looked.get(), undefined);
    await p.send("go");
    await p.join();
    await other.send("look again");
    assertEquals(await other.result, { exit: { code: 0, reason: "normal" }, result: "go" });
  });

  everywhere(`a handle goes on from ${third} to a fourth actor, and outlives the third`, async (placement) => {
    const said = new Queue<Portrait>();
    const p = new Process(answerOnce, [said], { placement });
    await p.start();
    await said.get();
    const handles = new Queue<Process>();
    const other = new Process(handOn, [p, handles], { placement: third });
    await other.start();
    await other.join();
    const back = await handles.get();
    assertEquals([back.name, back.address, back.alive], [p.name, p.address, true]);
    await back.send("by a detour");
    assertEquals([await back.result, await p.result], ["by a detour", "by a detour"]);
    await assertRejects(() => back.start(), TypeError, "was started already");
  });

  everywhere(`a process killed by ${third} before it was started never runs`, async (placement) => {
    const said = new Queue<string>();
    const p = new Process(refuseToStop, [said], { placement });
    const other = there(p, "kill");
    await other.start();
    const seen = await other.result;
    assertEquals([seen.exit, seen.exitCode], [KILLED, -9]);
    await assertRejects(() => p.start(), StartError, "killed by SIGKILL");
    assertEquals([p.alive, await p.exited, await said.size()], [false, KILLED, 0]);
    await assertRejects(() => p.result, ActorExitedError, "killed by SIGKILL");
  });

  everywhere(`whoever waits in ${third} for a process that is closed unstarted is told`, async (placement) => {
    const p = new Process(nothing, [], { placement });
    const other = there(p, "join");
    const sender = there(p, "send", "hello");
    await Promise.all([other.start(), sender.start()]);
    assertEquals(await peek(other.exited), "pending");
    await p.close();
    assertEquals((await other.result).exit, { code: 0, reason: "stopped" });
    // An inline mailbox is there from the first, and may have taken the message.
    assert(["normal", "error"].includes((await sender.exited).reason));
  });

  everywhere(
    `a handle to a process whose parent in ${third} ended tells that the parent is gone`,
    async (placement) => {
      const lent = new Queue<Process>();
      const middle = new Process(makeAndLend, [lent, placement], { placement: third });
      await middle.start();
      const p = await lent.get();
      const joining = p.join();
      const { result } = p;
      await middle.kill();
      const exit = await joining;
      assertEquals([exit?.code, exit?.signal], [-9, "SIGKILL"]);
      assert(["parent-gone", "killed"].includes(exit!.reason));
      await assertRejects(() => result, ActorExitedError);
      assertEquals(p.alive, false);
    },
  );
}

everywhere("stop() by a third actor obeys its grace", async (placement) => {
  const said = new Queue<Portrait>();
  const p = new Process(sleep, [said], { placement });
  const handles = new Queue<Process>();
  const other = new Process(handOn, [p, handles], { placement: "thread" });
  await other.start();
  await p.start();
  await said.get();
  const back = await handles.get();
  assertEquals(await back.stop({ graceMs: 20 }), KILLED);
  await other.join();
});

bounded(
  "[PROC-40] an ended process keeps no argument; a forgotten one is kept for whoever has its handle",
  async () => {
    await using program = new Program("forgets", [], ["--v8-flags=--expose-gc"]);
    const { code, out, err } = await program.ended();
    const seen = '{"exit":{"code":0,"reason":"normal"},"result":["kept"]}';
    const lines = (placement: string) => [
      `${placement}: argument collected: true, code 0`,
      `${placement}: handle collected: true`,
      `${placement}: others see ${seen}`,
    ];
    assertEquals([code, err, out.trim().split("\n")], [0, "", PLACEMENTS.flatMap(lines)]);
    await program.leftNothing();
  },
);
