import { assert, assertFalse } from "@std/assert";
import { makeRef } from "../../../actors/actor_ref.ts";
import { behindFace } from "../../../actors/contact.ts";
import type { ManagerActor } from "../../../actors/manager/manager_actor.ts";
import { inspect, manage, type Ref } from "../../../mod.ts";
import { Sum } from "../../conformance/fixtures/made_classes.ts";

const NONE = undefined as never;

Deno.test("a manager makes nothing for a cast, and no wrong request of one ends it", async () => {
  await using manager = await manage({}, { placement: "inline", classes: [Sum] });
  const { call, cast } = makeRef(behindFace(manager)!) as unknown as Ref<ManagerActor>;
  const moduleUrl = import.meta.resolve("../../conformance/fixtures/made_classes.ts");
  cast.make({ moduleUrl, name: "Sum" }, [], NONE);
  cast.make(NONE, NONE, NONE);
  cast.object("dict", "a name", []);
  cast.publish("a name", NONE);
  cast.published("a name");
  cast.add("a name", NONE);
  cast.remove("a name");
  cast.restart("a name");
  cast.observe(NONE, NONE);
  cast.bind(NONE, NONE);
  // Casts and calls of one sender are handled in order.
  await call.object("lock", undefined, []);
  assert(manager.alive);
  assertFalse(JSON.stringify(await inspect()).includes("Sum"));
});
