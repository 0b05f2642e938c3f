/** How much strangers, who have fewer rights than this program, can have it keep for them, and that honest ones need no more. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { delay } from "@std/async";
import {
  child,
  deadLetters,
  Lock,
  manage,
  manager as supervisedManager,
  Queue,
  QuotaError,
  type QuotaOptions,
  type Ref,
  ShareableList,
  spawn,
  supervise,
  supervisor,
} from "../../mod.ts";
import { accounts } from "../../channels/kernel/account.ts";
import { boundedWithChildren, range, until } from "./bounded.ts";
import { rounds } from "../soak.ts";
import { Guest, HostOfGuests, readOnDemand, type Tally } from "./fixtures/guest.ts";
import { OtherProgram } from "./other_program.ts";

const MIB = 2 ** 20;
const BOUND_MS = 60_000;
const KINDS = ["sandbox", "peer"] as const;

/** Registers a test with a guest of each kind, and a host of it. */
function eachGuest(
  name: string,
  quota: QuotaOptions | undefined,
  test: (guest: Ref<Guest>, host: Ref<HostOfGuests>) => Promise<void>,
  kinds: readonly (typeof KINDS)[number][] = KINDS,
): void {
  for (const kind of kinds) {
    boundedWithChildren(`${name} (${kind})`, async () => {
      const host = await spawn(HostOfGuests, [], { placement: "inline" });
      if (kind === "sandbox") {
        const start = { quota, placement: "process", permissions: "none", startTimeoutMs: 30_000 } as const;
        const guest = await spawn(Guest, [], start);
        await test(guest, host);
        await guest.kill();
      } else {
        await using program = await OtherProgram.start(quota);
        await test(await program.spawn(Guest, [], { placement: "inline" }), host);
        await program.leave().catch(() => {});
      }
      await host.kill();
    }, BOUND_MS);
  }
}

const patient = { timeoutMs: BOUND_MS };

/** Has so many requests open at once, gives each that is an item, and tells what became of them. */
async function askAtOnce(guest: Ref<Guest>, count: number, open: number): Promise<Tally> {
  const queue = new Queue<number>();
  await guest.with(patient).call.ask(queue, count);
  for (const n of range(open)) await queue.put(n);
  return await guest.with(patient).call.asked();
}

const MANY = rounds(20_000, 65_000);

eachGuest(`${MANY} requests may be open at once`, undefined, async (guest) => {
  assertEquals(await askAtOnce(guest, MANY, MANY), { done: MANY, error: "" });
});

eachGuest(
  "a thousand handles may be held, a message have 60 MiB, a stream go on for long",
  undefined,
  async (guest, host) => {
    assertEquals(await guest.with(patient).call.keep(range(1000).map(() => new Lock())), 1000);
    assertEquals(await guest.with(patient).call.send(host, 60 * MIB), 60 * MIB);
    assertEquals(await guest.with(patient).call.read(host, 10_000), 10_000);
  },
);

eachGuest(
  "requests beyond quota.entries reject with QuotaError, and the others are answered",
  { entries: 500 },
  async (guest) => {
    const { done, error } = await askAtOnce(guest, 1000, 500);
    assert(done > 450 && done <= 500, `${done} were answered`);
    assertMatch(
      error,
      /^QuotaError: Cannot take this from \S+: it has too many requests, .+, its quota is 500 entries$/,
    );
    // The requests of before are open no more.
    assertEquals(await askAtOnce(guest, 300, 300), { done: 300, error: "" });
  },
);

eachGuest(
  "items beyond quota.bytes are refused, and there is room again when some were taken",
  { bytes: 4 * MIB },
  async (guest) => {
    const queue = new Queue<Uint8Array>();
    const first = await guest.with(patient).call.fill(queue, 100_000);
    assertEquals(first.done, 41);
    assertMatch(
      first.error,
      /^QuotaError: Cannot take this from \S+: too much of .+ is kept here, its quota is 4194304 bytes$/,
    );
    for (const _ of range(10)) await queue.get();
    assertEquals((await guest.with(patient).call.fill(queue, 100_000)).done, 10);
  },
);

