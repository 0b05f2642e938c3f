import { assertEquals } from "@std/assert";
import { actor, manager, type SharedDict, spawn, supervise } from "../../../mod.ts";
import { boundedWithChildren } from "../../conformance/bounded.ts";

const NEVER = { backoff: { minMs: 3_600_000, maxMs: 3_600_000, jitter: 0 } };
/** A handle that all actors of this isolate use. */
let dict: SharedDict<string, number>;

class Asker {
  /** Begins to wait, and does not wait for the answer. */
  ask(): void {
    void dict.get("n");
  }
}
actor(import.meta.url, Asker);

boundedWithChildren(
  "an actor that is killed while it waits for a manager to come back keeps no other from its objects",
  async () => {
    await using app = await supervise({ state: manager({}, { placement: "inline" }) }, NEVER);
    dict = await app.refs.state.dict({ name: "numbers" });
    await using asker = await spawn(Asker, [], { placement: "inline" });
    await app.refs.state.kill();
    await asker.call.ask();
    await asker.kill();
    const answer = dict.get("n");
    await app.restart("state");
    assertEquals(await answer, undefined);
  },
);
