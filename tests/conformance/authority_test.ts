/**
 * A sandbox has what it was given and no more: it chooses no code that runs with more rights than its own, and finds
 * nobody whom nobody has handed to it.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  child,
  manage,
  manager as supervisedManager,
  Pool,
  type Queue,
  register,
  SharedMemory,
  spawn,
  supervise,
  unregister,
} from "../../mod.ts";
import { oneTest, PLACEMENTS, until, within } from "./actor_contract.ts";
import { Tool, Warden } from "./fixtures/voucher_thief.ts";
import { Guard, honest, Known, Prisoner } from "./fixtures/prisoner.ts";

const SANDBOX = { placement: "process", permissions: "none" } as const;
const REFUSED_TASK = /^TypeError: Cannot run \w+ of .*: pool runs for those with fewer rights only what/s;
const REFUSED_POOL = /^(TypeError: Cannot make a pool: |ProtocolError: Cannot read a request for an object: )/;
const REFUSED_CLASS =
  /^(TypeError: Cannot make a \w+: for those with fewer rights|ProtocolError: Cannot read a request)/;
/** (The cell of numbers looks at the form of a request before its verb.) */
const REFUSED_VERB =
  /^(TypeError: Cannot ask .*: no such request as |ProtocolError: Cannot read a request for shared n)/;
const REFUSED_CHILD = /^TypeError: Cannot add "\d": nobody with the rights of this supervisor has described \w+ so$/;

for (const placement of PLACEMENTS) {
  for (const started of [false, true]) {
    oneTest(
      `a sandbox with the handle of a pool chooses no code for its workers (${placement}, ${
        started ? "started" : "not started"
      })`,
      async () => {
        await using prisoner = await spawn(Prisoner, [], SANDBOX);
        await using pool = new Pool({ size: 1, placement });
        if (started) await pool.run(honest, [1]);
        const { honest: allowed, ...refused } = await within(prisoner.call.usePool(pool));
        for (const outcome of Object.values(refused)) assertMatch(outcome, /^TypeError: /);
        assertMatch(refused.run, REFUSED_TASK);
        // The pool's maker has registered it.
        assertEquals(allowed, "2");
      },
    );
  }

  oneTest(
    `a sandbox with the handle of a supervisor adds only what the supervisor has already (${placement})`,
    async () => {
      await using prisoner = await spawn(Prisoner, [], SANDBOX);
      const children = { known: child(Known, [], SANDBOX) };
      await using supervisor = await supervise(children, { placement });
      const { known, ...refused } = await within(prisoner.call.useSupervisor(supervisor));
      for (const outcome of Object.values(refused)) assertMatch(outcome, REFUSED_CHILD);
      assertEquals(known, "pong");
      assertEquals(await supervisor.refs.known.call.ping(), "pong");
    },
  );

  oneTest(`a sandbox with the handle of a manager makes no pool and adds no child there (${placement})`, async () => {
    await using prisoner = await spawn(Prisoner, [], SANDBOX);
    const classes = [Known];
    await using manager = await manage({}, { placement, classes });
    await using above = await supervise({ kept: supervisedManager({}, { placement, classes }) });
    for (const each of [manager, above.refs.kept]) {
      const forger = await spawn(Prisoner, [], SANDBOX);
      const forged = await within(forger.call.forge(each)) as Queue<number>;
      await forger.kill();
      await assertRejects(() => within(forged.put(1)), TypeError, "no such request");
      const { dict, ...refused } = await within(prisoner.call.useManager(each));
      for (const outcome of Object.values(refused)) assertMatch(outcome, REFUSED_POOL);
      assertEquals(dict, "1");
      const { known, namesake, ...instances } = await within(prisoner.call.useClasses(each));
      for (const outcome of Object.values(instances)) assertMatch(outcome, REFUSED_CLASS);
      assertEquals([known, namesake], ["pong", "pong"]);
    }
    const { known: _, ...children } = await within(prisoner.call.useSupervisor(manager));
    for (const outcome of Object.values(children)) assertMatch(outcome, REFUSED_CHILD);
  });

  oneTest(`a sandbox lends nobody the vouchers that came by its place in another isolate (${placement})`, async () => {
    await using warden = await spawn(Warden, [], { placement });
    await using mine = await manage({}, { placement: "inline" });
    const enclosed = await within(warden.call.enclose());
    const { thief } = enclosed.refs;
    await within(thief.call.take(mine));
    await assertRejects(() => within(enclosed.add("tool", child(Tool, ["honest"], { placement: "inline" }))));
    await assertRejects(() => within(enclosed.make(Tool, ["honest"])));
    await assertRejects(() => within(enclosed.pool({ size: 1 })));
    await assertRejects(() => within(enclosed.pool({ size: 1, name: "its own" })));
    const outcomes = await within(thief.call.outcomes());
    assertEquals(outcomes.length, 4);
    for (const outcome of outcomes) assertMatch(outcome, /^TypeError: Cannot (add|make a) /);
  });

  oneTest(
    `a sandbox with a named object has that object and nothing else of its manager's (${placement})`,
    async () => {
      await using prisoner = await spawn(Prisoner, [], SANDBOX);
      await using manager = await manage({}, { placement });
      await using above = await supervise({ kept: supervisedManager({}, { placement }) });
      for (const each of [manager, above.refs.kept]) {
        const secret = await each.dict<string, number>({ name: "secret" });
        await secret.set("a", 1);
        const given = [
          await each.dict({ name: "d" }),
          await each.queue({ name: "q" }),
          await each.lock({ name: "l" }),
          await each.condition({ name: "c" }),
          await each.array("int32", 1, { name: "a" }),
          await each.pool({ name: "p", size: 1 }),
        ];
        for (const object of given) {
          for (const [what, outcome] of Object.entries(await within(prisoner.call.useNamed(object)))) {
            assertMatch(outcome, REFUSED_VERB, what);
          }
        }
        assert(each.alive);
        assertEquals(await secret.get("a"), 1);
      }
    },
  );

  oneTest(`a sandbox can name and watch its parent, and do nothing else with it (${placement})`, async () => {
    const guard = await spawn(Guard, [], { placement, name: "guard" });
    const prisoner = await guard.call.imprison();
    const { name, address, alive, root, ...refused } = await within(prisoner.call.useParent());
    assertEquals([name, address, root, alive], ["guard", guard.address, guard.address, "true"]);
    for (const outcome of Object.values(refused)) {
      assertMatch(outcome, /^TypeError: Cannot .*: a subprocess with fewer permissions than its parent can only watch/);
    }
    // Neither the cast nor a call has come.
    assertEquals(await guard.call.touch(), 1);
    await guard.stop();
    await within(prisoner.exited);
  });
}

