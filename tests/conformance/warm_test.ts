/** Spare threads: what is started in one is as if there were none, only sooner. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { leftovers } from "../../actors/testing.ts";
import { spawn, warm } from "../../mod.ts";
import { run } from "../program.ts";
import { rounds } from "../soak.ts";
import { oneTest, until } from "./actor_contract.ts";
import { random } from "./fixtures/random.ts";
import { IMPORTS, Warmed } from "./fixtures/warm_tasks.ts";

const KILLS = rounds(8, 200);
/** How long each may take. */
const KILL_MS = 2500;

function imports(): number {
  return Number(Deno.env.get(IMPORTS) ?? 0);
}

oneTest("an actor in a spare thread has its own name and arguments, and is replaced by another spare", async () => {
  await using _spares = await warm(Warmed, 2);
  assertEquals(leftovers(), ["2 spare threads wait"]);
  const before = imports();
  for (const greeting of ["hello", "good day", "hi"]) {
    await using warmed = await spawn(Warmed, [greeting], { name: `for ${greeting}` });
    assertEquals(await warmed.call.greet(), `${greeting} from for ${greeting}`);
  }
  assertEquals(imports(), before + 3);
  await until(() => leftovers().join() === "2 spare threads wait");
});

oneTest("a spare thread has run nothing of the user's before an actor starts in it", async () => {
  const before = imports();
  await using _spare = await warm(Warmed);
  assertEquals(imports(), before);
  await using _warmed = await spawn(Warmed, ["hello"]);
  assertEquals(imports(), before + 1);
});

oneTest("where no spare waits an actor is started all the same", async () => {
  await using _spare = await warm(Warmed);
  const all = await Promise.all(["a", "b", "c"].map((greeting) => spawn(Warmed, [greeting], { name: greeting })));
  assertEquals(await Promise.all(all.map((one) => one.call.greet())), ["a from a", "b from b", "c from c"]);
  await Promise.all(all.map((one) => one.stop()));
});

oneTest("a spare that is not wanted any more ends; of several wishes each counts", async () => {
  const one = await warm(Warmed);
  const other = await warm(Warmed, 2);
  assertEquals(leftovers(), ["3 spare threads wait"]);
  await other[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  assertEquals(leftovers(), ["1 spare thread waits"]);
  await one[Symbol.asyncDispose]();
});

oneTest(`an actor in a spare thread is killed at any moment of its start and life, ${KILLS} times`, async () => {
  await using _spare = await warm(Warmed);
  const below = random(7);
  for (let kill = 0; kill < KILLS; kill++) {
    await until(() => leftovers().join() === "1 spare thread waits");
    const process = spawn(Warmed, ["hello"], { signal: AbortSignal.timeout(below(40)) }).catch(() => undefined);
    const warmed = await process;
    warmed?.cast.spin();
    const exit = await warmed?.kill();
    assertEquals(exit?.signal ?? "SIGKILL", "SIGKILL");
  }
}, KILLS * KILL_MS);

const PROGRAM = "tests/conformance/fixtures/programs/warms.ts";

Deno.test("a spare thread that waits keeps no program alive", async () => {
  const { code, stdout, stderr } = await run(`deno run -A ${PROGRAM}`, 30_000);
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: "warm\n", stderr: "" });
});

Deno.test("where no thread can be launched warm() rejects with StartError, and keeps none", async () => {
  const { code, stdout } = await run(`deno run --no-prompt ${PROGRAM}`, 30_000);
  assertEquals(code, 0);
  assertMatch(stdout, /^StartError: Cannot warm Unused: Requires read access to /);
});

Deno.test("a wrong wish is refused", async () => {
  await assertRejects(() => warm(class {} as never), TypeError, "Cannot warm: ");
  await assertRejects(() => warm(Warmed, 0), RangeError, "Cannot warm Warmed: count must be a whole number");
  await assertRejects(() => warm(Warmed, Infinity), RangeError, "Cannot warm Warmed: count must be a whole number");
  await assertRejects(() => warm(Warmed, "2" as never), TypeError, "Cannot warm Warmed: count must be a number");
});
