/** A subprocess that the system has stopped (SIGSTOP) can be ended in every way, and its ending keeps nobody waiting. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import {
  child,
  EventFlag,
  type Exit,
  manage,
  Pool,
  PoolClosedError,
  Process,
  Queue,
  spawn,
  supervise,
} from "../../mod.ts";
import { processesOf, suspended, tagged, until } from "../machine.ts";
import { runProgram } from "../run_program.ts";
import { boundedWithChildren, rejection } from "./bounded.ts";
import { ending, Patient } from "./fixtures/life_ends.ts";
import { getState, hold } from "./fixtures/pool_tasks.ts";

const TERMINATED: Exit = { code: -15, signal: "SIGTERM", reason: "killed" };
const KILLED: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };
const GRACE = { graceMs: 100 };
const placement = "process";

async function started(): Promise<Process<void>> {
  const process = new Process(ending, ["wait", 0], { placement });
  await process.start();
  return process;
}

const ENDS: [string, (process: Process<void>) => Promise<Exit>, Exit][] = [
  ["terminate()", (process) => process.terminate(), TERMINATED],
  ["kill()", (process) => process.kill(), KILLED],
  ["stop()", (process) => process.stop(GRACE), KILLED],
];

for (const [how, end, exit] of ENDS) {
  boundedWithChildren(`${how} of a process that the system has stopped ends it`, async () => {
    const process = await suspended(started);
    assertEquals(await end(process), exit);
    assertEquals(await process.join(), exit);
  });
}

boundedWithChildren("a process that the system has stopped does not outlive its program's Deno.exit()", async () => {
  const tag = crypto.randomUUID();
  try {
    // It hangs for as long as somebody has its output.
    const { code } = await runProgram(import.meta.resolve("./fixtures/programs/leaves_stopped.ts"), {
      env: tagged(tag),
    });
    assertEquals(code, 3);
    await until("the process is gone", () => processesOf(tag).length === 0);
  } finally {
    for (const { pid } of processesOf(tag)) Deno.kill(pid, "SIGKILL");
  }
});

for (const how of ["kill", "stop"] as const) {
  boundedWithChildren(`${how}() of an actor or manager that the system has stopped ends it`, async () => {
    const actor = await suspended(() => spawn(Patient, [], { placement }));
    const manager = await suspended(() => manage({}, { placement }));
    assertEquals([await actor[how](GRACE), await manager[how](GRACE)], [KILLED, KILLED]);
  });
}

boundedWithChildren("terminate() of a pool ends a worker that the system has stopped at work", async () => {
  const begun = new Queue<number>();
  const pool = new Pool({ size: 1, placement });
  const { result } = await suspended(async () => {
    const result = rejection(pool.run(hold, [begun, new EventFlag(), 1]), PoolClosedError);
    await begun.get();
    return { result };
  });
  await pool.terminate();
  assertInstanceOf(await result, PoolClosedError);
});

boundedWithChildren("a pool that is closed ends an idle worker that the system has stopped", async () => {
  const pool = new Pool({ size: 1, placement });
  await suspended(() => pool.run(getState));
  await pool.close();
  await pool.join();
});

boundedWithChildren("stop() of a supervisor ends a child that the system has stopped", async () => {
  const patient = child(Patient, [], { placement, shutdownMs: GRACE.graceMs });
  const app = await suspended(() => supervise({ patient }));
  assertEquals(await app.stop(), { code: 0, reason: "stopped" });
});

for (const how of ["kill", "terminate"] as const) {
  boundedWithChildren(`${how}() is not kept by Deno's having let go of the subprocess already`, async () => {
    const process = await started();
    const { prototype } = Deno.ChildProcess;
    const { ref } = prototype;
    // As Deno does for a moment, between the subprocess's end and its telling.
    prototype.ref = () => {
      throw new Deno.errors.BadResource("Bad resource ID");
    };
    try {
      assertEquals(await process[how](), how === "kill" ? KILLED : TERMINATED);
    } finally {
      prototype.ref = ref;
    }
  });
}
