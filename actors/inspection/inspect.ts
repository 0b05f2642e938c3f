import { outside, whoActs } from "../../channels/kernel/acting.ts";
import { hasFewerRights, MAIN_SLOT } from "../../channels/kernel/address.ts";
import { ask } from "../../channels/kernel/ask.ts";
import { addressOf, isCell } from "../../channels/kernel/cell.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { root, rootService } from "../../channels/kernel/root.ts";
import { mainActor } from "../context.ts";
import type { ActorReport, Findings, Inspection, Part, Party } from "./report.ts";

/** How long it may take in all. */
const WITHIN_MS = 1000;
/** So much of that is for looking a second time, and for whoever asked to hear of it. */
const RESERVE_MS = 350;

/**
 * The whole program as plain data: who is there and in what state, who waits for what.
 *
 * - **Bounded**: takes less than a second. An isolate that does not answer in time, being in a busy loop or stopped by the
 *   system, is not waited for: its actor is marked `"busy"`, and what is in or below it is not known.
 * - **A moment ago**: every isolate tells of itself at a moment of its own.
 * - **Cycles**: locks held and waited for in a circle are named. It is looked twice before one is.
 *
 * From anywhere in the program it tells the same; in a subprocess with fewer permissions than the program, of that
 * subprocess alone.
 *
 * @example Who waits for a lock, and who has it
 * ```ts
 * import { inspect, Lock } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new Lock();
 * using _held = await lock.acquire();
 * const waiting = lock.acquire({ timeoutMs: 50 }).catch(() => {});
 *
 * const { tree, locks } = await inspect();
 * assertEquals(tree.name, "main");
 * assertEquals(locks[0].owners.map(({ name }) => name), ["main"]);
 * assertEquals(locks[0].waiters.map(({ name }) => name), ["main"]);
 * await waiting;
 * ```
 */
export async function inspect(): Promise<Inspection> {
  const target = root();
  if (isCell(target) || hasFewerRights(isolate.id, target.isolate)) return await inspectHere();
  const wait = { timeoutMs: WITHIN_MS - 50, once: false, signal: undefined };
  const question = { holder: whoActs.holder(), verb: "inspect", wait, lost: () => new Error("gone") };
  return await ask(target, question).catch(() => unreachable(addressOf(target).isolate)) as Inspection;
}

rootService("inspect", "program", (request) => void inspectHere().then((inspection) => request.reply(inspection)));

async function inspectHere(): Promise<Inspection> {
  const main = mainActor();
  const { reportHere } = await outside(() => import("./collect.ts"));
  const { lastingCycles, lockCyclesIn } = await outside(() => import("./lock_cycles.ts"));
  const part = await reportHere(main, WITHIN_MS - RESERVE_MS);
  if (lockCyclesIn(part).length === 0) return withNames(part, []);
  const again = await reportHere(main, RESERVE_MS / 2);
  return withNames(part, lastingCycles(part, again));
}

function withNames(part: Part, lockCycles: Inspection["lockCycles"]): Inspection {
  const names = new Map<string, string>();
  const note = ({ address, name, children }: ActorReport) => {
    names.set(address, name);
    children.forEach(note);
  };
  for (const { address, name } of part.places) names.set(address, name);
  note(part.tree);
  const named = <P extends Party>(party: P): P => ({ ...party, name: names.get(party.address) ?? party.name });
  const { tree, queues, locks, calls } = part;
  return {
    tree,
    queues: queues.map((queue) => {
      return { ...queue, putters: queue.putters.map(named), takers: queue.takers.map(named) };
    }),
    locks: locks.map((lock) => ({ ...lock, owners: lock.owners.map(named), waiters: lock.waiters.map(named) })),
    calls: calls.map((call) => ({ ...call, from: named(call.from), to: named(call.to) })),
    lockCycles: lockCycles.map((cycle) => ({ ...cycle, actors: cycle.actors.map(named) })),
  };
}

/** The program's own isolate is busy: that is all there is to say. */
function unreachable(isolate: string): Inspection {
  const nothing: Findings = { queues: [], locks: [], calls: [] };
  const unknown = { mailbox: 0, handled: 0, failed: 0, restarts: 0, busyMs: 0, children: [] };
  const address = `${isolate}#${MAIN_SLOT}`;
  return {
    tree: { name: "main", address, placement: "inline", state: "busy", ...unknown },
    ...nothing,
    lockCycles: [],
  };
}
