/** A manager in each placement, used from children in each other: every case of Python's managers and namespaces. */

import { manage, type PlacementName, spawn } from "../../mod.ts";
import { assertNothingLeft } from "../../actors/testing.ts";
import { Player, scenes } from "./fixtures/manager_cases.ts";
import { PLACEMENTS, within } from "./queue_everywhere.ts";

const USERS: readonly PlacementName[] = ["thread", "process", "inline"];

for (const placement of PLACEMENTS) {
  Deno.test(`a manager (${placement}) does for its users what Python's does`, async (t) => {
    {
      await using manager = await manage({}, { placement });
      await using users = new AsyncDisposableStack();
      for (const user of USERS) {
        const player = users.use(await spawn(Player, [], { placement: user }));
        for (const scene of Object.keys(scenes)) {
          await t.step(`${scene} (used from ${user})`, async () => {
            await within(10_000, player.call.play(scene, manager));
          });
        }
      }
    }
    assertNothingLeft();
  });
}
