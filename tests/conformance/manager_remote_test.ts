/** A manager that other programs use. */

import { assertEquals, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import {
  AuthenticationError,
  connectManager,
  type DictChange,
  manage,
  type SharedList,
  type SocketAddress,
  TroupeError,
} from "../../mod.ts";
import { allEnded } from "../channels/remote/all_ended.ts";
import { runProgram, startProgram } from "../run_program.ts";

const WITHIN_MS = 10_000;
const program = import.meta.resolve("./fixtures/programs/manages_far.ts");
const soon = <T>(promise: Promise<T>) => deadline(promise, WITHIN_MS);

for (const placement of ["inline", "thread", "process"] as const) {
  Deno.test(`[REM-05] the objects of a manager are the same in another program (${placement})`, async () => {
    {
      await using manager = await manage({}, { placement });
      await using listener = await manager.serve(undefined, { authKey: "k" });
      const address = listener.address as SocketAddress & { path: string };
      const counts = await manager.dict<string, number>({ name: "counts" });
      await counts.set("near", 42);
      const ran = runProgram(program, { args: [address.path, "use"] });
      for (let n = 0; n < 50; n++) await counts.update("both", (count) => (count ?? 0) + 1);
      assertEquals(await soon(ran), { code: 0, signal: null, stdout: "42\n", stderr: "" });
      assertEquals(await counts.snapshot(), new Map([["near", 42], ["far", 50], ["both", 100]]));
      const queue = await manager.queue<{ handle: SharedList<string> }>({ name: "queue" });
      assertEquals(await (await queue.get()).handle.snapshot(), ["from afar"]);
    }
    await allEnded();
  });
}

Deno.test("what a program held at a manager is free when it was killed, and the next one is told", async () => {
  {
    await using manager = await manage({}, { placement: "inline" });
    await using listener = await manager.serve(undefined, { authKey: "k" });
    const { path } = listener.address as { path: string };
    const child = startProgram(program, { args: [path, "hold"] });
    const reader = child.stdout.getReader();
    assertEquals(new TextDecoder().decode((await soon(reader.read())).value), "held\n");
    const lock = await manager.lock({ name: "lock" });
    const waiting = lock.acquire();
    child.kill("SIGKILL");
    {
      using guard = await soon(waiting);
      assertEquals(guard.abandoned, true);
    }
    await child.status;
    await reader.cancel();
    await child.stderr.cancel();
  }
  await allEnded();
});

Deno.test("a wrong key is refused, and a manager that is gone rejects everything, near and far", async () => {
  {
    const manager = await manage({}, { placement: "thread" });
    await using listener = await manager.serve(undefined, { authKey: "k" });
    const address = listener.address as SocketAddress;
    await assertRejects(() => connectManager(address, { authKey: "guess" }), AuthenticationError);
    await using far = await connectManager(address, { authKey: "k" });
    const dict = await far.dict<string, number>({ name: "d" });
    await dict.set("a", 1);
    const changes: AsyncIterator<DictChange<string, number>> = dict.changes()[Symbol.asyncIterator]();
    const change = changes.next();
    await dict.set("b", 2);
    assertEquals((await soon(change)).value.key, "b");
    await manager.kill();
    await assertRejects(() => soon(dict.get("a")));
    await assertRejects(() => soon(far.list()));
  }
  await allEnded();
});

Deno.test("disposing of a manager elsewhere closes the connection, and leaves the manager as it is", async () => {
  {
    await using manager = await manage({}, { placement: "inline" });
    await using listener = await manager.serve(undefined, { authKey: "k" });
    const far = await connectManager(listener.address as SocketAddress, { authKey: "k" });
    const theirs = await far.queue<number>({ name: "q" });
    await theirs.put(1);
    await far[Symbol.asyncDispose]();
    await assertRejects(() => soon(theirs.put(2)), TroupeError);
    assertEquals(await (await manager.queue<number>({ name: "q" })).get(), 1);
  }
  await allEnded();
});

Deno.test("[MGR-32] a manager's pool maps, runs and streams for whoever has its handle", async () => {
  const { double } = await import("./fixtures/manager_pool_tasks.ts");
  await using manager = await manage({}, { placement: "thread" });
  const pool = await manager.pool({ size: 2, placement: "inline" });
  assertEquals(await pool.map(double, [1, 2, 3]), [2, 4, 6]);
  assertEquals(await pool.run(double, [21]), 42);
  assertEquals(await Array.fromAsync(pool.imap(double, [4, 5])), [8, 10]);
  await assertRejects(() => manager.pool({ size: 0 }), RangeError);
});

Deno.test("another program does not choose what code is imported here, though it has a pool's handle", async () => {
  {
    const { double } = await import("./fixtures/manager_pool_tasks.ts");
    await using manager = await manage({}, { placement: "thread" });
    await using listener = await manager.serve(undefined, { authKey: "k" });
    await using far = await connectManager(listener.address as SocketAddress, { authKey: "k" });
    const pool = await manager.pool({ size: 1, placement: "inline", name: "pool" });
    const theirs = await far.pool({ name: "pool" });
    await assertRejects(() => soon(theirs.run(double, [1])), TypeError, "only what its own side has registered");
    await assertRejects(() => soon(theirs.map(double, [1, 2])), TypeError, "only what its own side has registered");
    assertEquals(await pool.run(double, [1]), 2);
    assertEquals(await soon(theirs.map(double, [1, 2])), [2, 4]);
  }
  {
    // Here the module has been imported where the pool lives.
    const { double } = await import("./fixtures/manager_pool_tasks.ts");
    await using manager = await manage({}, { placement: "inline" });
    await using listener = await manager.serve(undefined, { authKey: "k" });
    await using far = await connectManager(listener.address as SocketAddress, { authKey: "k" });
    await manager.pool({ size: 1, placement: "inline", name: "pool" });
    const theirs = await far.pool({ name: "pool" });
    assertEquals(await soon(theirs.run(double, [1])), 2);
  }
  await allEnded();
});
