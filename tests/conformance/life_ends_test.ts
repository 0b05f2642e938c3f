import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { delay } from "@std/async";
import { ActorExitedError, type Exit, Process, Queue, spawn } from "../../mod.ts";
import { busyMs, until } from "../machine.ts";
import { type Ending, ending, Patient } from "./fixtures/life_ends.ts";
import { ELSEWHERE, EVERYWHERE, leavesNothing, soon } from "./fixtures/life_places.ts";

/** What ends by its own doing, and how. */
const OWN_ENDS: readonly [string, Ending, number, Exit][] = [
  ["current().exit(3)", "exit", 3, { code: 3, reason: "error" }],
  ["current().exit(0)", "exit", 0, { code: 0, reason: "normal" }],
  ["current().exit(259)", "exit", 259, { code: 3, reason: "error" }],
];
const OWN_ENDS_ELSEWHERE: readonly [string, Ending, number, Exit][] = [
  ["Deno.exit(3)", "denoExit", 3, { code: 3, reason: "error" }],
  ["Deno.exit(0)", "denoExit", 0, { code: 0, reason: "normal" }],
  ["Deno.exit(259)", "denoExit", 259, { code: 3, reason: "error" }],
  ["self.close()", "close", 0, { code: 0, reason: "normal" }],
];
const UNCAUGHT: readonly [string, Ending, string][] = [
  ["an error thrown in a timer", "throwLater", "thrown in a timer"],
  ["an error thrown in a microtask", "throwInMicrotask", "thrown in a microtask"],
  ["a rejection that nobody hears", "rejectUnheard", "rejected, unheard"],
  ["a rejection in a timer that nobody hears", "rejectUnheardLater", "rejected, unheard"],
  ["an error that nobody called for", "throwAtOnce", "thrown"],
];
/** What never ends by itself, nor notices anything. */
const ENDLESS: readonly [string, Ending][] = [
  ["a busy loop", "spin"],
  ["a busy loop with awaits", "spinAwaiting"],
  ["a blocking wait", "blockThread"],
  ["a regular expression that backtracks for ever", "backtrack"],
  ["a promise that never resolves", "wait"],
];

for (const placement of EVERYWHERE) {
  const own = placement === "inline" ? OWN_ENDS : [...OWN_ENDS, ...OWN_ENDS_ELSEWHERE];
  for (const [what, how, code, exit] of own) {
    Deno.test(
      `[${placement}] ${what} ends an actor with its code and leaves nothing`,
      leavesNothing(async () => {
        const patient = await spawn(Patient, [], { placement });
        const { call } = patient.with({ timeoutMs: Infinity });
        const error = await soon(assertRejects(async () => await call.end(how, code), ActorExitedError));
        assertEquals(error.exit, exit);
        assertEquals(await soon(patient.exited), exit);
        assertEquals(patient.alive, false);
      }),
    );

    Deno.test(
      `[${placement}] ${what} ends a task with its code and leaves nothing`,
      leavesNothing(async () => {
        const process = new Process(ending, [how, code], { placement });
        await soon(process.start());
        assertEquals(await soon(process.join()), exit);
        assertEquals(process.exitCode, exit.code);
        const error = await soon(assertRejects(() => process.result, ActorExitedError));
        assertEquals(error.exit, exit);
      }),
    );
  }

  for (const [what, how, message] of UNCAUGHT) {
    Deno.test(
      `[${placement}] ${what} ends the actor with the whole error, and nobody else`,
      leavesNothing(async () => {
        const patient = await spawn(Patient, [], { placement });
        await using sibling = await spawn(Patient, [], { placement });
        patient.cast.end(how);
        const exit = await soon(patient.exited);
        assertEquals([exit.code, exit.reason], [1, "error"]);
        assertWhole(exit.error, message);
        const error = await soon(assertRejects(() => patient.call.ping(), ActorExitedError));
        assertEquals([error.exit.code, error.exit.reason], [1, "error"]);
        assertWhole(error.exit.error, message);
        assertEquals(await soon(sibling.call.ping()), "pong");
      }),
    );

    Deno.test(
      `[${placement}] ${what} ends the task with the whole error, and nobody else`,
      leavesNothing(async () => {
        const process = new Process(ending, [how, 0], { placement });
        await using sibling = await spawn(Patient, [], { placement });
        await soon(process.start());
        const exit = (await soon(process.join()))!;
        assertEquals([exit.code, exit.reason], [1, "error"]);
        assertWhole(exit.error, message);
        assertWhole(await soon(process.result.catch((error: unknown) => error)), message);
        assertEquals(await soon(sibling.call.ping()), "pong");
      }),
    );
  }
}