oneTest("a sandbox hears of the end of its parent", async () => {
  // Its parent is an inline actor, whose end leaves it a moment to be seen in.
  const supervisor = await supervise({ prisoner: child(Prisoner, [], SANDBOX) }, { name: "guard" });
  const { prisoner } = supervisor.refs;
  const { name, alive, add } = await within(prisoner.call.useParent());
  assertEquals([name, alive], ["guard", "true"]);
  assertMatch(add, /^TypeError: Cannot call guard.add: /);
  await supervisor.stop();
  assertEquals(prisoner.alive, false);
});

oneTest(
  "lookup in a sandbox finds actors registered for all and those it was handed; it can take no name",
  async () => {
    await using prisoner = await spawn(Prisoner, [], SANDBOX);
    await using guard = await spawn(Guard, [], { placement: "inline" });
    await register("guard", guard);
    const first = await within(prisoner.call.useNames("guard"));
    assertEquals(first.lookup, "undefined");
    for (const outcome of [first.register, first.take, first.unregister]) {
      assertMatch(
        outcome,
        /^TypeError: Cannot (un)?register: a subprocess with fewer permissions than the program may not$/,
      );
    }
    assertEquals(await within(prisoner.call.lookUpWith("guard", guard)), "1 true");
    await register("guard", guard, { for: "all" });
    assertEquals((await within(prisoner.call.useNames("guard"))).lookup, "2");
    await register("guard", guard);
    await using other = await spawn(Prisoner, [], SANDBOX);
    assertEquals((await within(other.call.useNames("guard"))).lookup, "undefined");
    assertEquals(await unregister("guard"), true);
  },
);

oneTest("inspect() in a sandbox tells of the sandbox alone", async () => {
  await using prisoner = await spawn(Prisoner, [], { ...SANDBOX, name: "prisoner" });
  await using _guard = await spawn(Guard, [], { placement: "inline", name: "guard" });
  const seen = await within(prisoner.call.look());
  assertEquals([seen.tree.name, seen.tree.children], ["prisoner", []]);
  assert(!JSON.stringify(seen).includes("guard"));
});

oneTest("a sandbox attaches shared memory by no name that can be guessed, and takes no name from others", async () => {
  await using prisoner = await spawn(Prisoner, [], SANDBOX);
  await using other = await spawn(Prisoner, [], SANDBOX);
  using named = await SharedMemory.create(3, { name: "frames" });
  using secret = await SharedMemory.create(5);
  for (const sandbox of [prisoner, other]) {
    const { guessed, told, own } = await within(sandbox.call.useMemory(named.name, secret.name));
    assertMatch(guessed, /^NotFound: Cannot attach shared memory: there is none named "frames"$/);
    assertEquals([told, own], ["5", "7"]);
  }
  using same = await SharedMemory.attach("frames");
  assertEquals(same.sizeBytes, 3);
  await until(async () => (await prisoner.call.useMemory("frames", secret.name)).own === "7");
});
