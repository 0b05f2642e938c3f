/** A stranger dies while a handle that it has sent is on its way: the receiver has it or not, and its home knows which. */

import { delay } from "@std/async";
import type { Cell } from "../../channels/kernel/cell.ts";
import { passagesOf } from "../../channels/kernel/handle.ts";
import { Queue, spawn } from "../../mod.ts";
import { boundedWithChildren } from "./bounded.ts";
import { rounds } from "../soak.ts";
import { Guest, HostOfGuests } from "./fixtures/guest.ts";

const ROUNDS = rounds(4, 100);

for (const placement of ["thread", "process"] as const) {
  boundedWithChildren(`a handle on its way from a sandbox that dies is a ${placement}'s, or nobody's`, async () => {
    const host = await spawn(HostOfGuests, [], { placement });
    const cells: Cell[] = [];
    const leased = () => cells.reduce((sum, cell) => sum + cell.holdersOf("queue"), 0);
    for (let round = 0; round < ROUNDS; round++) {
      const guest = await spawn(Guest, [], { placement: "process", permissions: "none", startTimeoutMs: 30_000 });
      const queue = new Queue<number>();
      cells.push(passagesOf(queue)![0].target as Cell);
      guest.cast.handOn(host, queue);
      // At first before it has left, then later and later.
      for (let turn = 0; turn < round % 20; turn++) await guest.call.keep([]);
      await guest.kill();
      // Some of it may still be under way; a lease of nobody would never go.
      while (await host.call.kept() !== leased()) await delay(5);
    }
    await host.kill();
    while (leased() > 0) await delay(5);
  }, 60_000 * rounds(1, 10));
}