eachGuest(
  "messages of a mailbox beyond quota.bytes are refused, and there is room again when some were read",
  { bytes: 4 * MIB },
  async (guest) => {
    const [demands, read] = [new Queue<void>(), new Queue<number>()];
    const reader = await spawn(readOnDemand, [demands, read], { placement: "inline" });
    const first = await guest.with(patient).call.mail(reader, 100_000);
    assertEquals(first.done, 41);
    assertMatch(first.error, /^QuotaError: .+ is kept here, its quota is 4194304 bytes$/);
    for (const _ of range(10)) await demands.put();
    for (const _ of range(10)) assertEquals(await read.get(), 100_000);
    assertEquals((await guest.with(patient).call.mail(reader, 100_000)).done, 10);
    await reader.kill();
    // What nobody will read is kept no longer.
    const queue = new Queue<Uint8Array>();
    assertEquals((await guest.with(patient).call.fill(queue, 100_000)).done, 41);
  },
);

eachGuest(
  "slots of a shareable list beyond quota.bytes are refused, and there is room again when one is set to less",
  { bytes: 4 * MIB },
  async (guest) => {
    const list = new ShareableList(range(100).map(() => null));
    const first = await guest.with(patient).call.setSlots(list, 0, 100_000);
    assertEquals(first.done, 41);
    assertMatch(first.error, /^QuotaError: .+ is kept here, its quota is 4194304 bytes$/);
    for (const slot of range(10)) await list.set(slot, null);
    assertEquals((await guest.with(patient).call.setSlots(list, 50, 100_000)).done, 10);
    // A slot counts for what it has now.
    await list.set(50, null);
    await guest.with(patient).call.setSlot(list, 50, new Uint8Array(80_000), 20);
    await guest.with(patient).call.setSlot(list, -50, new Uint8Array(80_000), 20);
    assertEquals((await list.values()).filter((value) => value !== null).length, 41);
  },
);

eachGuest(
  "shared memory beyond quota.bytes is refused, and comes back with its maker",
  { bytes: 16 * MIB },
  async (guest) => {
    const first = await guest.with(patient).call.makeMemories(MIB);
    assertEquals(first.done, 15);
    assertMatch(first.error, /^QuotaError: .+, its quota is 16777216 bytes$/);
    await guest.call.giveMemoryBack();
    assertEquals((await guest.with(patient).call.makeMemories(MIB)).done, 1);
  },
  ["sandbox"],
);

eachGuest(
  "the name of shared memory counts with its bytes",
  { bytes: 16 * MIB },
  async (guest) => {
    const { done, error } = await guest.with(patient).call.makeMemories(8, MIB);
    assert(done > 0 && done <= 15, `${done} were made`);
    assertMatch(error, /^QuotaError: .+, its quota is 16777216 bytes$/);
  },
  ["sandbox"],
);

eachGuest(
  "an object that a manager would make for a stranger beyond quota.bytes is refused",
  { bytes: 16 * MIB },
  async (guest) => {
    await using manager = await manage({}, { placement: "inline" });
    const { call } = guest.with(patient);
    const unnamed = await call.makeArrays(manager, MIB / 8, false);
    assertEquals(unnamed.done, 15);
    assertMatch(unnamed.error, /^QuotaError: .+, its quota is 16777216 bytes$/);
    assertEquals((await call.makeStructs(manager, 12 * MIB)).done, 0);
    assertEquals((await call.makeArrays(manager, 10 * MIB, true)).done, 0);
    // Others are served.
    assertEquals((await manager.array("float64", 10 * MIB)).length, 10 * MIB);
    // A manager under a supervisor is asked by its place.
    await using app = await supervise({ state: supervisedManager({}, { placement: "inline" }) });
    assertEquals((await call.makeStructs(app.refs.state, 12 * MIB)).done, 0);
    assertEquals((await call.makeArrays(app.refs.state, 10 * MIB, true)).done, 0);
  },
);

