import { assertEquals, assertThrows } from "@std/assert";
import { onExit, Process, Queue, spawn } from "../../mod.ts";
import { Hooked, hooked } from "./fixtures/process_hooks.ts";
import { bounded, everywhere } from "./process_everywhere.ts";
import { Program } from "./process_program.ts";

/** By priority, and the last registered first among equals; one that fails stops no other. */
const IN_ORDER = ["high", "equal, last", "equal, first", "none", "low"];

for (const how of ["return", "throw", "reject", "exit", "exit in a timer", "stop", "interrupt"] as const) {
  everywhere(`onExit runs in order, each once, awaited, when a process ends by ${how}`, async (placement) => {
    const said = new Queue<string>();
    const p = new Process(hooked, [said, how], { placement });
    await p.start();
    assertEquals(await said.get(), "up");
    if (how === "stop") await p.stop();
    if (how === "interrupt") await p.interrupt();
    const exit = (await p.join())!;
    const code = { return: 0, throw: 1, reject: 1, exit: 3, "exit in a timer": 3, stop: 0, interrupt: 1 }[how];
    assertEquals([exit.code, await drain(said)], [code, IN_ORDER]);
  });
}

for (const how of ["kill", "terminate", "grace"] as const) {
  everywhere(`onExit does not run when a process ends by ${how}`, async (placement) => {
    const said = new Queue<string>();
    const p = new Process(hooked, [said, "never"], { placement });
    await p.start();
    assertEquals(await said.get(), "up");
    if (how === "kill") await p.kill();
    if (how === "terminate") await p.terminate();
    if (how === "grace") await p.stop({ graceMs: 10 });
    assertEquals([p.exitCode, await drain(said)], [how === "terminate" ? -15 : -9, []]);
  });
}

everywhere("onExit of an actor runs after its onStop, and after its children", async (placement) => {
  const said = new Queue<string>();
  const ref = await spawn(Hooked, [said], { placement });
  await ref.call.ready();
  await ref.stop();
  assertEquals(await drain(said), ["child: stopped", "onStop", "onExit"]);
});

everywhere("a function that was taken back, or registered by another actor, does not run", async (placement) => {
  const said = new Queue<string>();
  const p = new Process(hooked, [said, "taken back"], { placement });
  using _other = onExit(() => said.put("the program's own"));
  await p.start();
  await p.join();
  assertEquals(await drain(said), ["up"]);
});

everywhere(
  "exit() during onExit, or after another exit(), changes nothing: the first reason counts",
  async (placement) => {
    const said = new Queue<string>();
    const p = new Process(hooked, [said, "exit twice"], { placement });
    await p.start();
    const exit = await p.join();
    assertEquals([exit, await drain(said)], [{ code: 3, reason: "error" }, ["up", "slow", "fast"]]);
  },
);

bounded("onExit wants a function and a priority that is a number", async () => {
  assertThrows(() => onExit(1 as unknown as () => void), TypeError, "it is number");
  assertThrows(() => onExit(() => {}, { priority: NaN }), TypeError, "priority");
  assertThrows(() => onExit(() => {}, { priority: "1" as unknown as number }), TypeError, "priority");
  await Promise.resolve();
});

const PROGRAM_ORDER = "high\nequal, last\nequal, first\nnone\nlow\n";

for (const how of ["return", "exit", "current().exit", "exit in a timer", "exit in onExit"] as const) {
  bounded(`onExit of the program runs in order when it ends by ${how}`, async () => {
    await using program = new Program("exit_hooks", [how]);
    const { code, out, err } = await program.ended();
    const { length } = err.split("\n").filter((line) => line.includes(": a function given to onExit failed"));
    const before = how === "current().exit" ? "up\nfinally\n" : "up\n";
    assertEquals([code, out, length], [how === "return" ? 0 : 3, `${before}${PROGRAM_ORDER}`, 1]);
    await program.leftNothing();
  });
}

/** What is in the queue, now that nobody puts any more. */
async function drain(said: Queue<string>): Promise<string[]> {
  const all: string[] = [];
  for (let item = await said.tryGet(); item !== undefined; item = await said.tryGet()) all.push(item.value);
  return all;
}
