/** A supervisor or manager whose event loop is dead does not keep anybody who stops it waiting for ever. */

import { assertEquals } from "@std/assert";
import { child, type Exit, manage, manager, Queue, supervise } from "../../mod.ts";
import { suspended } from "../machine.ts";
import { boundedWithChildren } from "./bounded.ts";
import { Member, SlowToStop, Stubborn } from "./fixtures/supervised.ts";
import { Log } from "./supervised.ts";

const UNRESPONSIVE: Exit = { code: -9, signal: "SIGKILL", reason: "unresponsive" };
const KILLED: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };
/** Silence counts after 5 s. */
const BOUND_MS = 40_000;

boundedWithChildren("stop() of a manager that the system has stopped ends it", async () => {
  const one = await suspended(() => manage({}, { placement: "process" }));
  assertEquals(await one.stop(), UNRESPONSIVE);
}, BOUND_MS);

boundedWithChildren("stop({ graceMs }) of a manager that the system has stopped kills it after that", async () => {
  const one = await suspended(() => manage({}, { placement: "process" }));
  assertEquals(await one.stop({ graceMs: 100 }), KILLED);
});

boundedWithChildren("a supervisor ends a manager of its own that the system has stopped", async () => {
  const app = await suspended(() => supervise({ state: manager({}, { placement: "process" }) }));
  assertEquals((await app.stop()).reason, "stopped");
}, BOUND_MS);

boundedWithChildren("stop() of a supervisor that a child keeps busy for ever ends it", async () => {
  const log = new Log();
  const spinning = child(Stubborn, ["spinning", log], { placement: "inline" });
  const app = await supervise({ spinning }, { placement: "thread" });
  app.refs.spinning.cast.spin();
  assertEquals(await app.stop(), UNRESPONSIVE);
}, BOUND_MS);

for (const placement of ["thread", "process"] as const) {
  boundedWithChildren(`a supervisor takes the time that its children need to stop (${placement})`, async () => {
    const log = new Queue<string>();
    const slow = child(SlowToStop, [6500, log], { placement: "inline", shutdownMs: 60_000 });
    const app = await supervise({ slow, member: child(Member, ["member", log], { placement }) }, { placement });
    assertEquals((await app.stop()).reason, "stopped");
    const said = await Array.fromAsync({ length: await log.size() }, () => log.get());
    assertEquals(said, ["member starts", "member stops", "slow stops"]);
  }, BOUND_MS);
}
