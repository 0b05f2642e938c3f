/** Instances that a manager makes for those who ask: who can use them, how long they live, what may be made. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  actor,
  ActorExitedError,
  manage,
  type Manager,
  manager,
  NotSerializableError,
  Queue,
  type Ref,
  spawn,
  StartError,
  supervise,
} from "../../mod.ts";
import { runProgram } from "../run_program.ts";
import { newLatch, open } from "./fixtures/latch.ts";
import { Having, noClass, SlowToStart, Sum } from "./fixtures/made_classes.ts";
import { Place, type Where } from "./place.ts";
import { EVERYWHERE, everywhere, PLACEMENTS, until, within } from "./queue_everywhere.ts";

const SETTLED_MS = 1000;
const END_MS = 10_000;
const classes = [Sum, SlowToStart];

everywhere("an instance counts for users in every place, streams, and throws what its methods throw", async (place) => {
  const ends = new Queue<string>();
  await using manager = await place.manage({ classes });
  await using sum = await manager.make(Sum, [ends, 100]);
  let expected = 100;
  for (const where of EVERYWHERE) {
    const user = await new Place(where).spawn(Having, []);
    assertEquals(await user.call.addTo(sum, 1), expected += 1);
    assertEquals(await sum.call.add(10), expected += 10);
  }
  assertEquals(await Array.fromAsync(sum.call.upTo(3)), [1, 2, 3]);
  await assertRejects(() => sum.call.fail(), RangeError, `refused at ${expected}`);
  sum.cast.add(1);
  assertEquals(await sum.call.add(0), expected + 1);
});

/** Hands an instance from one to another. */
async function handOn(from: Ref<Having>, to: Ref<Having>): Promise<void> {
  await using sum = await from.call.give();
  await to.call.keep(sum);
  await from.call.letGo();
}

everywhere(
  "an instance ends with the last who has it: by disposing, by death, by never having got it",
  async (place) => {
    const ends = new Queue<string>();
    await using manager = await place.manage({ classes });
    for (const where of ["thread", "process", "remote thread"] as const satisfies Where[]) {
      const [first, second] = [
        await new Place(where).spawn(Having, []),
        await spawn(Having, [], { placement: "inline" }),
      ];
      const sum = await manager.make(Sum, [ends, 1]);
      await first.call.keep(sum);
      await sum[Symbol.asyncDispose]();
      await handOn(first, second);
      assertEquals(await second.call.add(1), 2);
      await handOn(second, first);
      assertEquals([await first.call.add(1), await ends.size()], [3, 0]);
      await first.kill();
      assertEquals(await within(END_MS, ends.get()), "stopped at 3");
      await within(END_MS, sum.exited);
      // A message that was sent before the instance was given back is handled.
      const other = await manager.make(Sum, [ends, 1]);
      other.cast.add(5);
      await other[Symbol.asyncDispose]();
      assertEquals(await within(END_MS, ends.get()), "stopped at 6");
      await second.kill();
    }
  },
  { testMs: 40_000 },
);

everywhere("an instance whose maker dies before it has it ends", async (place) => {
  const ends = new Queue<string>();
  await using manager = await place.manage({ classes });
  for (const where of ["inline", "thread", "process", "remote thread"] as const satisfies Where[]) {
    const user = await new Place(where).spawn(Having, []);
    const latch = newLatch();
    user.call.makeSlowly(manager, latch, ends).catch(() => {});
    await within(END_MS, latch.entered.get());
    await user.kill();
    await open(latch);
    assertEquals(await within(END_MS, ends.get()), "stopped");
  }
}, { testMs: 40_000 });

everywhere("instances end with their manager, in order when that is stopped; calls reject then", async (place) => {
  for (const way of ["stop", "kill"] as const) {
    const ends = new Queue<string>();
    const manager = await place.manage({ classes });
    const sum = await manager.make(Sum, [ends, 1]);
    await manager[way]();
    await assertRejects(() => within(SETTLED_MS, sum.call.add(1)), ActorExitedError);
    await assertRejects(() => within(SETTLED_MS, manager.make(Sum, [ends])), ActorExitedError);
    if (way === "stop") assertEquals(await ends.tryGet(), { value: "stopped at 1" });
    await within(END_MS, sum.exited);
  }
});