for (const placement of ["inline", "thread", "process"] as const) {
  eachGuest(
    `what a stranger has a supervised manager keep counts for it: ${placement}`,
    { bytes: 16 * MIB },
    async (guest) => {
      await using app = await supervise({ state: supervisedManager({}, { placement }) });
      const { state } = app.refs;
      const { call } = guest.with(patient);
      // More than is usual, too: an isolate asks for the limits of a stranger when it first hears of it.
      assertEquals((await call.makeStructs(state, 40 * MIB)).done, 0);
      const unnamed = await call.makeArrays(state, MIB / 8, false);
      assertEquals(unnamed.done, 15);
      assertMatch(unnamed.error, /^QuotaError: .+, its quota is 16777216 bytes$/);
      assertEquals((await call.makeArrays(state, 10 * MIB, true)).done, 0);
      const shared = await call.shareInstances(state, 100_000);
      assert(shared.done > 2 && shared.done < 11, `${shared.done} were shared`);
      assertMatch(shared.error, /^QuotaError: .+, its quota is 16777216 bytes$/);
      // Others are served.
      assertEquals((await state.array("float64", 10 * MIB)).length, 10 * MIB);
    },
  );

  eachGuest(
    `what a stranger has a supervised manager name counts for it: ${placement}`,
    { entries: 200 },
    async (guest) => {
      await using app = await supervise({ state: supervisedManager({}, { placement }) });
      const { state } = app.refs;
      assertEquals((await guest.with(patient).call.makeStructs(state, 40 * MIB)).done, 0);
      const { done, error } = await guest.with(patient).call.nameDicts(state);
      assert(done > 180 && done <= 200, `${done} were made`);
      assertMatch(error, /^QuotaError: .+, its quota is 200 entries$/);
      await state.dict({ name: "another" });
    },
  );

  eachGuest(
    `children that a stranger adds to a supervised supervisor count for it: ${placement}`,
    { bytes: MIB / 4 },
    async (guest) => {
      const known = { known: child(Guest, [], { placement: "inline" }) };
      await using app = await supervise({ inner: supervisor(known, { placement }) });
      const { error } = await guest.with(patient).call.addChildren(app.refs.inner, "x".repeat(1000), 0);
      assertMatch(error, /^QuotaError: .+, its quota is 262144 bytes$/);
    },
  );
}

eachGuest(
  "children that a stranger adds count until they are removed",
  { bytes: MIB / 4 },
  async (guest) => {
    const known = () => ({ known: child(Guest, [], { placement: "inline" }) });
    await using app = await supervise({ ...known(), inner: supervisor(known()) });
    const { call } = guest.with(patient);
    for (const each of [app, app.refs.inner]) {
      const first = await call.addChildren(each, "first", 5);
      assert(first.done > 10 && first.done < 16, `${first.done} were added`);
      assertMatch(first.error, /^QuotaError: .+, its quota is 262144 bytes$/);
      assertEquals((await call.addChildren(each, "second", 0)).done, 5);
      for (let n = 0; n < 5; n++) await each.remove(`second ${n}`);
      for (let n = 5; n < first.done; n++) await each.remove(`first ${n}`);
    }
  },
);

eachGuest(
  "observers of a supervisor count for the stranger whose they are until they end",
  { entries: 40 },
  async (guest) => {
    await using app = await supervise({ known: child(Guest, [], { placement: "inline" }) });
    const { call } = guest.with(patient);
    const first = await call.observe(app, 5);
    assert(first.done > 10 && first.done < 40, `${first.done} were accepted`);
    assertMatch(first.error, /^QuotaError: .+, its quota is 40 entries$/);
    const second = await call.observe(app, 0);
    assert(second.done > 0 && second.done < first.done, `${second.done} were accepted`);
  },
);

eachGuest(
  "instances that a stranger shares count while they live, and are forgotten with it",
  { bytes: MIB },
  async (guest) => {
    await using manager = await manage({}, { placement: "inline" });
    const { call } = guest.with(patient);
    const first = await call.shareInstances(manager, 100_000);
    assert(first.done > 2 && first.done < 10, `${first.done} were shared`);
    assertMatch(first.error, /^QuotaError: .+, its quota is 1048576 bytes$/);
    const names = range(first.done).map((n) => `${n}`.padEnd(100_000));
    const isForgotten = (name: string) => manager.shared(name).then(() => false, () => true);
    await until(async () => !(await Promise.all(names.map(isForgotten))).includes(false), "all are forgotten");
    assertEquals((await call.shareInstances(manager, 100_000)).done, first.done);
  },
);

eachGuest(
  "an object that a manager keeps under a name counts until its maker is gone",
  { entries: 200 },
  async (guest) => {
    await using manager = await manage({}, { placement: "inline" });
    const { done, error } = await guest.with(patient).call.nameDicts(manager);
    assert(done > 180 && done <= 200, `${done} were made`);
    assertMatch(error, /^QuotaError: .+, its quota is 200 entries$/);
    await guest.kill();
    // They are the manager's.
    assertEquals(await (await manager.dict({ name: "dict 0" })).size(), 0);
  },
);

