/** A tree of three levels under load, while chance kills what is in it: a few seconds in the bar, a minute in the soak. */

import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async";
import {
  ActorExitedError,
  child,
  type PlacementName,
  Queue,
  type Ref,
  supervise,
  type Supervisor,
  supervisor,
  TimeoutError,
} from "../../mod.ts";
import { assertNothingLeft } from "../../actors/testing.ts";
import { rounds } from "../soak.ts";
import { within } from "./actor_contract.ts";
import { Chaotic } from "./fixtures/chaotic.ts";

const SECONDS = rounds(3, 60);
const LANES = 32;
/** As often as it has to be: what gives up is another test's. */
const budget = { maxRestarts: Infinity };

Deno.test(`a tree of three levels survives random kills under load for ${SECONDS} s, and every call is answered or rejected`, async () => {
  const orders = new Queue<"fail">();
  const leaf = (placement: PlacementName) => child(Chaotic, [orders], { placement, shutdownMs: 100 });
  const twig = (placement: PlacementName, a: PlacementName, b: PlacementName) =>
    supervisor({ a: leaf(a), b: leaf(b) }, { ...budget, placement, strategy: "one-for-all" });
  const branch = (placement: PlacementName, leaves: PlacementName) =>
    supervisor(
      { one: twig("inline", leaves, "inline"), two: twig("inline", "inline", leaves), own: leaf(leaves) },
      { ...budget, placement, strategy: "rest-for-one" },
    );
  const app = await supervise({
    here: branch("inline", "thread"),
    there: branch("process", "thread"),
    plain: branch("inline", "process"),
  }, budget);
  const branches = Object.values(app.refs);
  const supervisors: Supervisor[] = branches.flatMap((one) => [one, one.refs.one, one.refs.two]);
  const leaves: Ref<typeof Chaotic>[] = branches.flatMap(({ refs: { one, two, own } }) => [
    one.refs.a,
    one.refs.b,
    two.refs.a,
    two.refs.b,
    own,
  ]);

  const made = { answered: 0, exited: 0, late: 0, calls: 0, kills: 0 };
  let running = true;
  const lane = async () => {
    while (running) {
      const ref = any(leaves);
      made.calls++;
      try {
        await ref.with({ timeoutMs: 2000, retries: any([0, 0, 2]) }).call.echoLater(made.calls);
        made.answered++;
      } catch (error) {
        if (error instanceof ActorExitedError) made.exited++;
        else if (error instanceof TimeoutError) made.late++;
        else throw error;
      }
    }
  };
  const killer = async () => {
    while (running) {
      await delay(20 + Math.random() * 100);
      made.kills++;
      void (Math.random() < 0.8 ? any(leaves) : any(supervisors)).kill();
    }
  };
  const lanes = Promise.all([...Array.from({ length: LANES }, lane), killer()]);
  await Promise.race([delay(SECONDS * 1000), lanes]);
  running = false;
  await within(lanes);
  // What was killed last comes back as all before did.
  for (const ref of leaves) {
    assertEquals(await within(ref.with({ retries: 3, timeoutMs: 20_000 }).call.echo(1), 20_000), 1);
  }
  await within(app.stop());
  assertEquals(made.answered + made.exited + made.late, made.calls);
  assert(made.answered > made.kills && made.kills > SECONDS);
  console.log(
    `${made.kills} kills in ${SECONDS} s; of ${made.calls} calls ${made.answered} were answered, ` +
      `${made.exited} rejected since their actor died, ${made.late} since it took too long to come back`,
  );
  assertNothingLeft();
});

function any<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)];
}
