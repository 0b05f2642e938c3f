/** Whoever has the handle of a lock can take and release the lock. Nobody can give back what another holds. */
import { assert, assertEquals } from "@std/assert";
import { BoundedSemaphore, Lock, RLock, Semaphore } from "../../mod.ts";
import { passagesOf } from "../../channels/kernel/handle.ts";
import type { Permits } from "./fixtures/sync_user.ts";
import { PLACEMENTS, soon, spawnUser } from "./sync_everywhere.ts";
import { eachStranger, type Forged, HOME, SELF } from "./usurpers.ts";

/** More than any that are in use here. */
const NUMBERS = 60;

function makePermits(): Permits[] {
  return [new Lock(), new RLock(), new Semaphore(1), new BoundedSemaphore(1)];
}

/** All that says of a lock what another is called in its memory. */
function usurpations(kind: string): Forged[] {
  return Array.from({ length: NUMBERS }, (_, number) => number).flatMap((number): Forged[] => [
    ...[SELF, HOME, `${SELF}.77`, `${HOME}.78`].map((holderIsolate): Forged => ({
      kind: "grant",
      lease: kind,
      holderIsolate,
      number,
    })),
    ...["acquireSync", "cancelSync", "kick"].map((verb): Forged => ({ kind: "send", verb, detail: `${number} 0` })),
    { kind: "send", verb: "release", detail: `${number} 0` },
    { kind: "release", lease: kind },
    { kind: "down", to: HOME, isolate: `${SELF}.77`, exit: { code: 0, reason: "normal" } },
    { kind: "down", to: HOME, isolate: `${HOME}.78`, exit: { code: 0, reason: "normal" } },
  ]);
}

for (const placement of PLACEMENTS) {
  eachStranger(
    `a stranger with a lock's handle cannot release what another holds: owner ${placement}`,
    async (stranger) => {
      const owner = await spawnUser(placement);
      const next = await spawnUser("thread");
      for (const permits of makePermits()) {
        await owner.call.acquire(permits);
        const waiting = next.with({ timeoutMs: Infinity }).call.acquire(permits);
        waiting.catch(() => {});
        const kind = passagesOf(permits)![0].kind;
        // A semaphore is released by whoever has it, for one more that may have it.
        const grows = permits instanceof Semaphore && !(permits instanceof BoundedSemaphore);
        const forged = usurpations(kind).filter(({ verb, detail }) =>
          !(grows && verb === "release" && detail === "0 0")
        );
        await stranger.forge(permits, forged);
        for (let number = grows ? 1 : 0; number < NUMBERS; number += 7) {
          const outcome = await stranger.ask(permits, "release", `${number} 0`);
          assert(outcome.startsWith("NotOwnerError"), outcome);
        }
        assertEquals(await permits.tryAcquire(), undefined, `${kind} is free`);
        await soon(owner.call.release(permits));
        assertEquals(await soon(waiting), false, "the next owner was told that the one before died");
        await next.call.release(permits);
      }
    },
  );
}
