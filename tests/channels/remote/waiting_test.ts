import { assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { connect, type Connection, listen, type PlacementName, Queue, type Ref, spawn } from "../../../mod.ts";
import { allEnded } from "./all_ended.ts";
import { Patient } from "./fixtures/patient.ts";

const authKey = "swordfish";
/** A few hundred a second would take longer. */
const WITHIN_MS = 20_000;

async function withPeer(test: (near: Connection<unknown>, far: Connection<unknown>) => Promise<void>): Promise<void> {
  const listener = await listen(undefined, { authKey });
  const near = await connect<unknown, unknown>(listener.address, { authKey });
  const far = await listener.accept();
  await deadline(test(near as Connection<unknown>, far as Connection<unknown>), WITHIN_MS);
  await Promise.all([near.close(), far.close(), listener.close()]);
}

Deno.test("5000 requests of a peer that wait for something keep out none that comes behind them", async () => {
  await withPeer(async (near, far) => {
    const queue = new Queue<number>();
    await far.send(queue);
    const theirs = await near.recv() as Queue<number>;
    const asked = Array.from({ length: 5000 }, () => theirs.get());
    // In the same order.
    assertEquals(await theirs.size(), 0);
    for (let n = 0; n < 5000; n++) await queue.put(n);
    assertEquals(await Promise.all(asked), Array.from({ length: 5000 }, (_, n) => n));
  });
  await allEnded();
});

for (const placement of ["inline", "thread", "process"] satisfies PlacementName[]) {
  Deno.test(`2000 slow calls of a peer to a ${placement} are all begun before the first is answered`, async () => {
    const patient = await spawn(Patient, [], { placement, concurrency: 3000 });
    await withPeer(async (near, far) => {
      await far.send(patient);
      const theirs = await near.recv() as Ref<Patient>;
      const asked = Array.from({ length: 2000 }, () => theirs.with({ timeoutMs: WITHIN_MS }).call.join(2000));
      assertEquals((await Promise.all(asked)).length, 2000);
    });
    await patient.kill();
    await allEnded();
  });
}
