import { assert, assertEquals, assertRejects } from "@std/assert";
import { current, Process, spawn } from "../../mod.ts";
import { eachPlacement } from "./actor_contract.ts";
import { rejected, returned, Starting, Stopping, thrown } from "./fixtures/getters_that_exit.ts";

eachPlacement(
  "code that runs when a value or an error is read counts as that of the actor whose it is",
  async (placement) => {
    for (const task of [returned, thrown, rejected]) {
      const process = new Process(task, [], { placement });
      await process.start();
      assertEquals((await process.exited).code, 3);
      await assertRejects(() => process.result);
    }
    await assertRejects(() => spawn(Starting, [], { placement }));
    const stopping = await spawn(Stopping, [], { placement });
    assertEquals((await stopping.stop()).code, 3);
    // This program, which has read all of that, goes on.
    assert(!current().signal.aborted);
  },
);