everywhere(
  "a manager that comes back makes instances again; those of its last life do not come back",
  async (place) => {
    const ends = new Queue<string>();
    await using app = await supervise({ state: manager({}, { placement: place.placement }) });
    const { state } = app.refs;
    const sum = await state.make(Sum, [ends, 1]);
    assertEquals(await sum.call.add(1), 2);
    await state.kill();
    await until(async () => await state.make(Sum, [ends, 5]).then(() => true, () => false), "it is back");
    await assertRejects(() => within(SETTLED_MS, sum.call.add(1)), ActorExitedError, "has ended");
    assertEquals(await within(END_MS, (await state.make(Sum, [ends, 10])).call.add(1)), 11);
  },
  { placements: PLACEMENTS },
);

class Unregistered {}
class Needy {
  constructor(readonly n: number) {}
}

everywhere("an instance that cannot be made is refused by name, and the manager goes on", async (place) => {
  const ends = new Queue<string>();
  await using manager = await place.manage({ classes }) as Manager;
  const { make } = manager as unknown as { make(Class: unknown, args?: unknown): Promise<unknown> };
  const tried = (...args: [unknown, unknown?]) => make.apply(manager, args);
  await assertRejects(() => tried(Unregistered), TypeError, "Cannot make an instance: Unregistered is not registered");
  await assertRejects(() => tried(noClass, []), TypeError, "Cannot make a noClass: it is a task");
  for (const wrong of ["Sum", null, undefined, {}]) await assertRejects(() => tried(wrong, []), TypeError);
  await assertRejects(() => tried(Sum, ends), TypeError, "Cannot make a Sum: the arguments must be an array");
  await assertRejects(() => tried(Sum, [ends, () => {}]), NotSerializableError);
  const error = await assertRejects(() => manager.make(Sum, [ends, Infinity]), StartError, "there is no end");
  assert(error.cause instanceof RangeError);
  assertEquals(await (await manager.make(Sum, [ends, 1])).call.add(1), 2);
});

everywhere("a class whose module does not register it there is a StartError that says so", async ({ placement }) => {
  actor("data:text/javascript,export{}", Needy);
  await using manager = await manage({}, { placement });
  await assertRejects(() => manager.make(Needy, [1]), StartError, "did not register Needy when a manager imported it");
}, { placements: ["thread", "process"] });

everywhere("another program has only those classes made that the manager names, by their names", async () => {
  await using mine = await new Place("remote").manage({ classes: [Sum] });
  const ends = new Queue<string>();
  assertEquals(await (await mine.make(Sum, [ends, 1])).call.add(1), 2);
  const refused = () => mine.make(Having);
  await assertRejects(
    refused,
    TypeError,
    "Cannot make a Having: for those with fewer rights than the manager it makes",
  );
  await using none = await new Place("remote").manage();
  await assertRejects(() => none.make(Sum, [ends]), TypeError, "only what its option classes names");
}, { placements: ["remote"] });

Deno.test("classes that are none are refused when a manager is made", async () => {
  const attempt = (classes: unknown) => manage({}, { placement: "inline", classes: classes as [] });
  await assertRejects(() => attempt(Sum), TypeError, "classes must be an array");
  await assertRejects(() => attempt([Unregistered]), TypeError, "Unregistered is not registered");
  await assertRejects(() => attempt([noClass]), TypeError, "classes has noClass, which is a task");
  await assertRejects(() => attempt([Sum, Sum]), TypeError, "two that are named Sum");
});

for (const placement of PLACEMENTS) {
  Deno.test(`an instance lives while a ref, its methods or a call that is under way is there (${placement})`, async () => {
    const program = new URL("./fixtures/programs/collects_instances.ts", import.meta.url).href;
    const flags = ["-A", "--v8-flags=--expose-gc"];
    const { code, stdout, stderr } = await runProgram(program, { flags, args: [placement], timeoutMs: 30_000 });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const results: Record<string, boolean> = JSON.parse(stdout);
    assertEquals(Object.entries(results).filter(([, holds]) => !holds).map(([fact]) => fact), []);
    assertEquals(Object.keys(results).length, 5);
  });
}
