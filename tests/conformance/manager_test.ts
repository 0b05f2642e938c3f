/** A manager in each placement, used from children in each other: every case of Python's managers and namespaces. */

import { assertNothingLeft } from "../../actors/testing.ts";
import { Player, scenes } from "./fixtures/manager_cases.ts";
import { within } from "./bounded.ts";
import { leaveOtherProgram } from "./other_program.ts";
import { EVERYWHERE, Place, prepare, type Where } from "./place.ts";

const USERS: readonly Where[] = ["thread", "process", "inline", "remote"];

prepare(EVERYWHERE);

for (const where of EVERYWHERE) {
  Deno.test(`a manager (${where}) does for its users what Python's does`, async (t) => {
    {
      await using manager = await new Place(where).manage();
      await using users = new AsyncDisposableStack();
      for (const user of USERS) {
        const player = users.use(await new Place(user).spawn(Player, []));
        for (const scene of Object.keys(scenes)) {
          await t.step(`${scene} (used from ${user})`, async () => {
            await within(10_000, player.call.play(scene, manager));
          });
        }
      }
    }
    await leaveOtherProgram();
    assertNothingLeft();
  });
}