eachGuest("many small values in one message count as what they take apart", { bytes: 4 * MIB }, async (guest) => {
  await using manager = await manage({}, { placement: "inline" });
  const list = await manager.list<number>({ name: "numbers" });
  const { done, error } = await guest.with(patient).call.extendList(manager, 1000);
  assertEquals([done, await list.size()], [8, 8000]);
  assertMatch(error, /^QuotaError: .+, its quota is 4194304 bytes$/);
  assertEquals((await guest.with(patient).call.extendList(manager, 100_000)).done, 0);
  // Values that were taken away count no more.
  assertEquals((await guest.with(patient).call.extendList(manager, 1000)).done, 8);
});

eachGuest("changes of a dict that are not read are bounded by quota.bytes", { bytes: 4 * MIB }, async (guest) => {
  await using manager = await manage({}, { placement: "inline" });
  const dict = await manager.dict<string, number>();
  const keyOf = (n: number) => `${n}`.padEnd(100_000, "k");
  await guest.with(patient).call.follow(dict);
  for (const n of range(40)) {
    // What came and went is kept no longer.
    await dict.set(keyOf(100), n);
    await dict.delete(keyOf(100));
    await dict.set(keyOf(n), n);
  }
  assertEquals(await guest.with(patient).call.readChanges(40), { done: 40, error: "" });
  for (const n of range(50)) await dict.set(keyOf(n), -n);
  const { done, error } = await guest.with(patient).call.readChanges(1);
  assertEquals(done, 0);
  assertMatch(error, /^QuotaError: .+ is kept here, its quota is 4194304 bytes$/);
  // It can follow again, and there is room for it.
  await guest.with(patient).call.follow(dict);
  for (const n of range(40)) await dict.set(keyOf(n), n);
  assertEquals(await guest.with(patient).call.readChanges(40), { done: 40, error: "" });
});

eachGuest(
  "answers that a sandbox does not read are bounded, and others are served",
  { bytes: 16 * MIB },
  async (guest, host) => {
    const before = Deno.memoryUsage().rss;
    const gorging = guest.with({ timeoutMs: Infinity }).call.gorge(host, 500, 4 * MIB);
    gorging.catch(() => {});
    let most = 0;
    for (let given = -1, same = 0; same < 50;) {
      const now = await host.call.given();
      same = now > 0 && now === given ? same + 1 : 0;
      given = now;
      most = Math.max(most, Deno.memoryUsage().rss - before);
      await delay(10);
    }
    // Twice, and what V8 has yet to collect: all of them would be 2000 MiB.
    assert(most < 300 * MIB, `${Math.round(most / MIB)} MiB`);
    await guest.kill();
    await assertRejects(() => gorging);
    assertEquals([...accounts].filter(({ bytes, entries }) => bytes + entries > 0), []);
  },
  ["sandbox"],
);

eachGuest("a message has at most quota.values values", { values: 2000 }, async (guest) => {
  await using manager = await manage({}, { placement: "inline" });
  const { done, error } = await guest.with(patient).call.extendList(manager, 3000);
  assertEquals(done, 0);
  assertMatch(error, /^QuotaError: .+ a message has more than 2000 values, its quota is 2000 values$/);
  assert((await guest.with(patient).call.extendList(manager, 1000)).done > 0);
});

eachGuest("a message longer than quota.bytes is refused where it is sent", { bytes: 4 * MIB }, async (guest, host) => {
  const error = await assertRejects(() => guest.with(patient).call.send(host, 5 * MIB), QuotaError);
  assertMatch(error.message, /^Cannot send a message of 52\d+ bytes: the quota of this subprocess is 4194304 bytes$/);
  assertEquals([error.quota, error.limit], ["bytes", 4 * MIB]);
  assertEquals(await guest.call.send(host, 3 * MIB), 3 * MIB);
}, ["sandbox"]);

eachGuest(
  "casts beyond quota.bytes are dead letters, and the others arrive",
  { bytes: 4 * MIB },
  async (guest, host) => {
    const queue = new Queue<void>();
    const busy = host.call.wait(queue);
    const before = deadLetters.count;
    await guest.with(patient).call.cast(host, 50, 100_000, queue);
    assertEquals(deadLetters.count - before, 9);
    await queue.put();
    await busy;
    // Casts that were handled count no more.
    await host.call.sizeOf(new Uint8Array(1));
    await guest.with(patient).call.cast(host, 30, 100_000, queue);
    assertEquals(deadLetters.count - before, 9);
  },
);