for (const placement of ELSEWHERE) {
  for (const [what, how] of ENDLESS) {
    Deno.test(
      `[${placement}] kill() really stops ${what} in an actor`,
      leavesNothing(async () => {
        const patient = await spawn(Patient, [], { placement });
        const { call } = patient.with({ timeoutMs: Infinity });
        const inFlight = assertRejects(async () => await call.end(how), ActorExitedError);
        const queued = assertRejects(() => call.ping(), ActorExitedError);
        const killed: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };
        assertEquals(await soon(patient.kill()), killed);
        assertEquals(await soon(patient.exited), killed);
        assertEquals((await soon(inFlight)).exit, killed);
        assertEquals((await soon(queued)).exit, killed);
      }),
    );

    Deno.test(
      `[${placement}] terminate() really stops ${what} in a task`,
      leavesNothing(async () => {
        const process = new Process(ending, [how, 0], { placement });
        await soon(process.start());
        const terminated: Exit = { code: -15, signal: "SIGTERM", reason: "killed" };
        assertEquals(await soon(process.terminate()), terminated);
        assertEquals(await soon(process.join()), terminated);
        assertEquals((await soon(assertRejects(() => process.result, ActorExitedError))).exit, terminated);
      }),
    );
  }

  Deno.test(
    `[${placement}] stop() kills what does not end within its grace`,
    leavesNothing(async () => {
      const process = new Process(ending, ["spin", 0], { placement });
      await soon(process.start());
      const pid = process.pid ?? Deno.pid;
      const before = busyMs(pid);
      await until("it spins", () => busyMs(pid) > before + 50);
      assertEquals(await soon(process.stop({ graceMs: 100 })), { code: -9, signal: "SIGKILL", reason: "killed" });
    }),
  );
}

for (const [signal, number] of [["SIGKILL", 9], ["SIGTERM", 15], ["SIGHUP", 1]] as const) {
  Deno.test(
    `[process] ${signal} from outside ends it with code -${number}, busy or not`,
    leavesNothing(async () => {
      const process = new Process(ending, ["spin", 0], { placement: "process" });
      await soon(process.start());
      Deno.kill(process.pid!, signal);
      assertEquals(await soon(process.join()), { code: -number, signal, reason: "killed" });
    }),
  );
}

Deno.test(
  "[process] who listens to SIGTERM may go on after terminate(), and is then said to have ended as it really did",
  leavesNothing(async () => {
    const waiting = new Queue<string>();
    const deaf = new Process(ending, ["ignoreTerm", 0, waiting], { placement: "process" });
    const tidy = new Process(ending, ["handleTerm", 9, waiting], { placement: "process" });
    await soon(Promise.all([deaf.start(), tidy.start()]));
    await soon(Promise.all([waiting.get(), waiting.get()]));
    const terminated = deaf.terminate();
    assertEquals(await soon(tidy.terminate()), { code: 9, reason: "error" });
    assertEquals(deaf.alive, true);
    const killed: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };
    assertEquals([await soon(deaf.kill()), await soon(terminated)], [killed, killed]);
  }),
);

Deno.test(
  "[process] a task that ignores SIGTERM is killed 5 s after terminate(), whatever its permissions",
  leavesNothing(async () => {
    const killed: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };
    await Promise.all((["inherit", "none"] as const).map(async (permissions) => {
      const waiting = new Queue<string>();
      const deaf = new Process(ending, ["ignoreTerm", 0, waiting], { placement: "process", permissions });
      await deaf.start();
      await waiting.get();
      assertEquals(await deaf.terminate(), killed);
      assertEquals(await deaf.join(), killed);
    }));
  }),
);

Deno.test(
  "after all of them no core burns",
  leavesNothing(async () => {
    const before = busyMs();
    await delay(500);
    const busy = busyMs() - before;
    assert(busy < 250, `${busy} ms of 500 were busy`);
  }),
);

function assertWhole(error: unknown, message: string): void {
  assertInstanceOf(error, RangeError);
  assertEquals(error.message, message);
  assertEquals((error as { detail?: unknown }).detail, { n: 1 });
  assertInstanceOf(error.cause, TypeError);
  assertEquals(error.cause.message, "the cause");
  assert(error.stack?.includes("life_ends.ts"), error.stack);
}
