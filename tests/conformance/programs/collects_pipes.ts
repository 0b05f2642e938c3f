/**
 * Says of pipes whose maker forgets them, without closing anything, what becomes of them. Needs `--expose-gc`. The
 * placement of the others is the first argument.
 */

import { type Connection, DisconnectedError, pipe, type PlacementName, spawn } from "../../../mod.ts";
import { currentActor } from "../../../actors/context.ts";
import { EndUser } from "../fixtures/end_user.ts";

const placement = Deno.args[0] as PlacementName;
/** So often garbage is collected before something counts as kept. */
const PATIENCE = 100;
const gc = (globalThis as unknown as { gc(): void }).gc;
const results: Record<string, boolean> = {};

async function collect(): Promise<void> {
  // Not in the turn in which somebody looked: that keeps what he looked at.
  await new Promise((resolve) => setTimeout(resolve, 1));
  gc();
  await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Whether something comes to an end after a while. */
async function ends(promise: Promise<unknown>): Promise<boolean> {
  let ended = false;
  promise.catch((error) => ended = error instanceof DisconnectedError);
  for (let round = 0; round < PATIENCE && !ended; round++) await collect();
  return ended;
}

const leases = () => currentActor().holder.leases.size;

/** One end of a pipe whose other end nobody has kept. */
function withoutPeer(): Connection<unknown> {
  const [kept, forgotten] = pipe<unknown>();
  void forgotten.poll();
  return kept;
}

results["the peer of an end that its maker forgot sees its end"] = await ends(withoutPeer().recv());

const user = await spawn(EndUser, [], { placement, concurrency: 10 });
await (async () => {
  await user.call.take(withoutPeer());
})();
results["so does a peer elsewhere"] = await ends(user.with({ timeoutMs: Infinity }).call.recv());

const [here, there] = pipe<unknown>();
const received: unknown[] = [];
(() => {
  // Nobody has the handle, but somebody waits on it.
  void here.recv().then((value) => received.push(value));
})();
const waiting = (() => {
  const [one, other] = pipe<unknown>();
  void one.recv().then((value) => received.push(value));
  return other;
})();
for (let round = 0; round < 5; round++) await collect();
await waiting.send("who waits is not forgotten");
await there.send("nor who is kept");
await collect();
results["an end on which somebody waits is kept"] = received.length === 2;
await here.close();

const before = leases();
for (let i = 0; i < 1000; i++) pipe();
for (let round = 0; round < PATIENCE && leases() > before + 10; round++) await collect();
results["a thousand forgotten pipes leave nothing behind"] = leases() <= before + 10;

await user.stop();
console.log(JSON.stringify(results));
