/**
 * Says of queues that are given away, and held by fewer and fewer, when they are collected. Needs `--expose-gc`. The
 * placement of the others is the first argument.
 */

import { pipe, type PlacementName, Queue, type Ref, spawn } from "../../../mod.ts";
import { clientOf } from "../../../channels/queue_client.ts";
import { HandleKeeper } from "../fixtures/keeper_of_handles.ts";

const placement = Deno.args[0] as PlacementName;
/** So often garbage is collected before a queue counts as kept. */
const PATIENCE = 30;
const gc = (globalThis as unknown as { gc(): void }).gc;

/** Makes a queue, lets somebody do something with it, and forgets it. */
async function forgotten(use: (queue: Queue<unknown>) => unknown): Promise<WeakRef<object>> {
  const queue = new Queue<unknown>();
  await use(queue);
  return new WeakRef(clientOf(queue).target);
}

async function collect(others: Ref<HandleKeeper>[]): Promise<void> {
  // Not in the turn in which somebody looked: that keeps what he looked at.
  await new Promise((resolve) => setTimeout(resolve, 0));
  gc();
  for (const other of others) if (other.alive) await other.call.collect();
  await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Whether it is collected after a while. */
async function gone(cell: WeakRef<object>, others: Ref<HandleKeeper>[]): Promise<boolean> {
  for (let round = 0; round < PATIENCE && cell.deref() !== undefined; round++) await collect(others);
  return cell.deref() === undefined;
}

/** Whether it is still there after some rounds. */
async function kept(cell: WeakRef<object>, others: Ref<HandleKeeper>[]): Promise<boolean> {
  for (let round = 0; round < 4; round++) await collect(others);
  return cell.deref() !== undefined;
}

function spawnKeeper(): Promise<Ref<HandleKeeper>> {
  return spawn(HandleKeeper, [], {
    placement,
    ...(placement === "process" && { denoArgs: ["--v8-flags=--expose-gc"] }),
  });
}

let one = await spawnKeeper();
let two = await spawnKeeper();
const others = [one, two];
const results: Record<string, boolean> = {};

results["a queue that nobody else had is collected"] = await gone(await forgotten((queue) => queue.put(1)), others);

const shared = await forgotten(async (queue) => {
  await one.call.keep(queue);
  await two.call.keep(queue);
});
results["a queue that two others hold is kept"] = await kept(shared, others);
await one.call.put("still there");
await one.call.letGo();
results["a queue that one other holds is kept"] = await kept(shared, others);
await two.call.letGo();
results["a queue that others have let go is collected"] = await gone(shared, others);

const disposed = await forgotten((queue) => one.call.keep(queue));
results["a queue that another holds is kept, though no item is in it"] = await kept(disposed, others);
await one.call.dispose();
// A handle in the queue's own isolate refers to it like any other object.
if (placement === "inline") await one.call.letGo();
results["a queue whose last handle was disposed of is collected"] = await gone(disposed, others);
await one.call.letGo();

const throughQueue = new Queue<unknown>();
const inside = await forgotten((queue) => throughQueue.put({ queue }));
results["a queue in another queue is kept"] = await kept(inside, others);
await throughQueue.get();
results["a queue that was taken out of another, and forgotten, is collected"] = await gone(inside, others);

const nested: WeakRef<object>[] = [];
nested.push(
  await forgotten(async (outer) => {
    nested.push(await forgotten((inner) => outer.put([inner])));
  }),
);
results["a queue in a queue that is collected is collected"] = await gone(nested[0], others);

const way = new Queue<unknown>();
const ended = pipe<unknown>();
const inPipe = await forgotten((queue) => ended[0].send(queue));
await ended[0].close();
await ended[1].close();
results["a queue in a pipe that was closed is collected"] = await gone(inPipe, others);

const bySomeoneElse = await forgotten(async (queue) => {
  await one.call.keep(way);
  await one.call.put(queue);
  await two.call.keep(await way.get());
});
await one.call.letGo();
results["a queue that a third party holds is kept"] = await kept(bySomeoneElse, others);
await two.kill();
const unreceived = await forgotten((queue) => two.call.keep(queue).catch(() => {}));
results["a queue that was sent to the dead is collected"] = await gone(unreceived, [one]);
// An actor in this isolate, dead or alive, is an object like any other, and so is what it has.
others.pop();
two = one;
results["a queue that only the dead held is collected"] = await gone(bySomeoneElse, [one]);

const produced = await forgotten(async (queue) => {
  await one.call.keep(await queue.producer());
});
results["a queue whose producer another holds is kept"] = await kept(produced, [one]);
await one.kill();
others.pop();
one = two = undefined!;
results["a queue whose last producer died is collected"] = await gone(produced, []);

const forgottenProducer = new Queue<unknown>();
await (async () => void await forgottenProducer.producer())();
let closed = false;
void forgottenProducer.get().catch(() => closed = true);
for (let round = 0; round < PATIENCE && !closed; round++) await collect([]);
results["a queue whose last producer was collected is closed"] = closed;

console.log(JSON.stringify(results));
